//! The same in plain text: figures, a line for each thread, the sentence.

use crate::figures::Comparison;
use crate::rows::{Column, columns, rows};
use crate::words::{duration, shortened};
use crate::{conclusion, table};
use std::fmt::Write;

const COLUMNS: usize = 60;
const NAME: usize = 14;

/// What a front end without pictures shows.
pub fn text(comparison: &Comparison) -> String {
    let longest = comparison.longest();
    let mut out = format!("{}\n", comparison.title);
    for ((_, run, _), figures) in comparison.shown().zip(table::rows(comparison)) {
        let _ = writeln!(out, "\n{}", table::line(&figures));
        let rows = rows(run);
        for row in &rows.rows {
            let thread = row.thread;
            let place = |time: u64| time as f64 / longest as f64 * COLUMNS as f64;
            let exists = place(thread.born) as usize..place(thread.died).ceil() as usize;
            let line: String = columns(&thread.intervals, longest, COLUMNS)
                .into_iter()
                .enumerate()
                .map(|(index, column)| sign(column, exists.contains(&index)))
                .collect();
            let name = shortened(&row.name, NAME);
            let _ = writeln!(out, "  {name:<NAME$} {}", line.trim_end());
        }
        if rows.folded > 0 {
            let _ = writeln!(out, "  {}", folded(rows.folded, rows.folded_cpu));
        }
    }
    let _ = writeln!(
        out,
        "\n  {:<NAME$} 0{:>width$}\n  a digit: the core the thread was on; ▒: on a core for part of the column; ·: on no core\n\n{}\n{}",
        "",
        duration(longest),
        conclusion::sentence(comparison),
        conclusion::notes(comparison).join(" "),
        width = COLUMNS - 1
    );
    out.truncate(out.trim_end().len());
    out
}

fn sign(column: Column, exists: bool) -> char {
    match column.share {
        0.5.. => char::from_digit(column.core % 36, 36).unwrap_or('#'),
        0.05.. => '▒',
        _ if exists => '·',
        _ => ' ',
    }
}

/// What is said of the threads that are not drawn.
pub fn folded(threads: usize, cpu: u64) -> String {
    let (more, were) = match threads {
        1 => ("1 more thread", "was"),
        _ => (&*format!("{threads} more threads"), "were"),
    };
    format!(
        "{more}, not drawn, {were} on a core for {} in all",
        duration(cpu)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::turns_and_together;

    #[test]
    fn the_plain_text_shows_the_turns_and_says_the_same() {
        let lanes = turns_and_together();
        let comparison = Comparison::new("Who runs when?", &lanes, 0);
        let text = text(&comparison);
        assert!(text.contains("thread 1       000···000···000"), "{text}");
        assert!(text.contains("thread 2          111···111"), "{text}");
        let rust = "thread 1       000000000000000000000000000000\n";
        assert!(text.contains(rust), "{text}");
        assert!(text.contains("Rust: 50 ms, CPU time 100 ms"), "{text}");
        assert!(text.contains(&conclusion::sentence(&comparison)), "{text}");
    }
}
