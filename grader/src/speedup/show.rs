//! Draws a speedup for a terminal.

use super::{Judgement, Speedup};
use anstyle::{AnsiColor, Style};
use std::fmt::Write;

/// The speedup as text with colours; the writer decides whether they are shown.
pub fn text(speedup: &Speedup) -> String {
    let reset = Style::new().render_reset();
    let (color, word) = match speedup.judgement {
        Judgement::Pass => (AnsiColor::Green, "speedup"),
        Judgement::TooSlow => (AnsiColor::Red, "too slow"),
        Judgement::WrongAnswer => (AnsiColor::Red, "wrong answer"),
        Judgement::Broken => (AnsiColor::Red, "broken"),
        Judgement::Undecided => (AnsiColor::Yellow, "undecided"),
    };
    let mut text = format!(
        "{}{word}{reset}: {}\n",
        color.on_default().bold().render(),
        crate::show::clean(&speedup.message)
    );
    if speedup.curve.is_empty() {
        return text;
    }
    let widest = speedup.curve.iter().map(|p| p.speedup).fold(1.0, f64::max);
    let _ = writeln!(text, "  cores  speedup");
    for point in &speedup.curve {
        let length = (point.speedup / widest * 40.0).round() as usize;
        let ideal = ((point.cores as f64).min(widest) / widest * 40.0).round() as usize;
        let bar: String = "█".repeat(length) + &"·".repeat(ideal.saturating_sub(length));
        let judged = if point.cores == speedup.cores {
            "<"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "  {:5}  {:6.2}  {bar} {judged}",
            point.cores, point.speedup
        );
    }
    for cause in &speedup.causes {
        let _ = writeln!(
            text,
            "{}{}{reset}: {}",
            AnsiColor::Yellow.on_default().bold().render(),
            cause.kind,
            cause.message
        );
        for line in &cause.lines {
            let _ = writeln!(text, "      {line}");
        }
    }
    let _ = writeln!(text, "{}", footnote(speedup));
    text
}

/// What the clock says, and what the simulation does not know.
pub fn footnote(speedup: &Speedup) -> String {
    let clock = match &speedup.clock {
        Some(clock) => match (clock.speedup, clock.agrees) {
            (Some(measured), Some(true)) => format!(
                "The clock of this machine agrees: {measured:.2} on {} cores, predicted were {:.2}.",
                clock.cores, clock.predicted
            ),
            (Some(measured), _) => format!(
                "The clock of this machine says {measured:.2} on {} cores, predicted were {:.2}.",
                clock.cores, clock.predicted
            ),
            _ => format!(
                "It could not be confirmed by the clock here: other programs were running, or the cores are shared \
                 (a program that should be 2 times as fast on 2 cores was {:.1}).",
                clock.canary
            ),
        },
        None => "The clock was not asked.".into(),
    };
    format!(
        "The sequential program takes {:.1} ms. {clock} Simulated cores have no limit of memory bandwidth, \
         and plain (non-atomic) false sharing is not seen.",
        speedup.reference_ms
    )
}
