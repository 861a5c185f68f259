//! Finds the lines, and the names, of what an explored program reports.

use crate::source::Source;
use crate::verdict::Line;
use addr2line::Loader;
use reports::exploration::Site;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The lines of one program.
pub struct Symbols<'a> {
    program: PathBuf,
    loader: Option<Loader>,
    sources: Vec<&'a Source>,
    known: HashMap<u64, Vec<Line>>,
}

impl<'a> Symbols<'a> {
    /// For the program at `path`, made of `sources`.
    pub fn new(path: &Path, sources: Vec<&'a Source>) -> Self {
        Symbols {
            program: path.to_owned(),
            loader: Loader::new(path).ok(),
            sources,
            known: HashMap::new(),
        }
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The texts of its sources.
    pub fn texts(&self) -> impl Iterator<Item = &'a str> {
        self.sources.iter().map(|s| s.text.as_str())
    }

    /// The lines of a site in the user's sources, innermost first; empty where it lies elsewhere.
    pub fn lines(&mut self, site: &Site) -> Vec<Line> {
        match site {
            Site::Line(file, line, column) => self
                .source(file)
                .filter(|source| *line <= source.lines)
                .map(|source| Line {
                    file: source.path.clone(),
                    line: *line,
                    column: *column,
                    function: None,
                })
                .into_iter()
                .collect(),
            Site::Code(code) => {
                if let Some(lines) = self.known.get(code) {
                    return lines.clone();
                }
                let lines = self.look_up(*code);
                self.known.insert(*code, lines.clone());
                lines
            }
            Site::Unknown => Vec::new(),
        }
    }

    /// The innermost line in the user's sources, of the site or of the calls that led there.
    pub fn line(&mut self, site: &Site, stack: &[Site]) -> Option<Line> {
        std::iter::once(site)
            .chain(stack)
            .find_map(|s| self.lines(s).into_iter().next())
    }

    /// All lines in the user's sources on the way to a site, innermost first.
    pub fn stack(&mut self, site: &Site, stack: &[Site]) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        for site in std::iter::once(site).chain(stack) {
            for line in self.lines(site) {
                if !lines
                    .iter()
                    .any(|l| l.file == line.file && l.line == line.line)
                {
                    lines.push(line);
                }
            }
        }
        lines
    }

    fn look_up(&self, code: u64) -> Vec<Line> {
        let mut lines = Vec::new();
        let Some(mut frames) = self.loader.as_ref().and_then(|l| l.find_frames(code).ok()) else {
            return lines;
        };
        while let Ok(Some(frame)) = frames.next() {
            let function = frame
                .function
                .as_ref()
                .and_then(|f| f.demangle().ok().map(|name| plain(&name)));
            // The functions that a standalone source gets for its entries are not the user's.
            if function.as_ref().is_some_and(|f| f.contains("__check_")) {
                continue;
            }
            // No line: the compiler has merged several. Its caller's has to do.
            let Some((location, line)) = frame.location.and_then(|l| l.line.map(|line| (l, line)))
            else {
                continue;
            };
            if let Some(source) = location.file.and_then(|file| self.source(file))
                && (1..=source.lines).contains(&line)
            {
                lines.push(Line {
                    file: source.path.clone(),
                    line,
                    column: location.column.unwrap_or(0),
                    function,
                });
            }
        }
        lines
    }

    /// A file of the program, where it is the user's.
    fn source(&self, file: &str) -> Option<&'a Source> {
        let name = file.rsplit('/').next().unwrap_or(file);
        let foreign =
            file.contains("/rustc/") || file.contains("/.cargo/") || file.contains("/library/");
        self.sources
            .iter()
            .find(|s| !foreign && s.name == name)
            .copied()
    }

    /// The text of a line.
    pub fn text(&self, line: &Line) -> Option<&'a str> {
        let source = self.sources.iter().find(|s| s.path == line.file)?;
        source.text.lines().nth(line.line.checked_sub(1)? as usize)
    }

    /// What the method call on this line is called on, where that can be read from the text.
    /// `operation` is what happened there: waiting on a condition variable gives up a lock, too,
    /// and must not lend it its name.
    pub fn receiver(&self, line: &Line, operation: &str) -> Option<String> {
        let (name, method) = receiver(self.text(line)?, line.column)?;
        let waits = method.starts_with("wait") || method.starts_with("notify");
        let of_lock = operation.contains("lock");
        (!(of_lock && waits)).then_some(name)
    }
}

/// The name of a function without hashes and the crate.
pub fn plain(name: &str) -> String {
    // The types that a generic function stands for tell a reader nothing.
    let name = name
        .find('<')
        .filter(|&at| at > 0)
        .map_or(name, |at| &name[..at]);
    let name = name
        .split("::h")
        .next()
        .map_or(name, |n| if name.len() - n.len() == 19 { n } else { name });
    name.strip_prefix("submission::submission::")
        .or(name.strip_prefix("submission::"))
        .unwrap_or(name)
        .to_owned()
}

/// The methods whose receiver names an object.
const METHODS: [&str; 40] = [
    "load",
    "store",
    "swap",
    "compare_exchange",
    "compare_exchange_weak",
    "fetch_add",
    "fetch_sub",
    "fetch_and",
    "fetch_or",
    "fetch_xor",
    "fetch_nand",
    "fetch_max",
    "fetch_min",
    "fetch_update",
    "lock",
    "try_lock",
    "read",
    "write",
    "try_read",
    "try_write",
    "wait",
    "wait_while",
    "wait_timeout",
    "wait_timeout_while",
    "notify_one",
    "notify_all",
    "send",
    "try_send",
    "recv",
    "try_recv",
    "recv_timeout",
    "call_once",
    "get_or_init",
    "get",
    "set",
    "join",
    "unpark",
    "iter",
    "is_completed",
    "update",
];

/// The receiver of the method call at `column` of a line, or the first after it, and the method.
fn receiver(text: &str, column: u32) -> Option<(String, String)> {
    let chars: Vec<char> = text.chars().collect();
    let start = (column as usize).saturating_sub(1).min(chars.len());
    let word = |from: usize| {
        chars[from..]
            .iter()
            .take_while(|c| c.is_alphanumeric() || **c == '_')
            .collect::<String>()
    };
    let is_call = |dot: usize| {
        let name = word(dot + 1);
        METHODS.contains(&name.as_str())
            && matches!(chars.get(dot + 1 + name.chars().count()), Some('(' | ':'))
    };
    let at_name = start > 0 && chars.get(start - 1) == Some(&'.') && is_call(start - 1);
    let dot = if at_name {
        start - 1
    } else {
        (start..chars.len()).find(|&i| chars[i] == '.' && is_call(i))?
    };
    let mut from = dot;
    let mut depth = 0;
    while from > 0 {
        let c = chars[from - 1];
        match c {
            ']' | ')' => depth += 1,
            '[' | '(' if depth == 0 => break,
            '[' | '(' => depth -= 1,
            _ if depth > 0 || c.is_alphanumeric() || matches!(c, '_' | '.' | ':') => {}
            _ => break,
        }
        from -= 1;
    }
    let name: String = chars[from..dot].iter().collect();
    let short = name.trim_start_matches("self.").trim_matches('.');
    // A field of a tuple has a number only.
    let numeric = !short.is_empty() && short.chars().all(|c| c.is_ascii_digit());
    let name = if numeric {
        name.clone()
    } else {
        short.to_owned()
    };
    let name = without_long_indices(&name);
    (!name.is_empty() && name.len() <= 40).then(|| (name, word(dot + 1)))
}

/// An index that is a calculation says less than the name before it.
fn without_long_indices(name: &str) -> String {
    match (name.find('['), name.rfind(']')) {
        (Some(from), Some(to)) if to > from + 9 => {
            format!("{}[…]{}", &name[..from], &name[to + 1..])
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::receiver;

    #[test]
    fn receivers_are_read_from_the_text() {
        let name = |text, column| receiver(text, column).map(|(name, _)| name);
        assert_eq!(
            name("    self.flag.store(1, Release);", 15).as_deref(),
            Some("flag")
        );
        assert_eq!(
            name("    self.flag.store(1, Release);", 5).as_deref(),
            Some("flag")
        );
        assert_eq!(
            name("    self.0.store(1, Release);", 12).as_deref(),
            Some("self.0")
        );
        assert_eq!(
            name("if slots[i].lock().unwrap().is_some() {", 13).as_deref(),
            Some("slots[i]")
        );
        assert_eq!(
            name("let v = COUNT.load(SeqCst);", 9).as_deref(),
            Some("COUNT")
        );
        assert_eq!(
            name("self.slots[top as usize % SIZE].load(Relaxed)", 33).as_deref(),
            Some("slots[…]")
        );
        assert_eq!(name("x += 1;", 1), None);
    }
}
