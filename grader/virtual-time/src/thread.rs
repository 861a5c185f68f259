//! Threads of the program: fibers that all run on one thread of the system.

use crate::measures::Used;
use corosensei::Yielder;
pub use fibers::{Fiber, FiberStack, THREADS, WaitKind};

/// A wait.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// For what.
    pub kind: WaitKind,
    /// The object; 0: none.
    pub object: u64,
    /// When it ends by itself, in virtual nanoseconds.
    pub deadline: Option<u64>,
}

/// Where a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It could run from this moment on, and has no core.
    Ready(u64),
    /// It has this core.
    On(usize),
    /// It waits.
    Blocked,
    /// It has ended.
    Done,
}

/// One thread.
pub struct Thread {
    /// Its fiber, while it is not running.
    pub fiber: Option<Fiber>,
    /// How it gives up the processor.
    pub yielder: *const Yielder<(), ()>,
    /// Where it is.
    pub state: State,
    /// The number of its stack.
    pub stack: usize,
    /// How far it has come, in virtual nanoseconds.
    pub clock: u64,
    /// Since when it has its core.
    pub slice: u64,
    /// What it waits for.
    pub wait: Option<Wait>,
    /// Whether its last wait ended by time.
    pub timed_out: bool,
    /// The token of `unpark`.
    pub token: bool,
    /// Its name.
    pub name: Option<String>,
    /// Whether it ended by a panic that nobody caught.
    pub threw: bool,
    /// Whether anyone took notice of its end.
    pub joined: bool,
    /// Whether it only looks whether something has changed.
    pub spinning: bool,
    /// What it saw last: address, value, how often in a row.
    pub seen: (usize, u64, u32),
    /// The process's thread-local memory as this thread sees it.
    pub local: Box<[u8]>,
    /// What it did with its time.
    pub used: Used,
}
