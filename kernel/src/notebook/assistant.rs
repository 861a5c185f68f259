//! Completion and documentation in the language that stands at the cursor.

use crate::cell::{self, Kind};
use std::ops::Range;
use std::sync::Arc;
use tandem_cell::{Assistant, Completeness, Completions, Inspection, MimeBundle};

/// Asks the assistant of the language at the position.
pub struct NotebookAssistant {
    pub rust: Arc<dyn Assistant>,
    pub python: Arc<dyn Assistant>,
    pub c: Arc<dyn Assistant>,
}

impl NotebookAssistant {
    /// The language at `position`, and the cell with everything else replaced by spaces.
    fn at(&self, text: &str, position: usize) -> Option<(&dyn Assistant, String)> {
        let parsed = cell::parse(text).ok()?;
        let name = match parsed.kind {
            Kind::Rust | Kind::Release | Kind::Interleave | Kind::Submit => "rust",
            Kind::Python => "python",
            Kind::C | Kind::Cpp => "c",
            Kind::Timeline => parsed.argument.split_whitespace().next().unwrap_or("rust"),
            Kind::Compare => {
                let (name, lane) = lane_at(&parsed.code, position)?;
                return Some((self.named(name)?, only(&parsed.code, &lane)));
            }
        };
        Some((self.named(name)?, parsed.code.clone()))
    }

    fn named(&self, name: &str) -> Option<&dyn Assistant> {
        match name {
            "rust" => Some(&*self.rust),
            "python" => Some(&*self.python),
            "c" | "cpp" => Some(&*self.c),
            _ => None,
        }
    }
}

/// The language and the byte range of the lane's code around `position`.
fn lane_at(code: &str, position: usize) -> Option<(&str, Range<usize>)> {
    let mut lane = None;
    let mut start = 0;
    for line in code.split_inclusive('\n') {
        let end = start + line.len();
        if let Some(head) = line.strip_prefix("%lane") {
            if start > position {
                return lane.map(|(name, from)| (name, from..start));
            }
            lane = head.split_whitespace().next().map(|name| (name, end));
        }
        start = end;
    }
    lane.filter(|(_, from)| *from <= position)
        .map(|(name, from)| (name, from..code.len()))
}

/// `text` with all but `range` replaced by spaces; line ends stay.
fn only(text: &str, range: &Range<usize>) -> String {
    let blank = |part: &str| -> String {
        part.bytes()
            .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
            .collect()
    };
    [
        blank(&text[..range.start]),
        text[range.clone()].to_owned(),
        blank(&text[range.end..]),
    ]
    .concat()
}

impl Assistant for NotebookAssistant {
    fn complete(&self, code: &str, position: usize) -> Completions {
        if let Some((names, range)) = cell::complete_magic(code, position) {
            let matches = names
                .into_iter()
                .map(|name| (name.to_owned(), "magic".to_owned()))
                .collect();
            return Completions { matches, range };
        }
        match self.at(code, position) {
            Some((assistant, code)) => assistant.complete(&code, position),
            None => Completions {
                matches: Vec::new(),
                range: position..position,
            },
        }
    }

    fn inspect(&self, code: &str, position: usize, detail: u8) -> Inspection {
        if let Some(help) = magic_help(code, position) {
            return Some(MimeBundle::text(help));
        }
        let (assistant, code) = self.at(code, position)?;
        assistant.inspect(&code, position, detail)
    }

    fn is_complete(&self, code: &str) -> Completeness {
        let Ok(parsed) = cell::parse(code) else {
            return Completeness::Invalid;
        };
        if parsed.kind == Kind::Compare {
            return Completeness::Unknown;
        }
        if !parsed.has_code() {
            // A lone `%%python` waits for its code; line magics stand for themselves.
            return match parsed.before.is_empty() && !parsed.code.is_empty() {
                true => Completeness::Incomplete {
                    indent: String::new(),
                },
                false => Completeness::Complete,
            };
        }
        match self.at(code, code.len()) {
            Some((assistant, code)) => assistant.is_complete(&code),
            None => Completeness::Unknown,
        }
    }
}

/// The form of the magic on the line of `position`.
fn magic_help(text: &str, position: usize) -> Option<&'static str> {
    let before = text.get(..position.min(text.len()))?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text[start..].lines().next()?;
    let name = |magic: &str| magic.split_whitespace().next().unwrap_or("").to_owned();
    if let Some(magic) = line.strip_prefix("%%") {
        let found = name(magic);
        let known = cell::CELL_MAGICS
            .iter()
            .find(|(known, ..)| *known == found)?;
        return Some(known.2);
    }
    let found = name(line.strip_prefix('%')?);
    let known = cell::LINE_MAGICS
        .iter()
        .find(|(known, _)| *known == found)?;
    Some(known.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lane_around_the_cursor_is_found() {
        let code = "\n%lane python\nab\n%lane rust fast\ncd\n";
        let at = |needle: &str| lane_at(code, code.find(needle).unwrap());
        let (name, range) = at("ab").unwrap();
        assert_eq!((name, &code[range]), ("python", "ab\n"));
        let (name, range) = at("cd").unwrap();
        assert_eq!((name, &code[range.clone()]), ("rust", "cd\n"));
        assert_eq!(only(code, &range).len(), code.len());
        assert_eq!(lane_at(code, 0), None);
    }
}
