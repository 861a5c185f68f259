//! A trace file for Perfetto (<https://ui.perfetto.dev>) and `chrome://tracing`.

use crate::figures::Comparison;
use crate::rows::rows;
use serde_json::{Value, json};

/// The runs that the picture shows, in the Trace Event Format: a process for each lane.
pub fn trace(comparison: &Comparison) -> Value {
    let mut events = Vec::new();
    for (number, (lane, run, _)) in comparison.shown().enumerate() {
        let process = number + 1;
        let named = |kind: &str, tid: u32, name: &str| json!({"ph": "M", "name": kind, "pid": process, "tid": tid, "args": {"name": name}});
        events.push(named("process_name", 0, &lane.label));
        for row in rows(run).rows {
            events.push(named("thread_name", row.thread.tid, &row.name));
        }
        let slice = |tid: u32, name: String, start: u64, end: u64| {
            json!({
                "ph": "X", "name": name, "pid": process, "tid": tid,
                "ts": start as f64 / 1000.0, "dur": (end - start) as f64 / 1000.0,
            })
        };
        for thread in &run.threads {
            let runs = thread.intervals.iter();
            events.extend(
                runs.map(|i| slice(thread.tid, format!("core {}", i.core), i.start, i.end)),
            );
        }
        // A row of its own: the lock is held across stretches on a core.
        for mark in run.gil.iter().flatten() {
            let name = format!("held by thread {}", mark.tid);
            events.push(slice(0, name, mark.start, mark.end));
        }
        if run.gil.is_some() {
            events.push(named("thread_name", 0, "global interpreter lock"));
        }
    }
    json!({"traceEvents": events, "displayTimeUnit": "ms"})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::turns_and_together;

    #[test]
    fn every_interval_is_a_slice_in_microseconds() {
        let lanes = turns_and_together();
        let trace = trace(&Comparison::new("", &lanes, 0));
        let events = trace["traceEvents"].as_array().unwrap();
        let slices: Vec<_> = events.iter().filter(|e| e["ph"] == "X").collect();
        assert_eq!(slices.len(), 22);
        assert_eq!(slices[1]["ts"], 10_000.0);
        assert_eq!(slices[1]["dur"], 5_000.0);
    }
}
