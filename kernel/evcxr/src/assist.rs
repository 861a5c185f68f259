//! Completion, documentation, and whether a cell is whole.

use crate::engine::Engine;
use crate::session::Session;
use crate::startup::{Startup, lock};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tandem_cell::{Assistant, Completeness, Completions, Inspection, MimeBundle};

/// How long a question waits for a cell that is being compiled.
const PATIENCE: Duration = Duration::from_secs(13);

/// Asks evcxr, which is free while a cell runs.
pub struct RustAssistant {
    pub startup: Arc<Startup>,
    pub session: Arc<Mutex<Session>>,
}

impl RustAssistant {
    fn ask<T>(&self, question: impl FnOnce(&mut Engine) -> Option<T>) -> Option<T> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(ready) = self.startup.now()
                && let Ok(mut engine) = ready.engine.try_lock()
            {
                // Cells must not wait for the answer: the session is not held meanwhile.
                let (untold, variables) = {
                    let mut session = lock(&self.session);
                    (
                        std::mem::take(&mut session.untold),
                        session.variables.clone(),
                    )
                };
                let answer = std::panic::AssertUnwindSafe(|| {
                    engine.synchronise(&untold, &variables);
                    question(&mut engine)
                });
                return match std::panic::catch_unwind(answer) {
                    Ok(answer) => answer,
                    Err(_) => {
                        lock(&self.session).untold.insert_str(0, &untold);
                        None
                    }
                };
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }
}

impl Assistant for RustAssistant {
    fn complete(&self, code: &str, position: usize) -> Completions {
        let found = self.ask(|engine| engine.completions(code, position));
        let Some(found) = found else {
            return Completions {
                matches: Vec::new(),
                range: position..position,
            };
        };
        Completions {
            matches: found
                .completions
                .into_iter()
                .map(|completion| (completion.code, completion.kind.to_owned()))
                .collect(),
            range: found.start_offset..found.end_offset,
        }
    }

    fn inspect(&self, code: &str, position: usize, _detail: u8) -> Inspection {
        let (plain, markdown) = self.ask(|engine| engine.hover(code, position))?;
        if plain.trim().is_empty() || plain == "No documentation found" {
            return None;
        }
        Some(MimeBundle::text(plain).with("text/markdown", markdown))
    }

    fn is_complete(&self, code: &str) -> Completeness {
        completeness(code)
    }
}

/// Judges by the brackets and by the parser: what ends inside of something wants more.
fn completeness(code: &str) -> Completeness {
    let depth = match open_brackets(code) {
        Brackets::Open(depth) => depth,
        Brackets::Wrong => return Completeness::Invalid,
    };
    if depth > 0 {
        return Completeness::Incomplete {
            indent: " ".repeat(4 * depth),
        };
    }
    if syn::parse_str::<syn::Block>(&format!("{{{code}\n}}")).is_ok()
        || code.trim_start().starts_with(':')
    {
        return Completeness::Complete;
    }
    let ends = code.trim_end();
    let wants_more = ["=", "+", "-", "*", "/", ",", ".", "::", "->", "&", "|", "]"];
    match wants_more.iter().any(|end| ends.ends_with(end)) {
        true => Completeness::Incomplete {
            indent: "    ".to_owned(),
        },
        false => Completeness::Invalid,
    }
}

enum Brackets {
    /// So many are open at the end, or a string or comment is.
    Open(usize),
    /// One closes that was not open.
    Wrong,
}

fn open_brackets(code: &str) -> Brackets {
    let mut open = Vec::new();
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |at| &rest[at..]);
            continue;
        }
        if let Some(comment) = rest.strip_prefix("/*") {
            match comment.find("*/") {
                Some(at) => rest = &comment[at + 2..],
                None => return Brackets::Open(1),
            }
            continue;
        }
        if let Some((skip, end)) = string_start(rest) {
            let mut at = skip;
            loop {
                if end == "\"" && rest[at..].starts_with('\\') {
                    at += 1 + rest[at + 1..].chars().next().map_or(0, char::len_utf8);
                } else if rest[at..].starts_with(&end) {
                    break;
                } else {
                    match rest[at..].chars().next() {
                        Some(c) => at += c.len_utf8(),
                        None => return Brackets::Open(1),
                    }
                }
            }
            rest = &rest[at + end.len()..];
            continue;
        }
        if let Some(length) = char_literal(rest) {
            rest = &rest[length..];
            continue;
        }
        match c {
            '(' | '[' | '{' => open.push(c),
            ')' | ']' | '}' => {
                let matching = match c {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if open.pop() != Some(matching) {
                    return Brackets::Wrong;
                }
            }
            _ => {}
        }
        rest = &rest[c.len_utf8()..];
    }
    Brackets::Open(open.len())
}

/// Length of a string's opening and its end, for `"`, `r"`, `r#"` ...
fn string_start(code: &str) -> Option<(usize, String)> {
    if code.starts_with('"') {
        return Some((1, "\"".to_owned()));
    }
    let hashes = code.strip_prefix('r')?;
    let count = hashes.len() - hashes.trim_start_matches('#').len();
    hashes[count..]
        .starts_with('"')
        .then(|| (count + 2, format!("\"{}", "#".repeat(count))))
}

/// Length of a character literal, as against a lifetime.
fn char_literal(code: &str) -> Option<usize> {
    let mut inner = code.strip_prefix('\'')?.char_indices();
    let (_, first) = inner.next()?;
    if first == '\\' {
        return code[2..].find('\'').filter(|at| *at < 12).map(|at| at + 3);
    }
    let (at, second) = inner.next()?;
    (second == '\'').then_some(at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_inside_of_something_wants_more() {
        for code in [
            "1",
            "fn f() {}",
            "println!(\"{\");",
            "let c = '{';",
            "r#\"{\"#",
            "&'static str;",
            "",
        ] {
            let judged = completeness(code);
            assert_ne!(
                judged,
                Completeness::Incomplete {
                    indent: "    ".into()
                },
                "{code}"
            );
        }
        for code in ["fn f() {", "let x = (1,", "\"open", "/* open", "let x ="] {
            assert_eq!(
                completeness(code),
                Completeness::Incomplete {
                    indent: "    ".into()
                },
                "{code}"
            );
        }
        for code in ["fn f() }", "let x = )", "let = = ;"] {
            assert_eq!(completeness(code), Completeness::Invalid, "{code}");
        }
    }
}
