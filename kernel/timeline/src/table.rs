//! The figures as a table.

use crate::figures::{Comparison, LaneFigures};
use crate::words::{duration, escape, percent, times};
use std::fmt::Write;

/// Heads of the columns, each with what it means.
const HEADS: [(&str, &str); 6] = [
    ("lane", "What ran"),
    (
        "time",
        "Time from start to end, as a clock on the wall shows it",
    ),
    ("CPU time", "Time on cores of all threads together"),
    (
        "at once",
        "Time in which two or more threads were on cores at the same time",
    ),
    ("switches", "How often a thread was put on a core"),
    (
        "speed",
        "Time of the baseline divided by this one's: 2 × is twice as fast",
    ),
];

/// One row of text for each lane, in the order of the heads.
pub fn rows(comparison: &Comparison) -> Vec<[String; 6]> {
    comparison
        .lanes
        .iter()
        .map(|(lane, figures)| {
            let run = &figures.run;
            [
                lane.label.clone(),
                time(figures),
                duration(run.cpu),
                match run.threads {
                    0 | 1 => "one thread".to_owned(),
                    _ => format!(
                        "{} ({})",
                        duration(run.together),
                        percent(run.together_share())
                    ),
                },
                run.switches.to_string(),
                figures.speedup.map_or("baseline".to_owned(), times),
            ]
        })
        .collect()
}

/// The median, and the spread where there is one.
fn time(figures: &LaneFigures) -> String {
    let median = duration(figures.run.wall);
    let disturbed = if figures.disturbed() {
        ", disturbed"
    } else {
        ""
    };
    match figures.counted {
        1 => format!("{median}{disturbed}"),
        n => format!(
            "{median} ({} to {}, {n} runs{disturbed})",
            duration(figures.least),
            duration(figures.most)
        ),
    }
}

/// The table in HTML, with heads that a screen reader can name.
pub fn html(comparison: &Comparison) -> String {
    let mut out = String::from(
        "<table style=\"margin:.5em 0;max-width:760px\"><caption style=\"text-align:left\">",
    );
    let _ = write!(
        out,
        "{}: the figures</caption><thead><tr>",
        escape(comparison.title)
    );
    for (head, meaning) in HEADS {
        let _ = write!(
            out,
            "<th scope=\"col\" title=\"{}\">{head}</th>",
            escape(meaning)
        );
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows(comparison) {
        out.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let cell = escape(cell);
            let _ = match column {
                0 => write!(
                    out,
                    "<th scope=\"row\" style=\"text-align:left\">{cell}</th>"
                ),
                _ => write!(out, "<td>{cell}</td>"),
            };
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table>");
    out
}

/// The row of a lane as one line of plain text.
pub fn line(row: &[String; 6]) -> String {
    let [label, time, cpu, together, switches, speed] = row;
    format!(
        "{label}: {time}, CPU time {cpu}, two or more at once: {together}, {switches} switches, {speed}"
    )
}
