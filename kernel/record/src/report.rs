//! The picture with its table, its sentence, its text alternative and its data.

use crate::draw::{duration, escape, svg};
use crate::recording::{Lane, Lock, Recording, Source, Thread};
use serde_json::{Value, json};
use std::fmt::Write;
use tandem_cell::MimeBundle;

/// MIME type of the figures: `{"version": 2, "title": ..., "lanes": [...]}`, times in nanoseconds; see
/// [`Lane`] and what is in it.
pub const MIME: &str = "application/vnd.tandem.timeline+json";

/// Lanes whose times differ by less than this factor are told to take the same.
const NOTICEABLE: f64 = 1.05;

/// Everything that a front end may show of a comparison. `baseline` is the index of the lane
/// that speedups refer to.
pub fn bundle(title: &str, lanes: &[Lane], baseline: usize) -> MimeBundle {
    let sentence = conclusion(lanes, baseline);
    let table = table(lanes, baseline);
    let end = if title.ends_with(['?', '.']) { "" } else { "." };
    let description = format!("{title}{end} {} {sentence}", in_words(lanes));
    let picture = svg(title, lanes, &description);
    let html = format!(
        "<div style=\"max-width:760px;overflow-x:auto\">{picture}{}{}{}</div>",
        table_html(&table),
        match sentence.as_str() {
            "" => String::new(),
            some => format!("<p>{}</p>", escape(some)),
        },
        source_html(lanes)
    );
    let data = json!({"version": 2, "title": title, "baseline": baseline, "lanes": lanes});
    MimeBundle::text(text(title, &table, &description, lanes))
        .with("text/html", html)
        .with(MIME, data)
}

/// Lanes that ran at the same time are no "other programs" to each other.
pub fn share_the_machine(lanes: &mut [Lane]) {
    let all = lanes.to_vec();
    for (number, lane) in lanes.iter_mut().enumerate() {
        for run in &mut lane.runs {
            let others = all.iter().enumerate().filter(|(other, _)| *other != number);
            let (from, to) = (run.start, run.start + run.wall);
            let used: u64 = others
                .flat_map(|(_, lane)| &lane.runs)
                .map(|other| other.cpu_between(from, to))
                .sum();
            let capacity = run.wall as f64 * f64::from(run.cores);
            run.others = (run.others - used as f64 / capacity).max(0.0);
        }
    }
}

/// A trace for Perfetto and chrome://tracing.
pub fn trace(lanes: &[Lane]) -> Value {
    let events: Vec<Value> = lanes
        .iter()
        .enumerate()
        .flat_map(|(number, lane)| {
            let named = json!({"ph": "M", "name": "process_name", "pid": number, "args": {"name": lane.label}});
            let runs = lane.median().threads.iter().flat_map(move |thread| {
                thread.intervals.iter().map(move |i| {
                    json!({
                        "ph": "X", "name": format!("core {}", i.core), "pid": number, "tid": thread.tid,
                        "ts": i.start as f64 / 1000.0, "dur": (i.end - i.start) as f64 / 1000.0,
                    })
                })
            });
            std::iter::once(named).chain(runs)
        })
        .collect();
    json!({ "traceEvents": events })
}

type Row = [String; 6];

fn table(lanes: &[Lane], baseline: usize) -> Vec<Row> {
    let base = lanes.get(baseline).map_or(1, |lane| lane.median().wall) as f64;
    lanes
        .iter()
        .enumerate()
        .map(|(number, lane)| {
            let run = lane.median();
            let (least, most) = lane.spread();
            let wall = match lane.runs.len() {
                1 => duration(run.wall),
                _ => format!(
                    "{} ({} to {})",
                    duration(run.wall),
                    duration(least),
                    duration(most)
                ),
            };
            [
                lane.label.clone(),
                wall,
                duration(run.cpu()),
                run.threads.len().to_string(),
                format!("{} ({:.0} %)", duration(run.together()), share(run) * 100.0),
                match number == baseline {
                    true => "baseline".to_owned(),
                    false => format!("{:.2} x", base / run.wall as f64),
                },
            ]
        })
        .collect()
}

const HEADS: Row2 = [
    "lane",
    "time",
    "CPU time",
    "threads that ran",
    "two or more at once",
    "speed",
];
type Row2 = [&'static str; 6];

fn table_html(rows: &[Row]) -> String {
    let mut out = "<table><thead><tr>".to_owned();
    for head in HEADS {
        let _ = write!(out, "<th scope=\"col\">{head}</th>");
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
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

/// Share of the run in which two or more threads were on cores at once.
fn share(run: &Recording) -> f64 {
    run.together() as f64 / run.wall as f64
}

/// The table in words, for those who hear the picture.
fn in_words(lanes: &[Lane]) -> String {
    let parts = lanes.iter().map(|lane| {
        let run = lane.median();
        let threads = match run.threads.len() {
            1 => "one thread".to_owned(),
            more => format!("{more} threads"),
        };
        format!(
            "“{}”: {threads} in {}, two or more on cores at once for {:.0} % of it",
            lane.label,
            duration(run.wall),
            share(run) * 100.0
        )
    });
    parts.collect::<Vec<_>>().join("; ") + "."
}

/// What follows from the figures and is not in the table, or why nothing does; empty where there is nothing
/// to say.
fn conclusion(lanes: &[Lane], baseline: usize) -> String {
    if let Some(lane) = lanes.iter().find(|lane| lane.disturbed()) {
        let others = lane.runs.iter().map(|run| run.others).fold(0.0, f64::max);
        return format!(
            "Other programs used {:.0} % of the machine while “{}” ran, so these times say little; \
             run the cell again when the machine is quiet.",
            others * 100.0,
            lane.label
        );
    }
    let one_core = lanes.iter().all(|lane| lane.median().cores < 2);
    if one_core {
        return "This machine has one core: no two threads can be on a core at once here."
            .to_owned();
    }
    let mut parts: Vec<String> = lanes.iter().filter_map(lock).collect();
    if lanes.len() > 1 {
        let base = &lanes[baseline];
        let fastest = lanes.iter().min_by_key(|lane| lane.median().wall);
        parts.extend(fastest.and_then(|fastest| {
            let times = base.median().wall as f64 / fastest.median().wall as f64;
            if times >= NOTICEABLE {
                let (fastest, base) = (&fastest.label, &base.label);
                return Some(format!(
                    "The fastest, “{fastest}”, took {times:.2} times less time than “{base}”."
                ));
            }
            let slowest = lanes.iter().map(|lane| lane.median().wall).max()?;
            let even = (slowest as f64) < fastest.median().wall as f64 * NOTICEABLE;
            even.then(|| "All lanes took about the same time.".to_owned())
        }));
    }
    parts.join(" ")
}

/// How the threads of a lane shared the interpreter's lock, where that was seen. Who holds it for less
/// than a hundredth of the time may hold it between two looks.
fn lock(lane: &Lane) -> Option<String> {
    let run = lane.median();
    let held: u64 = run.threads.iter().map(Thread::held).sum();
    let Lock::Sampled { looked } = run.lock else {
        return None;
    };
    let share = held as f64 / looked.max(1) as f64;
    if share < 0.01 {
        return None;
    }
    let holders = run.threads.iter().filter(|thread| thread.held() > 0);
    Some(format!(
        "In “{}” {} held Python’s interpreter lock, together for {:.0} % of the time{}.",
        lane.label,
        match holders.count() {
            1 => "one thread".to_owned(),
            more => format!("{more} threads, one at a time,"),
        },
        share * 100.0,
        match (looked as f64) < 0.95 * run.wall as f64 {
            true => " that was looked at",
            false => "",
        }
    ))
}

/// How it was recorded: to be looked up where all is as it should be, and said where it is not.
fn source_html(lanes: &[Lane]) -> String {
    let text = escape(&source(lanes));
    let mut runs = lanes.iter().flat_map(|lane| &lane.runs);
    let exact = |run: &Recording| {
        run.source == Source::ContextSwitches && !run.lost && !matches!(run.lock, Lock::Hidden(_))
    };
    match runs.all(exact) {
        true => format!(
            "<details><summary style=\"opacity:.75;font-size:90%\">How this was recorded</summary><p>{text}</p></details>"
        ),
        false => format!("<p style=\"opacity:.75;font-size:90%\">{text}</p>"),
    }
}

fn source(lanes: &[Lane]) -> String {
    let runs = || lanes.iter().flat_map(|lane| &lane.runs);
    let mut text = match runs().all(|run| run.source == Source::ContextSwitches) {
        true => "Recorded from outside: every context switch, as the operating system saw it.".to_owned(),
        false => "Sampled from outside every 2 ms: this system does not let its context switches be recorded.".to_owned(),
    };
    if runs().any(|run| run.lost) {
        text.push_str(" Some records were lost.");
    }
    if lanes.iter().any(|lane| lane.runs.len() > 1) {
        text.push_str(" Times are medians; the picture shows the median run.");
    }
    if runs().any(|run| matches!(run.lock, Lock::Sampled { .. })) {
        text.push_str(
            " Who held Python’s interpreter lock was looked up every half millisecond, from a native thread; \
             where a look came late, nothing is known.",
        );
    }
    let reason = runs().find_map(|run| match &run.lock {
        Lock::Hidden(reason) => Some(reason),
        _ => None,
    });
    if let Some(reason) = reason {
        text.push_str(&format!(
            " Who held the interpreter lock is not shown: {reason}."
        ));
    }
    text
}

/// The same in plain text, with a line for each thread.
fn text(title: &str, table: &[Row], sentence: &str, lanes: &[Lane]) -> String {
    const COLUMNS: usize = 60;
    let longest = lanes
        .iter()
        .map(|lane| lane.median().wall)
        .max()
        .unwrap_or(1)
        .max(1);
    let mut out = format!("{title}\n");
    for (lane, row) in lanes.iter().zip(table) {
        let _ = writeln!(
            out,
            "\n{}: {}, CPU {}, two or more at once {}, {}",
            row[0], row[1], row[2], row[4], row[5]
        );
        for thread in lane.median().threads.iter().take(12) {
            let mut line = vec!['·'; COLUMNS];
            for interval in &thread.intervals {
                let place = |time: u64| (time as f64 / longest as f64 * COLUMNS as f64) as usize;
                let end = place(interval.end)
                    .max(place(interval.start) + 1)
                    .min(COLUMNS);
                let core = char::from_digit(interval.core % 36, 36).unwrap_or('#');
                line[place(interval.start).min(COLUMNS - 1)..end].fill(core);
            }
            let _ = writeln!(out, "  {}", line.into_iter().collect::<String>());
        }
    }
    let _ = write!(
        out,
        "\n(a digit is the core that a thread was on)\n{sentence}"
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Interval;

    fn lane(label: &str, together: bool, others: f64) -> Lane {
        let second = if together { 0 } else { 50_000_000 };
        let thread = |tid, start, core| Thread {
            pid: 1,
            tid,
            name: String::new(),
            intervals: vec![Interval {
                start,
                end: start + 50_000_000,
                core,
            }],
            held: Vec::new(),
        };
        Lane {
            label: label.into(),
            language: "rust".into(),
            runs: vec![Recording {
                source: Source::ContextSwitches,
                start: 0,
                wall: 50_000_000 + second,
                threads: vec![thread(1, 0, 0), thread(2, second, 1)],
                lost: false,
                cores: 2,
                others,
                lock: Lock::None,
            }],
        }
    }

    #[test]
    fn the_sentence_says_what_the_figures_say() {
        let lanes = [lane("Python <2>", false, 0.0), lane("Rust", true, 0.0)];
        let shown = bundle("Sum & more", &lanes, 0);
        let html = shown.data["text/html"].as_str().unwrap();
        assert!(
            html.contains(
                "“Python &lt;2&gt;”: 2 threads in 100 ms, two or more on cores at once for 0 % of it"
            ),
            "{html}"
        );
        assert!(html.contains("“Rust”, took 2.00 times less time"), "{html}");
        assert!(
            html.contains("role=\"img\"")
                && html.contains("<desc>")
                && html.contains("Sum &amp; more")
        );
        assert!(
            shown.data["text/plain"]
                .as_str()
                .unwrap()
                .contains("Rust: 50 ms")
        );
    }

    #[test]
    fn lanes_that_differ_little_are_not_ranked() {
        let said = |first: bool, second: bool| {
            conclusion(&[lane("a", first, 0.0), lane("b", second, 0.0)], 0)
        };
        assert_eq!(said(true, true), "All lanes took about the same time.");
        // The baseline is the fastest.
        assert_eq!(said(true, false), "");
    }

    #[test]
    fn who_held_the_lock_is_drawn_and_told() {
        let mut lane = lane("Python", false, 0.0);
        lane.runs[0].lock = Lock::Sampled {
            looked: 100_000_000,
        };
        lane.runs[0].threads[0].held = vec![(0, 50_000_000)];
        lane.runs[0].threads[1].held = vec![(50_000_000, 90_000_000)];
        let shown = bundle("t", &[lane.clone()], 0);
        let html = shown.data["text/html"].as_str().unwrap();
        let told = "2 threads, one at a time, held Python’s interpreter lock, together for 90 % of the time";
        assert!(
            html.contains(told) && html.contains(">holds the interpreter lock<"),
            "{html}"
        );
        lane.runs[0].lock = Lock::Hidden("Python 3.12 does not show it".to_owned());
        lane.runs[0]
            .threads
            .iter_mut()
            .for_each(|thread| thread.held.clear());
        let shown = bundle("t", &[lane], 0);
        let html = shown.data["text/html"].as_str().unwrap();
        assert!(
            html.contains("not shown: Python 3.12") && !html.contains(">holds the"),
            "{html}"
        );
    }

    #[test]
    fn lanes_that_ran_together_do_not_disturb_each_other() {
        let mut lanes = [lane("a", true, 0.5), lane("b", true, 0.5)];
        lanes[1].runs[0].start = 25_000_000;
        share_the_machine(&mut lanes);
        // Two threads of the other one for half of the time: half of two cores.
        assert!((lanes[0].runs[0].others - 0.0).abs() < 1e-9, "{lanes:?}");
        assert!(lanes[1].runs[0].others < 0.01, "{lanes:?}");
    }

    #[test]
    fn a_disturbed_run_gives_no_conclusion() {
        let sentence = conclusion(&[lane("a", true, 0.0), lane("b", true, 0.4)], 0);
        assert!(
            sentence.contains("Other programs used 40 %") && !sentence.contains("times less"),
            "{sentence}"
        );
    }
}
