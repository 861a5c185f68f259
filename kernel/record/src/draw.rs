//! The picture: all lanes under one time axis, a row for each thread, coloured by core.
//!
//! Text takes the page's own colour, so that the picture is legible in light and dark themes;
//! the colours of the cores are those of Okabe and Ito, which colour-blind readers can tell
//! apart.

use crate::recording::{Lane, Recording, Thread};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 128.0;
const RIGHT: f64 = 28.0;
const ROW: f64 = 20.0;
const TITLE: f64 = 26.0;
const COLOURS: [&str; 8] = [
    "#0d88e6", "#e69f00", "#1aa37a", "#cc79a7", "#d55e00", "#56b4e9", "#8c7ae6", "#a0a000",
];
/// Height of the line that marks a holder of the lock.
const LOCK: f64 = 2.5;
/// Rows of one lane; further threads are told of in a line.
const MAX_ROWS: usize = 12;

/// `text` for use inside of XML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A duration as a reader says it.
pub fn duration(nanoseconds: u64) -> String {
    let ms = nanoseconds as f64 / 1e6;
    match ms {
        ..1.0 => format!("{:.0} µs", ms * 1000.0),
        1.0..10.0 => format!("{ms:.1} ms"),
        10.0..1000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.2} s", ms / 1000.0),
    }
}

/// The picture of the median run of each lane. `description` says in words what it shows.
pub fn svg(title: &str, lanes: &[Lane], description: &str) -> String {
    let longest = lanes
        .iter()
        .map(|lane| lane.median().wall)
        .max()
        .unwrap_or(1)
        .max(1);
    let scale = (WIDTH - LEFT - RIGHT) / longest as f64;
    let rows: usize = lanes
        .iter()
        .map(|lane| shown(lane.median()).len().max(1))
        .sum();
    let notes = lanes
        .iter()
        .filter(|lane| lane.median().threads.len() > MAX_ROWS)
        .count();
    let height = 22.0 + (lanes.len() + notes) as f64 * TITLE + rows as f64 * ROW + 54.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"100%\" role=\"img\" \
         aria-label=\"{}\" style=\"max-width:{WIDTH}px;min-width:560px;color:var(--jp-content-font-color1,CanvasText);font:12px system-ui,sans-serif\" fill=\"currentColor\">\
         <title>{}</title><desc>{}</desc>",
        escape(description),
        escape(title),
        escape(description)
    );
    let _ = write!(
        out,
        "<text x=\"0\" y=\"14\" font-weight=\"600\" font-size=\"14\">{}</text>",
        escape(title)
    );
    let top = 22.0;
    let mut y = top;
    let mut used = BTreeSet::new();
    for lane in lanes {
        let run = lane.median();
        let cores: BTreeSet<u32> = run
            .threads
            .iter()
            .flat_map(|t| &t.intervals)
            .map(|i| i.core)
            .collect();
        used.extend(cores);
        let _ = write!(
            out,
            "<text x=\"0\" y=\"{}\" font-weight=\"600\">{}</text><text x=\"{}\" y=\"{}\" text-anchor=\"end\" opacity=\"0.8\">{}</text>",
            y + 18.0,
            escape(&lane.label),
            WIDTH - RIGHT,
            y + 18.0,
            duration(run.wall)
        );
        y += TITLE;
        let threads = shown(run);
        for (index, thread) in threads.iter().enumerate() {
            row(&mut out, thread, index, run, scale, y);
            y += ROW;
        }
        if threads.is_empty() {
            y += ROW;
        }
        if run.threads.len() > MAX_ROWS {
            let more = run.threads.len() - MAX_ROWS;
            let _ = write!(
                out,
                "<text x=\"{LEFT}\" y=\"{}\" opacity=\"0.8\">and {more} more threads</text>",
                y + 14.0
            );
            y += TITLE;
        }
    }
    axis(&mut out, longest, scale, top, y);
    let threads = || lanes.iter().flat_map(|lane| &lane.median().threads);
    let locks = threads().any(|thread| !thread.held.is_empty());
    legend(&mut out, &used, locks, y + 36.0);
    out.push_str("</svg>");
    out
}

/// The threads that are drawn: those that did most, in the order of their first appearance.
fn shown(run: &Recording) -> Vec<&Thread> {
    let mut threads: Vec<&Thread> = run.threads.iter().collect();
    if threads.len() > MAX_ROWS {
        let mut most: Vec<u64> = threads.iter().map(|thread| thread.cpu()).collect();
        most.sort_unstable_by(|a, b| b.cmp(a));
        let least = most[MAX_ROWS - 1];
        threads.retain(|thread| thread.cpu() >= least);
        threads.truncate(MAX_ROWS);
    }
    threads
}

/// What a row is called: the main thread of the process, or a number.
fn name(thread: &Thread, index: usize) -> String {
    match thread.pid == thread.tid {
        true if index == 0 => "main thread".to_owned(),
        true => format!("process {}", index + 1),
        false => format!("thread {}", index + 1),
    }
}

fn row(out: &mut String, thread: &Thread, index: usize, run: &Recording, scale: f64, y: f64) {
    let name = name(thread, index);
    let _ = write!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" opacity=\"0.85\">{name}</text>\
         <line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{}\" y2=\"{}\" stroke=\"currentColor\" stroke-opacity=\"0.25\"/>",
        LEFT - 8.0,
        y + 14.0,
        LEFT + run.wall as f64 * scale,
        y + 10.0,
        y + 10.0
    );
    // Where several times fall into one pixel, its opacity is the share that was on a core.
    let pixels = ((run.wall as f64 * scale).ceil() as usize).max(1);
    let mut share: Vec<[f64; COLOURS.len()]> = vec![[0.0; COLOURS.len()]; pixels];
    for interval in &thread.intervals {
        let (from, to) = (interval.start as f64 * scale, interval.end as f64 * scale);
        let last = (to.ceil() as usize).clamp(1, pixels);
        for (pixel, cell) in share.iter_mut().enumerate().take(last).skip(from as usize) {
            let overlap = to.min(pixel as f64 + 1.0) - from.max(pixel as f64);
            cell[interval.core as usize % COLOURS.len()] += overlap.max(0.0);
        }
    }
    let drawn: Vec<(usize, u32)> = share
        .iter()
        .map(|cell| {
            let (core, most) = cell
                .iter()
                .enumerate()
                .fold((0, 0.0), |best, (core, share)| {
                    if *share > best.1 {
                        (core, *share)
                    } else {
                        best
                    }
                });
            let total: f64 = cell.iter().sum();
            (
                core,
                if most > 0.0 {
                    (total.min(1.0) * 5.0).ceil() as u32
                } else {
                    0
                },
            )
        })
        .collect();
    bars(out, &visible(drawn), y);
    held(out, thread, scale, y);
}

/// The bars of a row, from what is in each pixel: a path for each colour, because a thread that comes and
/// goes has hundreds of bars.
fn bars(out: &mut String, drawn: &[(usize, u32)], y: f64) {
    let mut paths: BTreeMap<(usize, u32), String> = BTreeMap::new();
    let mut x = LEFT;
    for same in drawn.chunk_by(|a, b| a == b) {
        if same[0].1 > 0 {
            let path = paths.entry(same[0]).or_default();
            let _ = write!(path, "M{x} {}h{}", y + 10.0, same.len());
        }
        x += same.len() as f64;
    }
    for ((core, level), path) in paths {
        let _ = write!(
            out,
            "<path d=\"{path}\" stroke=\"{}\" stroke-width=\"14\" stroke-opacity=\"{}\"/>",
            COLOURS[core],
            f64::from(level) / 5.0
        );
    }
}

/// A short time on a core between long waits is drawn as three whole pixels, where there is room: nobody sees
/// a fifth of one.
fn visible(mut drawn: Vec<(usize, u32)>) -> Vec<(usize, u32)> {
    const SHORT: usize = 2;
    const WIDE: usize = 3;
    let mut from = 0;
    while from < drawn.len() {
        let on = drawn[from].1 > 0;
        let same = drawn[from..]
            .iter()
            .take_while(|(_, level)| (*level > 0) == on)
            .count();
        if on && same <= SHORT {
            drawn[from..from + same]
                .iter_mut()
                .for_each(|pixel| pixel.1 = 5);
            let core = drawn[from].0;
            let wide = (from + WIDE).min(drawn.len());
            // One pixel more, so that two marks stay two.
            let room = (wide + 1).min(drawn.len());
            if drawn[from + same..room].iter().all(|pixel| pixel.1 == 0) {
                drawn[from + same..wide].fill((core, 5));
                from = wide;
                continue;
            }
        }
        from += same;
    }
    drawn
}

/// A line below the row for the times in which the thread held the interpreter's lock. Gaps
/// that nobody could see are closed.
fn held(out: &mut String, thread: &Thread, scale: f64, y: f64) {
    let mut bars: Vec<(f64, f64)> = Vec::new();
    for (from, to) in &thread.held {
        let (from, to) = (*from as f64 * scale, *to as f64 * scale);
        match bars.last_mut() {
            Some(last) if from - last.1 < 0.5 => last.1 = to,
            _ => bars.push((from, to)),
        }
    }
    let mut path = String::new();
    for (from, to) in bars {
        let (x, middle) = (LEFT + from, y + 18.0 + LOCK / 2.0);
        let _ = write!(path, "M{x:.1} {middle}h{:.1}", (to - from).max(0.5));
    }
    if !path.is_empty() {
        let _ = write!(
            out,
            "<path d=\"{path}\" stroke=\"currentColor\" stroke-width=\"{LOCK}\"/>"
        );
    }
}

fn axis(out: &mut String, longest: u64, scale: f64, top: f64, bottom: f64) {
    let step = step(longest);
    let mut at = 0;
    while at <= longest {
        let x = LEFT + at as f64 * scale;
        let _ = write!(
            out,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{}\" stroke=\"currentColor\" stroke-opacity=\"0.12\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\" opacity=\"0.8\" font-size=\"11\">{}</text>",
            bottom + 4.0,
            bottom + 16.0,
            if at == 0 {
                "0".to_owned()
            } else {
                duration(at)
            }
        );
        at += step;
    }
}

/// A round step that gives four to eight marks.
fn step(longest: u64) -> u64 {
    let rough = (longest / 6).max(1);
    let power = 10u64.pow(rough.ilog10());
    let factor = [1, 2, 5, 10]
        .into_iter()
        .find(|factor| factor * power >= rough)
        .unwrap_or(10);
    factor * power
}

fn legend(out: &mut String, used: &BTreeSet<u32>, locks: bool, y: f64) {
    let mut x = LEFT;
    for core in used {
        let colour = COLOURS[*core as usize % COLOURS.len()];
        let _ = write!(
            out,
            "<rect x=\"{x}\" y=\"{}\" width=\"14\" height=\"11\" fill=\"{colour}\"/><text x=\"{}\" y=\"{}\">on core {core}</text>",
            y - 9.0,
            x + 19.0,
            y
        );
        x += 88.0;
    }
    let _ = write!(
        out,
        "<line x1=\"{x}\" x2=\"{}\" y1=\"{}\" y2=\"{}\" stroke=\"currentColor\" stroke-opacity=\"0.5\"/><text x=\"{}\" y=\"{y}\">not on a core</text>",
        x + 18.0,
        y - 4.0,
        y - 4.0,
        x + 24.0
    );
    if locks {
        let x = x + 116.0;
        let _ = write!(
            out,
            "<rect x=\"{x}\" y=\"{}\" width=\"18\" height=\"{LOCK}\"/><text x=\"{}\" y=\"{y}\">holds the interpreter lock</text>",
            y - 5.0,
            x + 24.0
        );
    }
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn short_marks_are_visible_and_dense_ones_stay_as_they_are() {
        let levels = |levels: &[u32]| -> Vec<u32> {
            let drawn = levels.iter().map(|level| (0, *level)).collect();
            visible(drawn).into_iter().map(|(_, level)| level).collect()
        };
        assert_eq!(levels(&[0, 1, 0, 0, 2, 1, 0]), [0, 5, 0, 0, 5, 5, 5]);
        assert_eq!(levels(&[1, 0, 0, 0, 1]), [5, 5, 5, 0, 5]);
        assert_eq!(levels(&[1, 0, 0, 1, 1, 1]), [5, 0, 0, 1, 1, 1]);
        assert_eq!(levels(&[1, 2, 1, 0]), [1, 2, 1, 0]);
    }
}
