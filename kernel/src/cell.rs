//! The text of a cell, taken apart: its language, its magics, its code.
//!
//! A cell is Rust unless its first line names something else with `%%`. Lines that begin with
//! `%` and stand before the code (or after its end) are line magics. What is taken out is
//! replaced by spaces, byte for byte, so that lines and columns in messages and the positions
//! of completions remain the cell's own.

use std::ops::Range;

/// What a cell is, by its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Rust: no first line, or `%%rust`.
    Rust,
    /// `%%release`: Rust with full optimisation.
    Release,
    /// `%%python`
    Python,
    /// `%%c`
    C,
    /// `%%cpp`
    Cpp,
    /// `%%compare`: lanes side by side.
    Compare,
    /// `%%timeline`: one cell, and the picture of what its threads did.
    Timeline,
    /// `%%interleave`: Rust under every interleaving.
    Interleave,
    /// `%%submit`: a submission to an exercise.
    Submit,
}

/// Name, form and meaning of every cell magic.
pub const CELL_MAGICS: &[(&str, Kind, &str)] = &[
    ("rust", Kind::Rust, "%%rust — a Rust cell (the default)"),
    (
        "release",
        Kind::Release,
        "%%release — a Rust cell compiled with opt-level 3",
    ),
    (
        "python",
        Kind::Python,
        "%%python — a Python cell, run by your own python3",
    ),
    ("c", Kind::C, "%%c — a C program (C17, pthreads)"),
    ("cpp", Kind::Cpp, "%%cpp — a C++ program (C++17, pthreads)"),
    (
        "compare",
        Kind::Compare,
        "%%compare \"title\" [--repeat N] [--together] [--baseline LABEL] [--trace FILE] — lanes side by side; \
         each lane is a line `%lane python|rust|c|cpp [label]`, then its code",
    ),
    (
        "timeline",
        Kind::Timeline,
        "%%timeline [rust|python|c|cpp] [\"title\"] [--trace FILE] — runs the cell and draws when its threads were on a core",
    ),
    (
        "interleave",
        Kind::Interleave,
        "%%interleave — explores a Rust cell with `#[test]` functions or `fn main` under every interleaving; `%%interleave python [--loop N]` a short Python program",
    ),
    (
        "submit",
        Kind::Submit,
        "%%submit NAME — judges the cell's Rust code against an exercise",
    ),
];

/// Name, and form and meaning, of every line magic.
pub const LINE_MAGICS: &[(&str, &str)] = &[
    (
        "opt",
        "%opt [0|1|2|3|s|z] — optimisation level of the Rust cells that follow; alone, shows it",
    ),
    (
        "dep",
        "%dep name = \"1\" — adds a crate from crates.io to the Rust cells",
    ),
    (
        "python",
        "%python [PATH] — chooses the Python interpreter; alone, shows which one runs",
    ),
    (
        "share",
        "%share x [y ...] — hands variables of this cell's language to the other one, as JSON",
    ),
    (
        "export",
        "%export f [g ...] — makes Rust functions callable from Python cells",
    ),
    ("exercise", "%exercise NAME — shows the task of an exercise"),
    ("magics", "%magics — this list"),
];

/// One line magic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineMagic {
    /// Its name, without the sign.
    pub name: String,
    /// What follows the name, trimmed.
    pub argument: String,
    /// Its line in the cell, from 1.
    pub line: usize,
}

/// A cell taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// What it is.
    pub kind: Kind,
    /// What follows the cell magic on its line.
    pub argument: String,
    /// Line magics that stand before the code.
    pub before: Vec<LineMagic>,
    /// Line magics that stand after the code.
    pub after: Vec<LineMagic>,
    /// The code, as long as the cell: magics are spaces.
    pub code: String,
}

impl Parsed {
    /// Whether nothing but magics stands in the cell.
    pub fn has_code(&self) -> bool {
        !self.code.trim().is_empty()
    }
}

/// A cell that cannot be taken apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// An unknown magic, with the nearest known one.
    #[error("line {line}: there is no magic `{magic}`{}. `%magics` lists them all", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    Unknown {
        /// As written, with its signs.
        magic: String,
        /// Its line in the cell, from 1.
        line: usize,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// A cell magic below the first line.
    #[error("line {line}: `{magic}` must stand on the first line of a cell")]
    NotFirst {
        /// As written.
        magic: String,
        /// Its line in the cell, from 1.
        line: usize,
    },
}

/// Takes a cell apart.
///
/// # Errors
/// Names the magic that is unknown, or not on the first line, with its line.
pub fn parse(text: &str) -> Result<Parsed, ParseError> {
    let mut parsed = Parsed {
        kind: Kind::Rust,
        argument: String::new(),
        before: Vec::new(),
        after: Vec::new(),
        code: text.to_owned(),
    };
    let lines = lines(text);
    let first = lines.iter().position(|(_, line)| !line.trim().is_empty());
    let mut top = first.unwrap_or(lines.len());
    if let Some((range, line)) = lines.get(top)
        && let Some(magic) = line.strip_prefix("%%")
    {
        let (name, argument) = split_name(magic);
        parsed.kind = cell_kind(name, top + 1)?;
        parsed.argument = argument.to_owned();
        blank(&mut parsed.code, range);
        top += 1;
    }
    // The body of a comparison has a form of its own, and C has `%` nowhere at a line's start.
    if matches!(parsed.kind, Kind::Compare) {
        return Ok(parsed);
    }
    let rust = matches!(
        parsed.kind,
        Kind::Rust | Kind::Release | Kind::Interleave | Kind::Submit
    );
    let mut end = lines.len();
    for (index, (range, line)) in lines.iter().enumerate().skip(top) {
        if line.trim().is_empty() || line.trim_start().starts_with(if rust { "//" } else { "#" }) {
            continue;
        }
        let Some(magic) = line_magic(line, index + 1)? else {
            top = index;
            break;
        };
        parsed.before.push(magic);
        blank(&mut parsed.code, range);
        top = index + 1;
    }
    for (index, (range, line)) in lines.iter().enumerate().skip(top).rev() {
        if line.trim().is_empty() {
            continue;
        }
        let Ok(Some(magic)) = line_magic(line, index + 1) else {
            end = index + 1;
            break;
        };
        parsed.after.insert(0, magic);
        blank(&mut parsed.code, range);
        end = index;
    }
    if let Some((index, line)) = lines[..end.max(top)]
        .iter()
        .enumerate()
        .skip(top)
        .map(|(index, (_, line))| (index, line))
        .find(|(_, line)| line.strip_prefix("%%").is_some_and(is_cell_magic))
    {
        let magic = format!("%%{}", split_name(&line[2..]).0);
        let line = index + 1;
        return Err(ParseError::NotFirst { magic, line });
    }
    Ok(parsed)
}

/// The name that a cell asks about: its whole code is `?name`, or in a Python cell also
/// `name?`. No Rust or Python code has either form.
pub fn question(parsed: &Parsed) -> Option<&str> {
    let code = parsed.code.trim();
    let asked = match parsed.kind {
        Kind::Rust | Kind::Release => code.strip_prefix('?'),
        Kind::Python => code.strip_prefix('?').or_else(|| code.strip_suffix('?')),
        _ => None,
    }?;
    let name = asked.trim();
    (!name.is_empty() && !name.contains(['\n', '?'])).then_some(name)
}

fn is_cell_magic(text: &str) -> bool {
    let (name, _) = split_name(text);
    CELL_MAGICS.iter().any(|(known, ..)| *known == name)
}

/// The magics that begin with what stands before `position`, if that is in a magic's name, and
/// the range they replace.
pub fn complete_magic(text: &str, position: usize) -> Option<(Vec<&'static str>, Range<usize>)> {
    let position = position.min(text.len());
    let start = text.get(..position)?.rfind('\n').map_or(0, |at| at + 1);
    let typed = &text[start..position];
    let signs = typed.len() - typed.trim_start_matches('%').len();
    let rest = &typed[signs..];
    if !rest.chars().all(|c| c.is_ascii_alphabetic()) {
        return None;
    }
    let range = start + signs..position;
    let first = text[..start].trim().is_empty();
    let names: Vec<&str> = match signs {
        1 if text.trim_start().starts_with("%%compare") => vec!["lane"],
        1 => LINE_MAGICS.iter().map(|(name, _)| *name).collect(),
        2 if first => CELL_MAGICS.iter().map(|(name, ..)| *name).collect(),
        _ => return None,
    };
    Some((
        names.into_iter().filter(|n| n.starts_with(rest)).collect(),
        range,
    ))
}

/// Byte range (without the line end) and text of every line.
fn lines(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut start = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let content = line.trim_end_matches(['\n', '\r']);
            let range = start..start + content.len();
            start += line.len();
            (range, content)
        })
        .collect()
}

fn blank(code: &mut String, range: &Range<usize>) {
    code.replace_range(range.clone(), &" ".repeat(range.len()));
}

fn split_name(magic: &str) -> (&str, &str) {
    let end = magic.find(char::is_whitespace).unwrap_or(magic.len());
    (&magic[..end], magic[end..].trim())
}

fn cell_kind(name: &str, line: usize) -> Result<Kind, ParseError> {
    CELL_MAGICS
        .iter()
        .find(|(known, ..)| *known == name)
        .map(|(_, kind, _)| *kind)
        .ok_or_else(|| ParseError::Unknown {
            magic: format!("%%{name}"),
            line,
            nearest: nearest(name, CELL_MAGICS.iter().map(|(known, ..)| *known))
                .map(|known| format!("%%{known}")),
        })
}

/// A line that begins with `%` and a letter is a magic: neither Rust nor Python code can begin
/// so.
fn line_magic(line: &str, number: usize) -> Result<Option<LineMagic>, ParseError> {
    let Some(magic) = line.strip_prefix('%') else {
        return Ok(None);
    };
    if !magic.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Ok(None);
    }
    let (name, argument) = split_name(magic);
    if !LINE_MAGICS.iter().any(|(known, _)| *known == name) {
        return Err(ParseError::Unknown {
            magic: format!("%{name}"),
            line: number,
            nearest: nearest(name, LINE_MAGICS.iter().map(|(known, _)| *known))
                .map(|known| format!("%{known}")),
        });
    }
    Ok(Some(LineMagic {
        name: name.to_owned(),
        argument: argument.to_owned(),
        line: number,
    }))
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance * 2 <= candidate.len().max(name.len()))
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(magics: &[LineMagic]) -> Vec<(&str, &str, usize)> {
        magics
            .iter()
            .map(|m| (m.name.as_str(), m.argument.as_str(), m.line))
            .collect()
    }

    #[test]
    fn code_without_magics_is_rust_as_it_stands() {
        let parsed = parse("let x = 1;\nx % 2").unwrap();
        assert_eq!(parsed.kind, Kind::Rust);
        assert_eq!(parsed.code, "let x = 1;\nx % 2");
        assert!(parse("").unwrap().code.is_empty());
    }

    #[test]
    fn lines_and_columns_stay_where_they_were() {
        let text = "%%python\n%share a b\n# note\nprint(1)\n%share c\n";
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.kind, Kind::Python);
        assert_eq!(names(&parsed.before), [("share", "a b", 2)]);
        assert_eq!(names(&parsed.after), [("share", "c", 5)]);
        assert_eq!(parsed.code.len(), text.len());
        assert_eq!(parsed.code.find("print"), text.find("print"));
        assert!(!parsed.code.contains('%'));
    }

    #[test]
    fn a_remainder_at_the_start_of_a_line_is_code() {
        let text = "let r = 7\n% 2;\nlet s = 7\n%r;";
        assert_eq!(parse(text).unwrap().code, text);
    }

    #[test]
    fn magics_alone_leave_no_code() {
        let parsed = parse("%opt 3\n\n%dep regex = \"1\"\n").unwrap();
        assert_eq!(
            names(&parsed.before),
            [("opt", "3", 1), ("dep", "regex = \"1\"", 3)]
        );
        assert!(parsed.after.is_empty() && !parsed.has_code());
    }

    #[test]
    fn a_misspelt_magic_is_named_with_the_nearest() {
        let error = parse("\n%%pyton\nprint(1)").unwrap_err().to_string();
        assert!(
            error.starts_with("line 2: there is no magic `%%pyton`"),
            "{error}"
        );
        assert!(error.contains("`%%python`"), "{error}");
        let error = parse("%shrae x").unwrap_err().to_string();
        assert!(error.contains("`%share`"), "{error}");
    }

    #[test]
    fn a_cell_magic_below_code_is_refused() {
        let error = parse("let a = 1;\n%%python\nprint(1)").unwrap_err();
        assert_eq!(
            error,
            ParseError::NotFirst {
                magic: "%%python".into(),
                line: 2
            }
        );
    }

    #[test]
    fn a_comparison_keeps_its_lanes() {
        let text = "%%compare \"sum\" --repeat 3\n%lane python\nx = 1\n";
        let parsed = parse(text).unwrap();
        assert_eq!(
            (parsed.kind, parsed.argument.as_str()),
            (Kind::Compare, "\"sum\" --repeat 3")
        );
        assert!(parsed.code.contains("%lane python\nx = 1"));
    }

    #[test]
    fn a_question_is_told_from_code() {
        let asked = |text: &str| question(&parse(text).unwrap()).map(str::to_owned);
        assert_eq!(asked("?String::from"), Some("String::from".into()));
        assert_eq!(asked("%%python\nlen?\n"), Some("len".into()));
        assert_eq!(asked("read()?"), None);
        assert_eq!(asked("?"), None);
    }

    #[test]
    fn names_of_magics_complete() {
        let (names, range) = complete_magic("%%py", 4).unwrap();
        assert_eq!((names, range), (vec!["python"], 2..4));
        let (names, _) = complete_magic("%%compare\n%l", 12).unwrap();
        assert_eq!(names, ["lane"]);
        assert!(complete_magic("let x = a %b", 12).is_none());
    }

    #[test]
    fn windows_line_ends_and_wide_letters_do_not_shift_anything() {
        let text = "%%python é\r\nprint('ü')\r\n";
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.code.len(), text.len());
        assert_eq!(parsed.code.find("print"), text.find("print"));
    }
}
