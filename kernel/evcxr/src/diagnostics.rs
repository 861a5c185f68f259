//! rustc's messages and panics, with the lines of the cell.

use serde_json::Value;
use tandem_cell::CellError;

/// The functions that hold a cell's statements.
const ENTRIES: [&str; 4] = [
    "fn run_user_code_",
    "fn tandem_cell(",
    "fn tandem_statements(",
    "async fn tandem_statements(",
];
/// What stands before a cell's last expression.
pub const LAST: &str = "match &(";

/// Finds the lines of a cell in a source that was generated around it.
pub struct Lines {
    /// For each line of the source (from 0), the line of the cell (from 1).
    map: Vec<Option<usize>>,
}

impl Lines {
    /// Compares the texts: a cell's lines stand in the source one after the other, its items
    /// first, and only the first line of a statement may have lost its beginning.
    pub fn new(source: &str, cell: &str) -> Lines {
        let source: Vec<&str> = source.lines().map(str::trim).collect();
        let mut map = vec![None; source.len()];
        let entry = source
            .iter()
            .position(|line| ENTRIES.iter().any(|entry| line.starts_with(entry)))
            .unwrap_or(0);
        let mut next = entry;
        for (number, line) in cell.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            let same = |at: &usize| {
                let found = source[*at];
                let found = found.strip_prefix(LAST).unwrap_or(found);
                let found = found.strip_prefix('(').unwrap_or(found);
                map[*at].is_none() && (found == line || (found.len() > 1 && line.ends_with(found)))
            };
            let later = (next..source.len()).find(same);
            let place = later.or_else(|| (0..entry).rev().find(same));
            if let Some(at) = place {
                map[at] = Some(number + 1);
                if at >= entry {
                    next = at + 1;
                }
            }
        }
        Lines { map }
    }

    /// The line of the cell for a line of the source, both from 1.
    pub fn of(&self, line: usize) -> Option<usize> {
        *self.map.get(line.checked_sub(1)?)?
    }
}

/// Whether a message concerns the cell's own text.
pub fn concerns(message: &Value, lines: &Lines) -> bool {
    message["spans"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|span| {
            let line = span["line_start"].as_u64().unwrap_or(0) as usize;
            lines.of(line).is_some()
        })
}

/// A message as rustc draws it, in colour, with the cell's lines.
pub fn render(message: &Value, lines: &Lines) -> String {
    let Some(rendered) = message["rendered"].as_str() else {
        let text = message["message"].as_str().unwrap_or("error");
        return format!("\x1b[1;31merror\x1b[0m: {text}");
    };
    rendered
        .lines()
        .filter(|line| !line.contains("export_name = \"tandem_static_"))
        .filter_map(|line| renumber(line, lines))
        .collect::<Vec<_>>()
        .join("\n")
        .trim_end()
        .to_owned()
}

/// A rendered line with the cell's number; `None` for a line of generated code.
fn renumber(line: &str, lines: &Lines) -> Option<String> {
    let visible = visible(line);
    let text = visible.trim_start();
    if let Some(place) = text
        .strip_prefix("--> ")
        .or_else(|| text.strip_prefix("::: "))
        && let Some((_, place)) = place.split_once("lib.rs:")
        && let Some((number, column)) = place.split_once(':')
        && let Ok(number) = number.parse()
    {
        let place = match lines.of(number) {
            Some(own) => format!("this cell, line {own}, column {column}"),
            None => "code of an earlier cell".to_owned(),
        };
        let arrow = line.find("lib.rs:").map_or(line, |at| &line[..at]);
        let arrow = arrow.strip_suffix("out/").unwrap_or(arrow);
        return Some(format!("{arrow}{place}"));
    }
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    if !digits.is_empty()
        && text[digits.len()..]
            .trim_start()
            .starts_with(['|', '+', '-', '~'])
        && let Some(at) = find_visible(line, &digits)
    {
        let own = lines.of(digits.parse().ok()?)?;
        let own = format!("{own:<width$}", width = digits.len());
        return Some(format!(
            "{}{own}{}",
            &line[..at],
            &line[at + digits.len()..]
        ));
    }
    Some(line.to_owned())
}

/// `line` without ANSI escapes.
fn visible(line: &str) -> String {
    let mut text = String::new();
    let mut escape = false;
    for c in line.chars() {
        match c {
            '\x1b' => escape = true,
            'm' if escape => escape = false,
            _ if escape => {}
            _ => text.push(c),
        }
    }
    text
}

/// Where `digits` stand in `line`, outside of escapes.
fn find_visible(line: &str, digits: &str) -> Option<usize> {
    let mut escape = false;
    for (at, c) in line.char_indices() {
        match c {
            '\x1b' => escape = true,
            'm' if escape => escape = false,
            _ if escape => {}
            _ if line[at..].starts_with(digits) => return Some(at),
            _ => {}
        }
    }
    None
}

/// One error for the cell out of all of rustc's.
pub fn compile_error(messages: &[Value], lines: &Lines) -> CellError {
    let errors: Vec<&Value> = messages
        .iter()
        .filter(|message| message["level"] == "error")
        .filter(|message| {
            let text = message["message"].as_str().unwrap_or("");
            !text.starts_with("aborting due to")
        })
        .collect();
    let own: Vec<&&Value> = errors
        .iter()
        .filter(|message| concerns(message, lines))
        .collect();
    let shown: Vec<&Value> = match own.is_empty() {
        true => errors.clone(),
        false => own.into_iter().copied().collect(),
    };
    let first = shown.first();
    let text = |field: &Value| field.as_str().map(str::to_owned);
    CellError {
        name: first
            .and_then(|message| text(&message["code"]["code"]))
            .unwrap_or_else(|| "CompileError".to_owned()),
        value: first
            .and_then(|message| text(&message["message"]))
            .unwrap_or_else(|| "the cell does not compile".to_owned()),
        traceback: shown
            .iter()
            .flat_map(|message| {
                render(message, lines)
                    .lines()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .collect(),
    }
}

/// A panic, with the line it happened in underneath.
pub fn panic_error(message: &str, line: Option<usize>, cell: &str) -> CellError {
    located("panic", message, line, cell)
}

/// An error while the cell ran, with the line of the cell where it happened.
pub fn located(name: &str, message: &str, line: Option<usize>, cell: &str) -> CellError {
    let mut traceback = vec![format!("\x1b[1;31m{name}\x1b[0m\x1b[1m: {message}\x1b[0m")];
    if let Some(line) = line {
        let code = cell.lines().nth(line - 1).unwrap_or("");
        let space = " ".repeat(line.to_string().len());
        traceback.push(format!(
            "\x1b[1;94m{space}-->\x1b[0m this cell, line {line}"
        ));
        traceback.push(format!("\x1b[1;94m{line} |\x1b[0m {code}"));
    }
    CellError {
        name: name.to_owned(),
        value: message.to_owned(),
        traceback,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SOURCE: &str =
        "#![allow(x)]\nfn f() {\n    g(\n}\nfn run_user_code_3(\nlet a = f();\n(\na + 1\n";
    const CELL: &str = "let a = f();\n\nfn f() {\n    g(\n}\na + 1";

    #[test]
    fn lines_of_the_cell_are_found_in_items_and_statements() {
        let lines = Lines::new(SOURCE, CELL);
        assert_eq!(
            [2, 3, 6, 8].map(|line| lines.of(line)),
            [Some(3), Some(4), Some(1), Some(6)]
        );
        assert_eq!(lines.of(1), None);
        assert_eq!(lines.of(99), None);
    }

    #[test]
    fn a_message_names_the_cells_own_line_and_keeps_its_colours() {
        let lines = Lines::new(SOURCE, CELL);
        let rendered = "\x1b[1;91merror\x1b[0m: no\n \x1b[1;94m-->\x1b[0m out/lib.rs:6:5\n\x1b[1;94m6\x1b[0m \x1b[1;94m|\x1b[0m let a = f();\n";
        let message = json!({"level": "error", "rendered": rendered, "message": "no",
            "code": {"code": "E0001"}, "spans": [{"line_start": 6}]});
        let error = compile_error(&[message], &lines);
        assert_eq!((error.name.as_str(), error.value.as_str()), ("E0001", "no"));
        assert!(
            error.traceback[1].ends_with("this cell, line 1, column 5"),
            "{error:?}"
        );
        assert_eq!(
            error.traceback[2],
            "\x1b[1;94m1\x1b[0m \x1b[1;94m|\x1b[0m let a = f();"
        );
    }
}
