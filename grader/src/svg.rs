//! Draws a finding as a picture: one lane a thread, time running down, readable in light and dark
//! themes.

use crate::html::escape;
use crate::verdict::Finding;
use std::fmt::Write;

/// Colours of threads that can be told apart, also by readers who see few colours (Okabe, Ito, 2008).
const COLORS: [&str; 6] = [
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9",
];
/// The height of a step, in user units.
const ROW: f64 = 19.0;
/// The most steps that are drawn: the last ones.
const STEPS: usize = 60;
/// The most letters of a step.
const LETTERS: usize = 46;

/// The steps of the failing execution.
pub fn finding(finding: &Finding) -> String {
    let steps = &finding.events[finding.events.len().saturating_sub(STEPS)..];
    let mut threads: Vec<usize> = steps.iter().map(|s| s.thread).collect();
    threads.sort_unstable();
    threads.dedup();
    let short = |text: &str| -> String {
        let line = text.lines().next().unwrap_or_default();
        match line.char_indices().nth(LETTERS) {
            Some((at, _)) => format!("{}…", &line[..at]),
            None => line.to_owned(),
        }
    };
    let letters = |thread: usize| {
        let own = steps.iter().filter(|s| s.thread == thread);
        let widest = own.map(|s| short(&s.text).chars().count()).max();
        widest.unwrap_or(0).max(14)
    };
    // A letter of this font is about seven units wide.
    let widths: Vec<f64> = threads
        .iter()
        .map(|t| letters(*t) as f64 * 7.0 + 26.0)
        .collect();
    let left = 40.0;
    let places = 140.0;
    let width = left + widths.iter().sum::<f64>() + places;
    let height = 62.0 + ROW * steps.len() as f64;
    let start = |index: usize| left + widths[..index].iter().sum::<f64>();
    let title = format!("{}: {}", finding.kind.words(), short(&finding.message));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
         aria-label=\"{}\" style=\"max-width:{width:.0}px;width:100%;font:12px ui-monospace,monospace\" \
         fill=\"currentColor\"><title>{}</title><text x=\"8\" y=\"18\" font-weight=\"bold\">{}</text>",
        escape(&format!(
            "{title}, in {} steps of {} threads",
            steps.len(),
            threads.len()
        )),
        escape(&title),
        escape(&title)
    );
    for (index, thread) in threads.iter().enumerate() {
        let x = start(index);
        let name = finding
            .threads
            .get(*thread)
            .cloned()
            .unwrap_or_else(|| format!("T{thread}"));
        let color = COLORS[thread % COLORS.len()];
        let _ = write!(
            svg,
            "<line x1=\"{x:.0}\" x2=\"{x:.0}\" y1=\"48\" y2=\"{:.0}\" stroke=\"{color}\" stroke-width=\"2\" opacity=\".5\"/>\
             <text x=\"{:.0}\" y=\"40\" font-weight=\"bold\" fill=\"{color}\">{}</text>",
            height - 8.0,
            x - 4.0,
            escape(&name)
        );
    }
    let mut before: Option<(f64, f64)> = None;
    for (row, step) in steps.iter().enumerate() {
        let index = threads.iter().position(|t| *t == step.thread).unwrap_or(0);
        let (x, y) = (start(index), 62.0 + ROW * row as f64);
        let color = COLORS[step.thread % COLORS.len()];
        if let Some((from, at)) = before
            && from != x
        {
            let _ = write!(
                svg,
                "<path d=\"M{from:.0} {at:.0} L{x:.0} {y:.0}\" stroke=\"currentColor\" opacity=\".35\" stroke-dasharray=\"3 3\" fill=\"none\"/>"
            );
        }
        before = Some((x, y));
        let weight = if step.stale {
            " font-weight=\"bold\""
        } else {
            ""
        };
        let place = step.line.as_ref().map_or(String::new(), |l| l.to_string());
        let _ = write!(
            svg,
            "<text x=\"28\" y=\"{:.0}\" text-anchor=\"end\" opacity=\".6\">{}</text>\
             <circle cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"4\" fill=\"{color}\"/>\
             <text x=\"{:.0}\" y=\"{:.0}\"{weight}>{}</text>\
             <text x=\"{:.0}\" y=\"{:.0}\" opacity=\".6\">{}</text>",
            y + 4.0,
            step.step,
            x + 10.0,
            y + 4.0,
            escape(&short(&step.text)),
            width - places + 4.0,
            y + 4.0,
            escape(place.rsplit('/').next().unwrap_or_default())
        );
    }
    svg + "</svg>\n"
}
