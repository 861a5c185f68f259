//! What was recorded, and the figures that follow from it.

use serde::{Serialize, Serializer};

/// More than this share of all cores used by other programs, and a run says nothing.
const DISTURBED: f64 = 0.15;

/// Where the intervals come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Every context switch, from the kernel.
    ContextSwitches,
    /// Samples of /proc, every 2 ms.
    Samples,
}

/// A time on a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Nanoseconds since the start of the run.
    pub start: u64,
    /// Nanoseconds since the start of the run.
    pub end: u64,
    /// Which core.
    pub core: u32,
}

/// One thread and when it ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Thread {
    /// Process.
    pub pid: u32,
    /// Linux thread id.
    pub tid: u32,
    /// Its name, as the program or the system gave it.
    pub name: String,
    /// In order, not overlapping. In JSON a text, `core:start-end core:start-end`: notebooks are saved
    /// with a line for each number, and would be five times as long.
    #[serde(serialize_with = "intervals_as_text")]
    pub intervals: Vec<Interval>,
    /// When it held the interpreter's lock, in nanoseconds since the start of the run. In JSON a text,
    /// `start-end start-end`.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "held_as_text")]
    pub held: Vec<(u64, u64)>,
}

fn intervals_as_text<S: Serializer>(all: &[Interval], to: S) -> Result<S::Ok, S::Error> {
    let text = |i: &Interval| format!("{}:{}-{}", i.core, i.start, i.end);
    to.serialize_str(&all.iter().map(text).collect::<Vec<_>>().join(" "))
}

fn held_as_text<S: Serializer>(all: &[(u64, u64)], to: S) -> Result<S::Ok, S::Error> {
    let text = |(start, end): &(u64, u64)| format!("{start}-{end}");
    to.serialize_str(&all.iter().map(text).collect::<Vec<_>>().join(" "))
}

impl Thread {
    /// Time on a core, in nanoseconds.
    pub fn cpu(&self) -> u64 {
        self.intervals.iter().map(|i| i.end - i.start).sum()
    }

    /// Time with the interpreter's lock, in nanoseconds.
    pub fn held(&self) -> u64 {
        self.held.iter().map(|(from, to)| to - from).sum()
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recording {
    /// Where the intervals come from.
    pub source: Source,
    /// When it began: `CLOCK_MONOTONIC`, in nanoseconds.
    pub start: u64,
    /// Duration, in nanoseconds.
    pub wall: u64,
    /// Threads that were on a core, in the order in which they first were.
    pub threads: Vec<Thread>,
    /// Whether the kernel lost records.
    pub lost: bool,
    /// Cores of the machine.
    pub cores: u32,
    /// Share of all cores that other programs used meanwhile, from 0 to 1.
    pub others: f64,
    /// What is known of the interpreter's lock, where the language has one.
    pub lock: Lock,
}

/// Whether it can be seen who held the lock of an interpreter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lock {
    /// There is none, or nobody looked.
    #[default]
    None,
    /// It was sampled; [`Thread::held`] says who held it.
    Sampled {
        /// Time of which something is known, in nanoseconds: a sampler that comes late misses some.
        looked: u64,
    },
    /// It cannot be seen, for this reason.
    Hidden(String),
}

impl Recording {
    /// Time on cores of all threads together, in nanoseconds.
    pub fn cpu(&self) -> u64 {
        self.threads.iter().map(Thread::cpu).sum()
    }

    /// Time in which two or more threads were on cores at once, in nanoseconds.
    pub fn together(&self) -> u64 {
        let mut changes: Vec<(u64, i32)> = self
            .threads
            .iter()
            .flat_map(|thread| &thread.intervals)
            .flat_map(|i| [(i.start, 1), (i.end, -1)])
            .collect();
        changes.sort_unstable();
        let (mut running, mut since, mut total) = (0, 0, 0);
        for (time, change) in changes {
            if running >= 2 {
                total += time - since;
            }
            running += change;
            since = time;
        }
        total
    }

    /// Time on cores between two moments of `CLOCK_MONOTONIC`, in nanoseconds.
    pub fn cpu_between(&self, from: u64, to: u64) -> u64 {
        let intervals = self.threads.iter().flat_map(|thread| &thread.intervals);
        let place = |time: u64| (self.start + time).clamp(from, to);
        intervals.map(|i| place(i.end) - place(i.start)).sum()
    }

    /// Whether other programs used so much of the machine that the run says nothing.
    pub fn disturbed(&self) -> bool {
        self.others > DISTURBED
    }
}

/// One lane of a comparison: its runs.
#[derive(Clone, Debug, Serialize)]
pub struct Lane {
    /// What the reader calls it.
    pub label: String,
    /// Its language.
    pub language: String,
    /// At least one.
    pub runs: Vec<Recording>,
}

impl Lane {
    /// The run with the median duration; the picture shows this one.
    pub fn median(&self) -> &Recording {
        let mut order: Vec<&Recording> = self.runs.iter().collect();
        order.sort_by_key(|run| run.wall);
        order[order.len() / 2]
    }

    /// Shortest and longest duration, in nanoseconds.
    pub fn spread(&self) -> (u64, u64) {
        let walls = || self.runs.iter().map(|run| run.wall);
        (walls().min().unwrap_or(0), walls().max().unwrap_or(0))
    }

    /// Whether any run was disturbed.
    pub fn disturbed(&self) -> bool {
        self.runs.iter().any(Recording::disturbed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(intervals: &[(u64, u64, u32)]) -> Thread {
        Thread {
            intervals: intervals
                .iter()
                .map(|&(start, end, core)| Interval { start, end, core })
                .collect(),
            ..Thread::default()
        }
    }

    fn recording(threads: Vec<Thread>) -> Recording {
        Recording {
            source: Source::ContextSwitches,
            start: 0,
            wall: 100,
            threads,
            lost: false,
            cores: 2,
            others: 0.0,
            lock: Lock::None,
        }
    }

    #[test]
    fn taking_turns_is_not_running_together() {
        let turns = recording(vec![
            thread(&[(0, 10, 0), (20, 30, 0)]),
            thread(&[(10, 20, 1), (30, 40, 1)]),
        ]);
        assert_eq!((turns.cpu(), turns.together()), (40, 0));
        let both = recording(vec![thread(&[(0, 30, 0)]), thread(&[(10, 40, 1)])]);
        assert_eq!((both.cpu(), both.together()), (60, 20));
    }

    #[test]
    fn times_are_short_in_json() {
        let mut one = thread(&[(0, 10, 0), (20, 30, 1)]);
        one.held = vec![(2, 7), (20, 25)];
        let json = serde_json::to_value(&one).unwrap();
        assert_eq!(json["intervals"], "0:0-10 1:20-30");
        assert_eq!(json["held"], "2-7 20-25");
    }

    #[test]
    fn the_median_run_is_shown() {
        let run = |wall| Recording {
            wall,
            ..recording(vec![])
        };
        let lane = Lane {
            label: "a".into(),
            language: "rust".into(),
            runs: vec![run(9), run(2), run(5)],
        };
        assert_eq!((lane.median().wall, lane.spread()), (5, (2, 9)));
    }
}
