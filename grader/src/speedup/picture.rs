//! Draws a speedup as SVG: the curve, and what the threads did; readable in light and dark themes.

use super::Speedup;
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
    let (low, high) = (least.log2().floor(), most.log2());
    let width = 420.0;
    let x = |cores: f64| left + cores.log2() / high * (width - left - 16.0);
    let y = |s: f64| {
        height - bottom - (s.max(least).log2() - low) / (high - low) * (height - bottom - 16.0)
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
    let scale = (WIDTH - left - 10.0) / speedup.length.max(1) as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"{} threads on {} simulated cores, {:.1} milliseconds\" \
         style=\"max-width:{WIDTH}px;width:100%;font:11px system-ui,sans-serif\" fill=\"currentColor\">",
        speedup.threads.len(),
        speedup.cores,
        speedup.length as f64 / 1e6
    );
    let mut at = left;
    for activity in [
        Activity::Runs,
        Activity::Spins,
        Activity::WaitsForLock,
        Activity::Waits,
        Activity::WaitsForCore,
    ] {
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
        for i in &thread.intervals {
            let (from, to) = (i.from.min(speedup.length), i.to.min(speedup.length));
            let width = ((to - from) as f64 * scale).max(0.3);
            let tall = if i.activity == Activity::Runs {
                row - 3.0
            } else {
                row - 9.0
            };
            let _ = write!(
                svg,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{tall}\" fill=\"{}\"/>",
                left + from as f64 * scale,
                y + (row - 3.0 - tall) / 2.0,
                color(i.activity)
            );
        }
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
