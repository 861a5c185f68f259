//! What an exploration reports: plain data, the same on both sides of the pipe.

use serde::{Deserialize, Serialize};

/// A place in the program.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Site {
    /// Known from the caller's location.
    Line(String, u32, u32),
    /// An address relative to the start of the executable.
    Code(u64),
    /// Not known.
    Unknown,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Two unordered accesses, one of them a write.
    DataRace,
    /// An assertion or another panic that nobody expected.
    Panic,
    /// Every thread waits for another.
    Deadlock,
    /// A thread waits for a notification that was sent before it waited.
    LostWakeUp,
    /// Threads run and none gets anywhere.
    Livelock,
    /// A thread is passed over again and again.
    Starvation,
    /// Memory is used after it was given back.
    UseAfterFree,
    /// Memory is given back twice.
    DoubleFree,
    /// A thread was still waiting when the check ended.
    LeakedThread,
    /// A lock was still held when the check ended.
    LockHeld,
    /// The process received a signal.
    Crash,
    /// A thread's stack was used up.
    StackOverflow,
    /// The process ended by itself.
    Exit,
    /// More threads or memory than the model has.
    Limit,
}

impl Kind {
    /// The name in words.
    pub fn words(self) -> &'static str {
        match self {
            Kind::DataRace => "data race",
            Kind::Panic => "panic",
            Kind::Deadlock => "deadlock",
            Kind::LostWakeUp => "lost wake-up",
            Kind::Livelock => "livelock",
            Kind::Starvation => "starvation",
            Kind::UseAfterFree => "use after free",
            Kind::DoubleFree => "double free",
            Kind::LeakedThread => "leaked thread",
            Kind::LockHeld => "lock held at the end",
            Kind::Crash => "crash",
            Kind::StackOverflow => "stack overflow",
            Kind::Exit => "the process ended",
            Kind::Limit => "limit of the model",
        }
    }
}

/// One memory access of a race, or the place where a thread waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The thread.
    pub thread: usize,
    /// What it does there, in words: `read`, `atomic store`, `waits for the lock`.
    pub what: String,
    /// Where.
    pub site: Site,
    /// The calls that led there, innermost first; empty where not recorded.
    pub stack: Vec<Site>,
    /// The object or address that it is about; 0: none.
    pub object: u64,
    /// The thread that holds the object, and since where.
    pub holder: Option<(usize, Site)>,
}

/// What is wrong with one execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind.
    pub kind: Kind,
    /// One sentence without places.
    pub message: String,
    /// The accesses or waits that it is made of.
    pub parties: Vec<Party>,
}

impl Failure {
    /// A failure without parties.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Failure {
            kind,
            message: message.into(),
            parties: Vec::new(),
        }
    }
}

/// One step of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The thread.
    pub thread: usize,
    /// What it did: `store`, `lock`, `spawn`.
    pub operation: String,
    /// The address or object; 0: none.
    pub object: u64,
    /// The value read or written.
    pub value: Option<u64>,
    /// The value before, for a read-modify-write.
    pub old: Option<u64>,
    /// The memory ordering, as LLVM numbers them.
    pub order: Option<u8>,
    /// Whether a newer value existed.
    pub stale: bool,
    /// Where.
    pub site: Site,
    /// The calls that led there, innermost first.
    pub stack: Vec<Site>,
}

/// One execution that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counterexample {
    /// What is wrong.
    pub failure: Failure,
    /// The choices that lead there: the schedule.
    pub choices: Vec<u16>,
    /// How often a running thread was interrupted.
    pub preemptions: u32,
    /// The steps, in order.
    pub events: Vec<Event>,
    /// The names of the threads that have one.
    pub names: Vec<Option<String>>,
    /// What the program printed.
    pub printed: String,
}

/// Two locks taken in both orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockOrder {
    /// Where each lock of the cycle was taken while the one before it was held.
    pub steps: Vec<Party>,
}

/// What the exploration came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exploration {
    /// The first failure, shortened.
    pub counterexample: Option<Counterexample>,
    /// Executions run, those for shortening not counted.
    pub executions: u64,
    /// Executions that were cut off at the step limit.
    pub truncated: u64,
    /// Whether every execution within `bound` was run.
    pub exhaustive: bool,
    /// The number of preemptions up to which all executions were run; none: all.
    pub bound: Option<u32>,
    /// The longest execution, in steps.
    pub longest: u64,
    /// Processor time, in seconds.
    pub seconds: f64,
    /// Locks taken in both orders, which deadlocked in no execution.
    pub lock_orders: Vec<LockOrder>,
    /// Whether the planted race was found, without which no answer is worth anything.
    pub self_test: bool,
    /// Where the program stood in memory: statics are named by their place in it.
    pub base: u64,
    /// What executions printed, and how many printed it, where it was asked for.
    pub outcomes: Vec<(String, u64)>,
}

/// What the parent asks for: the first line on the standard input of the explored program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// A secret that the answer starts with.
    pub token: String,
    /// Which of the program's checks to run.
    pub check: usize,
    /// Whether a counterexample is shortened and its steps are recorded.
    pub shorten: bool,
    /// Whether the check is expected to panic, and with what in the message.
    pub should_panic: Option<String>,
    /// Processor time, in milliseconds.
    pub budget_ms: u64,
    /// The most executions.
    pub executions: u64,
    /// The seed of the random choices.
    pub seed: u64,
    /// What to run.
    pub mode: Mode,
    /// What `available_parallelism` answers.
    pub parallelism: usize,
    /// The most steps of one execution.
    pub steps: u64,
    /// The parts of the executable that are restored before each execution: address, length.
    pub statics: Vec<(u64, u64)>,
    /// Whether loads may return older values.
    pub weak_memory: bool,
    /// Whether to collect what each execution printed.
    pub collect: bool,
}

impl fibers::Request for Request {
    fn token(&self) -> &str {
        &self.token
    }
}

/// Which executions to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Random, PCT, round robin and exhaustive search by turns.
    Mixed,
    /// Random choices only.
    Random,
    /// Probabilistic concurrency testing only.
    Pct,
    /// All executions, up to a number of preemptions where given.
    Exhaustive(Option<u32>),
    /// One execution with these choices.
    Replay(Vec<u16>),
}
