//! Draws a speedup as SVG: the curve, and what the threads did; readable in light and dark themes.

use super::{Speedup, ThreadRow};
use reports::measurement::Activity;
use std::fmt::Write;

const WIDTH: f64 = 760.0;

/// The colours of activities.
fn color(activity: Activity) -> &'static str {
    match activity {
        Activity::Runs => "#2a9d5c",
        Activity::Spins => "#8e6bd1",
        Activity::WaitsForLock => "#d9453d",
        Activity::Waits => "#9aa0a6",
        Activity::WaitsForCore => "#e0a030",
    }
}

fn words(activity: Activity) -> &'static str {
    match activity {
        Activity::Runs => "computes",
        Activity::Spins => "looks again and again",
        Activity::WaitsForLock => "waits for a lock",
        Activity::Waits => "waits",
        Activity::WaitsForCore => "waits for a core",
    }
}

/// The curve of speedups over cores, both axes logarithmic, with the ideal line.
pub fn curve(speedup: &Speedup) -> String {
    let (height, left, bottom) = (240.0, 46.0, 34.0);
    let most = speedup
        .curve
        .iter()
        .map(|p| p.cores)
        .max()
        .unwrap_or(2)
        .max(2) as f64;
    let least = speedup
        .curve
        .iter()
        .map(|p| p.speedup)
        .fold(1.0, f64::min)
        .max(1.0 / 64.0);
    // A speed of nearly one is one, and needs no line of its own for what is slower.
    let low = if least > 0.9 {
        0.0
    } else {
        least.log2().floor()
    };
    let high = most.log2();
    let width = 420.0;
    let x = |cores: f64| left + cores.log2() / high * (width - left - 16.0);
    let y = |s: f64| {
        height - bottom - (s.max(1.0 / 64.0).log2() - low) / (high - low) * (height - bottom - 16.0)
    };
    let mut points = vec![(1.0, 1.0f64)];
    points.extend(speedup.curve.iter().map(|p| (p.cores as f64, p.speedup)));
    let alternative: Vec<String> = speedup
        .curve
        .iter()
        .map(|p| format!("{:.1} on {} cores", p.speedup, p.cores))
        .collect();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"Speedup: {}\" style=\"max-width:{width}px;width:100%;font:12px system-ui,sans-serif\" \
         fill=\"currentColor\">",
        alternative.join(", ")
    );
    let mut exponent = low as i32;
    while f64::from(exponent) <= high {
        let value = 2f64.powi(exponent);
        let label = if exponent >= 0 {
            format!("{value}")
        } else {
            format!("1/{}", 2f64.powi(-exponent))
        };
        let _ = write!(
            svg,
            "<line x1=\"{left}\" x2=\"{}\" y1=\"{y0:.1}\" y2=\"{y0:.1}\" stroke=\"currentColor\" opacity=\".15\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            width - 16.0,
            left - 6.0,
            y(value) + 4.0,
            y0 = y(value),
        );
        if exponent >= 0 {
            let _ = write!(
                svg,
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{value}</text>",
                x(value),
                height - bottom + 16.0
            );
        }
        exponent += 1;
    }
    let _ = write!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" opacity=\".75\">cores</text>\
         <text x=\"{left}\" y=\"11\" opacity=\".75\">times as fast</text>\
         <line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"currentColor\" opacity=\".5\" stroke-dasharray=\"4 4\"/>",
        width - 16.0,
        height - 2.0,
        x(1.0),
        y(1.0),
        x(most),
        y(most)
    );
    let path: Vec<String> = points
        .iter()
        .map(|&(c, s)| format!("{:.1},{:.1}", x(c), y(s)))
        .collect();
    let _ = write!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#3b82d6\" stroke-width=\"2.5\"/>",
        path.join(" ")
    );
    for &(c, s) in &points {
        let _ = write!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\" fill=\"#3b82d6\"><title>{s:.2} times on {c} cores</title></circle>",
            x(c),
            y(s)
        );
    }
    svg + "</svg>"
}

/// The most threads that are drawn.
const ROWS: usize = 24;

/// What the threads did: one row each.
pub fn threads(speedup: &Speedup) -> String {
    let (left, row) = (90.0, 16.0);
    let shown = &speedup.threads[..speedup.threads.len().min(ROWS)];
    let height = 44.0 + row * shown.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"{} threads on {} simulated cores, {:.1} milliseconds\" \
         style=\"max-width:{WIDTH}px;width:100%;font:11px system-ui,sans-serif\" fill=\"currentColor\">",
        speedup.threads.len(),
        speedup.cores,
        speedup.length as f64 / 1e6
    );
    let mut at = left;
    for activity in ACTIVITIES {
        let _ = write!(
            svg,
            "<rect x=\"{at}\" y=\"4\" width=\"10\" height=\"10\" fill=\"{}\"/><text x=\"{}\" y=\"13\">{}</text>",
            color(activity),
            at + 14.0,
            words(activity)
        );
        at += 30.0 + words(activity).len() as f64 * 6.2;
    }
    for (index, thread) in shown.iter().enumerate() {
        let y = 22.0 + row * index as f64;
        let name: String = thread.name.chars().take(13).collect();
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            left - 6.0,
            y + 10.5,
            crate::html::escape(&name)
        );
        let shares = shares(thread, speedup.length, (WIDTH - left - 10.0) as usize);
        svg += &bars(&shares, left, y, row - 3.0);
    }
    let _ = write!(
        svg,
        "<text x=\"{left}\" y=\"{y}\">0</text><text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{:.1} ms</text></svg>",
        WIDTH - 10.0,
        speedup.length as f64 / 1e6,
        y = height - 6.0
    );
    svg
}

/// All that a thread can do, from the bottom of a row to its top.
const ACTIVITIES: [Activity; 5] = [
    Activity::Runs,
    Activity::Spins,
    Activity::WaitsForLock,
    Activity::Waits,
    Activity::WaitsForCore,
];

/// The share of each activity in each pixel's time. Many a wait is shorter than a pixel; so that they are
/// seen, a pixel shows all that happened in it.
fn shares(thread: &ThreadRow, length: u64, pixels: usize) -> Vec<[f64; ACTIVITIES.len()]> {
    let mut shares = vec![[0.0; ACTIVITIES.len()]; pixels];
    let scale = pixels as f64 / length.max(1) as f64;
    for interval in &thread.intervals {
        let which = ACTIVITIES.iter().position(|a| *a == interval.activity);
        let (from, to) = (interval.from as f64 * scale, interval.to as f64 * scale);
        let last = (to.ceil() as usize).min(pixels);
        for (pixel, share) in shares.iter_mut().enumerate().take(last).skip(from as usize) {
            let overlap = to.min(pixel as f64 + 1.0) - from.max(pixel as f64);
            if let Some(which) = which {
                share[which] += overlap.max(0.0);
            }
        }
    }
    shares
}

/// A row: pixels whose height is shared among the activities, a path for each of them.
fn bars(shares: &[[f64; ACTIVITIES.len()]], left: f64, top: f64, tall: f64) -> String {
    /// Steps of a share; finer ones cannot be seen.
    const STEPS: f64 = 12.0;
    let steps: Vec<[u32; ACTIVITIES.len()]> = shares
        .iter()
        .map(|pixel| pixel.map(|share| (share * STEPS).round() as u32))
        .collect();
    let mut paths = [const { String::new() }; ACTIVITIES.len()];
    let mut x = left;
    for same in steps.chunk_by(|a, b| a == b) {
        let wide = same.len();
        let mut bottom = top + tall;
        for (path, share) in paths.iter_mut().zip(same[0]) {
            if share > 0 {
                let high = f64::from(share) / STEPS * tall;
                bottom -= high;
                let _ = write!(path, "M{x} {bottom:.1}h{wide}v{high:.1}h-{wide}z");
            }
        }
        x += wide as f64;
    }
    let drawn = paths
        .iter()
        .zip(ACTIVITIES)
        .filter(|(path, _)| !path.is_empty());
    drawn
        .map(|(path, activity)| {
            let opacity = if activity == Activity::Waits {
                0.4
            } else {
                1.0
            };
            let color = color(activity);
            format!("<path d=\"{path}\" fill=\"{color}\" fill-opacity=\"{opacity}\"/>")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reports::measurement::Interval;

    #[test]
    fn short_waits_are_seen() {
        let intervals = (0..100).map(|n| Interval {
            from: n * 10,
            to: n * 10 + 10,
            activity: match n % 2 {
                0 => Activity::Runs,
                _ => Activity::WaitsForLock,
            },
        });
        let thread = ThreadRow {
            name: "T1".into(),
            intervals: intervals.collect(),
        };
        let shares = shares(&thread, 1000, 10);
        let near = |a: f64| (a - 0.5).abs() < 1e-9;
        assert!(shares.iter().all(|pixel| near(pixel[0]) && near(pixel[2])));
        assert_eq!(bars(&shares, 0.0, 0.0, 12.0).matches("<path").count(), 2);
    }
}
