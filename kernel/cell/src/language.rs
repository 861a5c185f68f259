//! The traits a cell language implements.

use crate::event::{CellId, Comm, MimeBundle, Output};
use std::sync::Arc;

/// How a cell is to be run as a lane of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneRun {
    /// How many times the compiled code runs; at least 1.
    pub repeat: u32,
}

/// One execution: code in one language (magics already removed), and how to run it.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Which execution this is; every event of it carries this number.
    pub id: CellId,
    /// The code. Lines of the cell that held magics are kept as empty lines, so that line
    /// numbers in messages are the cell's own.
    pub code: String,
    /// Whether to leave out the value of the last expression.
    pub silent: bool,
    /// Whether the front end can answer a request for input.
    pub allow_stdin: bool,
    /// Overrides the optimisation level of a compiled language for this cell: `"0"` to `"3"`.
    pub opt_level: Option<String>,
    /// Set where the cell is a lane: it runs `repeat` times, compiled once with optimisation,
    /// reads the session's variables and functions but leaves no new ones, and shows no last
    /// value.
    pub lane: Option<LaneRun>,
}

impl Cell {
    /// An ordinary cell.
    pub fn new(id: CellId, code: impl Into<String>) -> Self {
        Cell {
            id,
            code: code.into(),
            silent: false,
            allow_stdin: false,
            opt_level: None,
            lane: None,
        }
    }
}

/// An error as Jupyter reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellError {
    /// The kind: `panic`, `E0382`, `ZeroDivisionError`, `KeyboardInterrupt` ...
    pub name: String,
    /// One line.
    pub value: String,
    /// What is shown: lines with ANSI colours, with the cell's own line numbers.
    pub traceback: Vec<String>,
}

/// How a cell ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ran to its end.
    Ok,
    /// It failed. An interrupt is a failure named `KeyboardInterrupt`.
    Failed(CellError),
}

impl Outcome {
    /// A failure with a one-line traceback.
    pub fn failed(name: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        Outcome::Failed(CellError {
            name: name.to_owned(),
            traceback: vec![format!("\x1b[1;31m{name}\x1b[0m: {value}")],
            value,
        })
    }
}

/// Told, synchronously, when the user's code really runs: after compiling, before the first
/// statement, and directly after the last. Recorders attach here.
pub trait Watch {
    /// The code is about to run in process `pid` (all its threads, and children it starts).
    /// Called once for each repetition.
    fn started(&mut self, pid: i32);
    /// The code has ended (well or badly). Called once for each `started`.
    fn ended(&mut self);
    /// As `ended`, with the moment at which the code ended: `CLOCK_MONOTONIC`, in nanoseconds.
    fn ended_at(&mut self, _time: u64) {
        self.ended();
    }
    /// Whether it wants to know who held a lock of the whole interpreter.
    fn wants_lock(&self) -> bool {
        false
    }
    /// Who held it, told before `ended` by a language that has such a lock.
    fn lock(&mut self, _lock: Lock) {}
}

/// A time in which one thread held the interpreter's lock, as far as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The Linux number of the thread.
    pub tid: u32,
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    pub from: u64,
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    pub to: u64,
}

/// What is known of the lock that an interpreter has for all its threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Who held it.
    Seen {
        /// The thread that looked, which is not of the program.
        sampler: u32,
        /// In order, not overlapping.
        holds: Vec<Hold>,
        /// Of which times something is known at all: `CLOCK_MONOTONIC`, in nanoseconds, in order.
        looked: Vec<(u64, u64)>,
    },
    /// Nothing is known, for a reason.
    Hidden(String),
}

/// A watch that does not look.
pub struct Unwatched;

impl Watch for Unwatched {
    fn started(&mut self, _pid: i32) {}
    fn ended(&mut self) {}
}

/// One language of a session. `execute` blocks; the other objects are used at the same time
/// from other threads.
pub trait Language: Send {
    /// Runs a cell to its end. Everything it writes goes to `output` before this returns,
    /// except what threads that outlive the cell write.
    fn execute(&mut self, cell: &Cell, output: &Output, watch: &mut dyn Watch) -> Outcome;

    /// The value of one expression, for `user_expressions`: nothing else may be shown.
    fn evaluate(&mut self, id: CellId, expression: &str) -> Result<MimeBundle, CellError>;

    /// Takes what the page has sent to a comm; what that causes belongs to `id`. Answers whether
    /// anybody took it.
    fn comm(&mut self, _id: CellId, _comm: &Comm, _output: &Output) -> bool {
        false
    }

    /// Answers questions about code, also while a cell runs.
    fn assistant(&self) -> Arc<dyn Assistant>;

    /// Stops the running cell, from any thread.
    fn interrupter(&self) -> Arc<dyn Interrupter>;
}

/// Stops what runs.
pub trait Interrupter: Send + Sync {
    /// Asks the running cell to end; returns at once. `execute` then answers with a failure
    /// named `KeyboardInterrupt`. Does nothing while no cell runs.
    fn interrupt(&self);
}

/// Possible completions of the text around a position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// What can stand in place of the range, with the kind of each (`function`, `keyword` ...;
    /// empty if unknown).
    pub matches: Vec<(String, String)>,
    /// Byte range of the code that a match replaces.
    pub range: std::ops::Range<usize>,
}

/// What is known about the thing at a position.
pub type Inspection = Option<MimeBundle>;

/// Whether a piece of code can be run as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It can.
    Complete,
    /// More is needed; the next line should start with this indent.
    Incomplete {
        /// White space for the next line.
        indent: String,
    },
    /// It cannot, whatever follows.
    Invalid,
    /// Not known.
    Unknown,
}

/// Questions about code that has not been run. Positions are byte offsets into `code`.
/// Every method may be called while a cell runs and must not wait for it.
pub trait Assistant: Send + Sync {
    /// Completions at `position`.
    fn complete(&self, code: &str, position: usize) -> Completions;
    /// Documentation and type at `position`; more with `detail` 1 than with 0.
    fn inspect(&self, code: &str, position: usize, detail: u8) -> Inspection;
    /// Whether `code` is a whole cell.
    fn is_complete(&self, code: &str) -> Completeness;
}
