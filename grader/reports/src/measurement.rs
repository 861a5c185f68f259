//! What a measured program reports: plain data, the same on both sides of the pipe. All times are
//! virtual nanoseconds.

use serde::{Deserialize, Serialize};

/// What a thread does in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activity {
    /// It computes.
    Runs,
    /// It looks again and again whether something has changed.
    Spins,
    /// It waits for a lock.
    WaitsForLock,
    /// It waits for something else: a message, a notification, another thread's end.
    Waits,
    /// It could run, and all cores are busy.
    WaitsForCore,
}

/// An interval of a thread's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// From then, in nanoseconds.
    pub from: u64,
    /// Until then.
    pub to: u64,
    /// What it did.
    pub activity: Activity,
}

/// What the parent asks for: the first line on the standard input of the measured program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// A secret that the answer starts with.
    pub token: String,
    /// The cores of the simulated machine, 1 to 64.
    pub cores: usize,
    /// The seed of each round's input: as many rounds.
    pub seeds: Vec<u64>,
    /// A speedup below which nothing is left to be decided: where a long round has less, it is the last.
    pub hopeless: f64,
}

impl Request {
    /// Whether more rounds would say nothing else. Nothing could disturb a long round so much.
    pub fn is_hopeless(&self, round: &Round) -> bool {
        const LONG: u64 = 10_000_000;
        round.attempt >= LONG && (round.reference as f64) < self.hopeless * round.attempt as f64
    }
}

impl fibers::Request for Request {
    fn token(&self) -> &str {
        &self.token
    }
}

/// The answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Measurement {
    /// The rounds that came to their end.
    pub rounds: Vec<Round>,
    /// The last round's threads.
    pub threads: Vec<ThreadUse>,
    /// The last round's start, on the clock of the intervals.
    pub start: u64,
    /// Why there are not more rounds.
    pub failure: Option<String>,
    /// What the program printed.
    pub printed: String,
}

/// One round: the reference, then the attempt, with the same input.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Round {
    /// How long the reference took.
    pub reference: u64,
    /// How long the attempt took.
    pub attempt: u64,
    /// Whether both gave the same answer.
    pub equal: bool,
    /// For how long how many threads computed at once.
    pub profile: Vec<u64>,
    /// How long all threads computed, together.
    pub computed: u64,
    /// How long threads waited for locks, together.
    pub lock_waits: u64,
    /// How long threads looked again and again for a change, together.
    pub spinning: u64,
    /// What the system's services cost: starting and waking threads.
    pub system: u64,
    /// How many threads were started.
    pub spawned: u64,
    /// How long threads waited for cache lines, together.
    pub lines: u64,
    /// How often a cache line travelled.
    pub transfers: u64,
    /// The most contended locks.
    pub locks: Vec<LockUse>,
    /// The cache lines that travelled most.
    pub shared: Vec<LineUse>,
}

/// A contended lock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LockUse {
    /// Where it was taken first: file, line.
    pub place: Option<(String, u32)>,
    /// How often it was taken.
    pub taken: u64,
    /// How long threads waited for it, together.
    pub waited: u64,
    /// How long it was held.
    pub held: u64,
}

/// A cache line that travelled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LineUse {
    /// What its travels cost.
    pub cost: u64,
    /// How often it travelled.
    pub transfers: u64,
    /// Whether no word of it was contended.
    pub falsely_shared: bool,
    /// Where in the executable, relative to its start.
    pub codes: Vec<u64>,
}

/// What a thread did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ThreadUse {
    /// Its name.
    pub name: Option<String>,
    /// How long it computed.
    pub computed: u64,
    /// What it did, in order.
    pub intervals: Vec<Interval>,
}
