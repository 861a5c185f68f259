//! Threads of the program: fibers that all run on one thread of the system.

use crate::clock::Clock;
use crate::report::Site;
use corosensei::Yielder;
pub use fibers::{Fiber, FiberStack, THREADS, WaitKind};
use smallvec::SmallVec;
use std::panic::Location;

/// A place in the program, cheap to copy.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// A return address.
    Code(usize),
    /// The caller of a function of the modelled library.
    Line(&'static Location<'static>),
    /// Not known.
    Unknown,
}

impl Place {
    /// For the report; `base` is where the executable starts.
    pub fn site(self, base: usize) -> Site {
        match self {
            // One byte back: into the call, not behind it.
            Place::Code(code) if code > base => Site::Code((code - base - 1) as u64),
            Place::Line(l) => Site::Line(l.file().to_owned(), l.line(), l.column()),
            _ => Site::Unknown,
        }
    }

    /// Distinguishes places.
    pub fn key(self) -> usize {
        match self {
            Place::Code(code) => code,
            Place::Line(l) => std::ptr::from_ref(l) as usize,
            Place::Unknown => 0,
        }
    }
}

/// A wait.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// For what.
    pub kind: WaitKind,
    /// The object; 0: none.
    pub object: u64,
    /// Where.
    pub place: Place,
    /// When it ends by itself, in virtual nanoseconds.
    pub deadline: Option<u64>,
}

/// Whether a thread can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Yes.
    Ready,
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
    /// Whether it can run.
    pub state: State,
    /// What it waits for.
    pub wait: Option<Wait>,
    /// Whether its last wait ended by time.
    pub timed_out: bool,
    /// What it knows.
    pub clock: Clock,
    /// What its relaxed loads have seen.
    pub seen: Clock,
    /// What it knew at its last release fence.
    pub fenced: Clock,
    /// Its name.
    pub name: Option<String>,
    /// The token of `unpark`, and what the one who gave it knew.
    pub token: Option<Clock>,
    /// When it last gave way; 0: not since it last ran.
    pub yielded: u64,
    /// When it last ran.
    pub ran: u64,
    /// When it last changed something.
    pub progressed: u64,
    /// How often in a row it saw what it had seen before.
    pub repeats: u32,
    /// How often others took what it waits for.
    pub passed: u32,
    /// What it saw since it last changed something: place, object, value.
    pub observed: SmallVec<[(usize, u64, u64); 8]>,
    /// Whether it may outlive the check: threads of libraries.
    pub daemon: bool,
    /// Where it was started.
    pub origin: Place,
    /// The message of its panic, where, and its number in the execution.
    pub panic: Option<(String, Site, u64)>,
    /// Whether anyone took notice of its end.
    pub joined: bool,
    /// The calls it is in, where recorded: numbers of the depot.
    pub stack: Vec<u32>,
    /// The locks it holds, and where it took them.
    pub held: SmallVec<[(u64, Place); 4]>,
    /// The process's thread-local memory as this thread sees it.
    pub local: Box<[u8]>,
}
