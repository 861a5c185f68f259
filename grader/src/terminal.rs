//! The terminal that a text is written to: its size, and texts that fit it.

use anstream::adapter::strip_str;
use anstyle::{AnsiColor, Style};
use std::io::IsTerminal;

/// The width of a text that is not written to a terminal.
const WIDTH: usize = 120;
/// Longer lines are hard to read.
const READABLE: usize = 100;
/// Shorter ones hold no word.
const NARROWEST: usize = 20;

/// Columns and rows of the terminal that standard output is; none: it is something else.
pub fn size() -> Option<(usize, usize)> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    // SAFETY: filled in by the call.
    let size = unsafe {
        let mut size: libc::winsize = std::mem::zeroed();
        (libc::ioctl(1, libc::TIOCGWINSZ, &mut size) == 0).then_some(size)
    }?;
    let known = |n: u16, otherwise: usize| if n == 0 { otherwise } else { n.into() };
    Some((known(size.ws_col, 80), known(size.ws_row, 24)))
}

/// The columns that a report has: those of the terminal, or as `COLUMNS` says.
pub fn width() -> usize {
    let told = || std::env::var("COLUMNS").ok()?.parse().ok();
    let width = size().map(|(columns, _)| columns).or_else(told);
    width.unwrap_or(WIDTH).max(NARROWEST)
}

/// A text as it is printed: on a terminal, no line is longer than that is wide.
pub fn fitted(text: &str) -> String {
    match size() {
        Some((columns, _)) => fit(text, columns.max(NARROWEST)),
        None => text.to_owned(),
    }
}

/// The columns that a text takes, without what colours it.
pub fn columns(text: &str) -> usize {
    strip_str(text).map(|part| part.chars().count()).sum()
}

/// Breaks lines that are too long, between words; what follows stands as far to the right as the line
/// began. Lines that quote a source stay as they are.
pub fn fit(text: &str, width: usize) -> String {
    let mut fitted = String::new();
    for line in text.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        if columns(line) <= width || quotes_source(line) {
            fitted += line;
        } else {
            fitted += &wrapped(line, width);
        }
        fitted += end;
    }
    fitted
}

/// Whether a line is one of the compiler's, in which columns stand below columns: `12 | let x`.
fn quotes_source(line: &str) -> bool {
    let plain = strip_str(line).to_string();
    let after = plain
        .trim_start()
        .trim_start_matches(|c: char| c.is_ascii_digit());
    after.trim_start().starts_with('|')
}

fn wrapped(line: &str, width: usize) -> String {
    let indent = columns(line) - columns(line.trim_start());
    let indent = indent.min(width / 2);
    let mut text = " ".repeat(indent);
    let mut column = indent;
    for word in line.trim_start().split(' ') {
        let length = columns(word);
        if column > indent && column + 1 + length > width {
            text.push('\n');
            text += &" ".repeat(indent);
            column = indent;
        } else if column > indent {
            text.push(' ');
            column += 1;
        }
        text += word;
        column += length;
    }
    text
}

/// A text with the marks of Markdown, for reading: paragraphs as wide as the terminal, what is
/// emphasised in bold. What is not written to a terminal keeps its marks.
pub fn page(markdown: &str) -> String {
    match size() {
        Some((columns, _)) => rendered(markdown, columns),
        None => format!("{}\n", markdown.trim()),
    }
}

/// As [`page`], for a terminal with so many columns.
pub fn rendered(markdown: &str, columns: usize) -> String {
    let width = columns.clamp(NARROWEST, READABLE);
    let mut text = String::new();
    let mut paragraph = String::new();
    let mut code = false;
    let bold = |line: &str| {
        let style = Style::new().bold();
        format!("{}{line}{}", style.render(), style.render_reset())
    };
    for line in markdown.trim().lines() {
        let trimmed = line.trim();
        let fence = trimmed.starts_with("```");
        let apart = code || fence || trimmed.is_empty() || trimmed.starts_with(['#', '|']);
        let item = trimmed.starts_with("- ")
            || trimmed
                .split_once(". ")
                .is_some_and(|(n, _)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        if (apart || item) && !paragraph.is_empty() {
            text += &block(&std::mem::take(&mut paragraph), width);
        }
        if fence {
            code = !code;
        } else if code {
            text += &format!("    {line}\n");
        } else if trimmed.starts_with('#') {
            text += &format!("{}\n", bold(trimmed.trim_start_matches('#').trim()));
        } else if apart {
            text += &format!("{trimmed}\n");
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph += trimmed;
        }
    }
    if !paragraph.is_empty() {
        text += &block(&paragraph, width);
    }
    text
}

/// A paragraph, or an item of a list, which stands to the right of its mark.
fn block(paragraph: &str, width: usize) -> String {
    let mark = match paragraph.split_once(' ') {
        Some(("-", _)) => 2,
        Some((mark, _))
            if mark.ends_with('.') && mark.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            mark.len() + 1
        }
        _ => 0,
    };
    let (mark, rest) = paragraph.split_at(mark);
    let shifted = format!("{}{}", " ".repeat(mark.len()), emphasised(rest));
    let fitted = fit(&shifted, width);
    format!("{mark}{}\n", &fitted[mark.len()..])
}

/// Draws `**x**` in bold, and `` `x` `` in a colour.
fn emphasised(text: &str) -> String {
    let styles = [
        ("**", Style::new().bold(), ""),
        ("`", AnsiColor::Cyan.on_default(), "`"),
    ];
    let mut text = text.to_owned();
    for (mark, style, kept) in styles {
        let parts: Vec<&str> = text.split(mark).collect();
        if parts.len().is_multiple_of(2) {
            continue;
        }
        let mut drawn = String::new();
        for (number, part) in parts.iter().enumerate() {
            if number % 2 == 0 {
                drawn += part;
                continue;
            }
            // Each word by itself: a line may end between them.
            let words: Vec<String> = format!("{kept}{part}{kept}")
                .split(' ')
                .map(|word| format!("{}{word}{}", style.render(), style.render_reset()))
                .collect();
            drawn += &words.join(" ");
        }
        text = drawn;
    }
    text
}

/// The beginning of a line, as much as fits, with its colours.
pub fn cut(line: &str, width: usize) -> String {
    let mut kept = String::new();
    let mut left = width;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let length = match rest.strip_prefix("\x1b[") {
            // A sequence takes no room.
            Some(after) => after
                .find(|c: char| c.is_ascii_alphabetic())
                .map(|at| at + 3),
            None => None,
        };
        match length {
            Some(length) => {
                kept += &rest[..length];
                rest = &rest[length..];
            }
            None => {
                if left > 0 {
                    kept.push(c);
                    left -= 1;
                }
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    kept
}

/// A path as it is shortest to type from here.
pub fn path(path: &std::path::Path) -> String {
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| path.strip_prefix(here).ok());
    below.unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_between_words() {
        assert_eq!(fit("  one two three\nfour", 9), "  one two\n  three\nfour");
        assert_eq!(fit("12 | let one = two;", 9), "12 | let one = two;");
        assert_eq!(fit("\x1b[1mone\x1b[0m two", 7), "\x1b[1mone\x1b[0m two");
    }

    #[test]
    fn a_task_is_drawn() {
        let drawn = rendered(
            "# Title\n\nOne `two\nthree` **four**.\n\n1. five\n   six",
            20,
        );
        let plain = strip_str(&drawn).to_string();
        assert_eq!(plain, "Title\n\nOne `two three`\nfour.\n\n1. five six\n");
        assert!(!drawn.contains("**"));
    }

    #[test]
    fn what_is_cut_keeps_its_colours() {
        assert_eq!(cut("\x1b[1mone\x1b[0m two", 2), "\x1b[1mon\x1b[0m");
    }
}
