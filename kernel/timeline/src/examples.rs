//! Hand-made recordings for tests.

use crate::recording::{Interval, Lane, Left, Recording, Source, Thread};

/// A thread that was on cores at the given times: start, end, core.
pub fn thread(tid: u32, intervals: &[(u64, u64, u32)]) -> Thread {
    Thread {
        pid: 1,
        tid,
        name: String::new(),
        born: intervals.first().map_or(0, |first| first.0),
        died: intervals.last().map_or(0, |last| last.1),
        intervals: intervals
            .iter()
            .map(|&(start, end, core)| Interval {
                start,
                end,
                core,
                left: Left::Blocked,
            })
            .collect(),
    }
}

/// A quiet run on two cores, as long as its threads.
pub fn recording(threads: Vec<Thread>) -> Recording {
    Recording {
        source: Source::ContextSwitches,
        pid: 1,
        began: 0,
        wall: threads.iter().map(|t| t.died).max().unwrap_or(0),
        threads,
        lost: 0,
        cores: 2,
        others: 0,
        machine: 2,
        gil: None,
    }
}

/// A lane with a run of one thread for each duration.
pub fn lane(label: &str, walls: &[u64]) -> Lane {
    Lane {
        label: label.to_owned(),
        language: "rust".to_owned(),
        runs: walls
            .iter()
            .map(|wall| recording(vec![thread(1, &[(0, *wall, 0)])]))
            .collect(),
    }
}

/// Two Python threads that take turns on two cores, and two Rust threads that do not have to.
pub fn turns_and_together() -> [Lane; 2] {
    const MS: u64 = 1_000_000;
    let turns = |first: u64| -> Vec<(u64, u64, u32)> {
        (0..10)
            .map(|turn| {
                let start = (first + turn * 2) * 5 * MS;
                (start, start + 5 * MS, first as u32)
            })
            .collect()
    };
    let mut python = lane("Python", &[]);
    python.language = "python".to_owned();
    python.runs = vec![recording(vec![thread(2, &turns(0)), thread(3, &turns(1))])];
    let mut rust = lane("Rust", &[]);
    rust.runs = vec![recording(vec![
        thread(2, &[(0, 50 * MS, 0)]),
        thread(3, &[(0, 50 * MS, 1)]),
    ])];
    [python, rust]
}
