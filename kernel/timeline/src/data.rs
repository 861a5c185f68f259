//! The figures as JSON, for programs.
//!
//! The MIME type is `application/vnd.tandem.timeline+json`, the version is in `version`: it
//! grows when a reader of the older form would misunderstand the new one. Times are
//! nanoseconds, those inside of a run since its start.
//!
//! ```text
//! { "version": 1, "title": "...", "baseline": 0, "conclusion": "...", "notes": ["..."],
//!   "lanes": [ { "label": "...", "language": "python", "source": "context_switches",
//!                "shown": 0, "least": 1, "most": 1, "counted": 1, "left_out": 0,
//!                "speedup": null or 2.0,
//!                "runs": [ { "wall": 1, "cpu": 1, "together": 0, "switches": 1,
//!                            "preemptions": 0, "threads": 2, "working": 2, "cores_used": 2,
//!                            "cores": 2, "others": 0.01, "disturbed": false, "lost": 0 } ],
//!                "threads": [ { "name": "thread 1", "pid": 1, "tid": 2, "born": 0, "died": 9,
//!                               "intervals": [ [start, end, core] ], "left_out": 0 } ],
//!                "gil": null or [ { "tid": 2, "start": 0, "end": 1 } ] } ] }
//! ```
//! `threads` are those of the run `shown`, as the picture has them.

use crate::conclusion;
use crate::figures::{Comparison, Figures};
use crate::recording::{Lane, Recording};
use crate::rows::rows;
use serde_json::{Value, json};

/// Version of the form.
pub const VERSION: u32 = 1;
/// Intervals of one thread; a notebook file must not grow without bounds.
const MAX_INTERVALS: usize = 5_000;

/// The comparison as data.
pub fn json(comparison: &Comparison) -> Value {
    let lanes: Vec<Value> = comparison
        .shown()
        .map(|(lane, run, figures)| {
            json!({
                "label": lane.label,
                "language": lane.language,
                "source": run.source,
                "shown": figures.shown,
                "least": figures.least,
                "most": figures.most,
                "counted": figures.counted,
                "left_out": figures.left_out,
                "speedup": figures.speedup,
                "runs": runs(lane),
                "threads": threads(run),
                "gil": run.gil,
            })
        })
        .collect();
    json!({
        "version": VERSION,
        "title": comparison.title,
        "baseline": comparison.baseline,
        "conclusion": conclusion::sentence(comparison),
        "notes": conclusion::notes(comparison),
        "lanes": lanes,
    })
}

fn runs(lane: &Lane) -> Vec<Value> {
    let run = |run: &Recording| {
        let mut value = json!(Figures::of(run));
        value["cores"] = json!(run.cores);
        value["lost"] = json!(run.lost);
        value
    };
    lane.runs.iter().map(run).collect()
}

fn threads(run: &Recording) -> Vec<Value> {
    rows(run)
        .rows
        .iter()
        .map(|row| {
            let intervals = row.thread.intervals.iter().take(MAX_INTERVALS);
            json!({
                "name": row.name,
                "pid": row.thread.pid,
                "tid": row.thread.tid,
                "born": row.thread.born,
                "died": row.thread.died,
                "intervals": intervals.map(|i| json!([i.start, i.end, i.core])).collect::<Vec<_>>(),
                "left_out": row.thread.intervals.len().saturating_sub(MAX_INTERVALS),
            })
        })
        .collect()
}
