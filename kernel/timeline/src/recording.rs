//! What was recorded.

use serde::Serialize;

/// A run is disturbed if other programs used more than this share of all cores meanwhile ...
pub const DISTURBED_SHARE: f64 = 0.10;
/// ... and more than this many nanoseconds: the machine counts its use in ticks of up to 10 ms,
/// so that a few of them say nothing.
pub const DISTURBED_LEAST: u64 = 30_000_000;

/// Where the intervals come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Every context switch, as the operating system saw it: exact.
    ContextSwitches,
    /// Samples of `/proc`: how long is exact, when is known to the interval between samples.
    Samples,
}

/// Why a thread left a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// It could have gone on, and another thread was given the core.
    Preempted,
    /// It waits: for a lock, a time, data, another thread.
    Blocked,
    /// It ended, or the recording did.
    Ended,
    /// Not known: samples do not tell.
    Unknown,
}

/// A time on a core. Nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Interval {
    /// When the thread got the core.
    pub start: u64,
    /// When it left it.
    pub end: u64,
    /// Which core.
    pub core: u32,
    /// Why it left it.
    pub left: Left,
}

impl Interval {
    /// How long it lasted, in nanoseconds.
    pub fn length(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }
}

/// One thread and when it ran.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Thread {
    /// Process.
    pub pid: u32,
    /// Linux thread id.
    pub tid: u32,
    /// The name the program gave it; empty if it gave none.
    pub name: String,
    /// When it began to exist, in nanoseconds since the start of the run.
    pub born: u64,
    /// When it ceased to exist, or the run ended.
    pub died: u64,
    /// In order, not overlapping.
    pub intervals: Vec<Interval>,
}

impl Thread {
    /// Time on a core, in nanoseconds.
    pub fn cpu(&self) -> u64 {
        self.intervals.iter().map(Interval::length).sum()
    }
}

/// A time for which one thread held Python's global interpreter lock. Nanoseconds of
/// `CLOCK_MONOTONIC` where it is handed in, since the start of the run in a [`Recording`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GilInterval {
    /// Linux thread id of the holder.
    pub tid: u32,
    /// When it took the lock.
    pub start: u64,
    /// When it gave it up.
    pub end: u64,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recording {
    /// Where the intervals come from.
    pub source: Source,
    /// The process that was watched; others are its children.
    pub pid: u32,
    /// When the run began (`CLOCK_MONOTONIC`, nanoseconds).
    pub began: u64,
    /// Duration, in nanoseconds.
    pub wall: u64,
    /// Threads that were on a core, in the order in which they came to be.
    pub threads: Vec<Thread>,
    /// How many records the operating system had to throw away.
    pub lost: u64,
    /// Cores that the program was allowed to use when it began.
    pub cores: u32,
    /// Time of all cores that other programs used meanwhile, in nanoseconds; what a virtual
    /// machine's host took for others is part of it.
    pub others: u64,
    /// Cores of the machine.
    pub machine: u32,
    /// Who held Python's global interpreter lock; `None` where that is not known.
    pub gil: Option<Vec<GilInterval>>,
}

impl Recording {
    /// Time on cores of all threads together, in nanoseconds.
    pub fn cpu(&self) -> u64 {
        self.threads.iter().map(Thread::cpu).sum()
    }

    /// Share of the machine, from 0 to 1, that other programs used meanwhile.
    pub fn others_share(&self) -> f64 {
        let capacity = self.wall as f64 * f64::from(self.machine.max(1));
        (self.others as f64 / capacity.max(1.0)).min(1.0)
    }

    /// Whether other programs used so much of the machine that the run says nothing.
    pub fn disturbed(&self) -> bool {
        self.others > DISTURBED_LEAST && self.others_share() > DISTURBED_SHARE
    }

    /// Time on cores, in nanoseconds, of what `other` recorded while this run lasted: lanes
    /// that run together are no other programs to each other.
    pub fn overlap_with(&self, other: &Recording) -> u64 {
        let (from, to) = (self.began, self.began + self.wall);
        other
            .threads
            .iter()
            .flat_map(|thread| &thread.intervals)
            .map(|i| {
                let start = (other.began + i.start).max(from);
                (other.began + i.end).min(to).saturating_sub(start)
            })
            .sum()
    }

    /// Takes over who held the lock, as measured by the interpreter (`CLOCK_MONOTONIC`).
    pub fn set_gil(&mut self, held: &[GilInterval]) {
        let relative = |time: u64| time.saturating_sub(self.began).min(self.wall);
        let marks = held.iter().map(|mark| GilInterval {
            tid: mark.tid,
            start: relative(mark.start),
            end: relative(mark.end),
        });
        self.gil = Some(marks.filter(|mark| mark.end > mark.start).collect());
    }
}

/// One lane of a comparison: its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// What the reader calls it.
    pub label: String,
    /// Its language: `rust`, `python`, `c`, `cpp`.
    pub language: String,
    /// Its runs, in order.
    pub runs: Vec<Recording>,
}
