//! Threads of the program: fibers that all run on one thread of the system.

use crate::clock::{Clock, ThreadId};
use crate::report::Site;
use corosensei::stack::{Stack, StackPointer};
use corosensei::{Coroutine, Yielder};
use smallvec::SmallVec;
use std::panic::Location;

/// The most threads of one execution.
pub const THREADS: usize = 256;
/// A thread's stack, in bytes.
const STACK: usize = 1 << 20;
/// The unusable space below each stack, in bytes.
const GUARD: usize = 1 << 16;
/// Where the stacks lie: fixed, so that programs that look at addresses replay too.
const START: usize = 0x5B00_0000_0000;

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

/// What a blocked thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitKind {
    /// A lock.
    Lock,
    /// A read-write lock, to read.
    Read,
    /// A read-write lock, to write.
    Write,
    /// A condition variable whose waits may end for no reason.
    Condvar,
    /// A condition variable whose waits end by a notification only.
    Signal,
    /// The end of this thread.
    Join(ThreadId),
    /// The end of the threads of a scope.
    Scope,
    /// `unpark`.
    Park,
    /// A message.
    Receive,
    /// Room for a message.
    Send,
    /// The others at a barrier.
    Barrier,
    /// Another thread's initialisation.
    Once,
    /// The time.
    Sleep,
}

impl WaitKind {
    /// In words, to follow "waits for".
    pub fn words(self) -> String {
        match self {
            WaitKind::Lock => "the lock".into(),
            WaitKind::Read => "the lock, to read".into(),
            WaitKind::Write => "the lock, to write".into(),
            WaitKind::Condvar | WaitKind::Signal => "a notification".into(),
            WaitKind::Join(thread) => format!("the end of T{thread}"),
            WaitKind::Scope => "the end of the scope's threads".into(),
            WaitKind::Park => "unpark".into(),
            WaitKind::Receive => "a message".into(),
            WaitKind::Send => "room for its message".into(),
            WaitKind::Barrier => "the others at the barrier".into(),
            WaitKind::Once => "the initialisation".into(),
            WaitKind::Sleep => "the time".into(),
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

/// A fiber.
pub type Fiber = Coroutine<(), (), (), FiberStack>;

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

/// The stack of the thread with a certain number.
pub struct FiberStack {
    base: usize,
}

impl FiberStack {
    /// The stack number `index`, below [`THREADS`]; one fiber at a time may use it.
    pub fn new(index: usize) -> FiberStack {
        FiberStack {
            base: region() + (index + 1) * (STACK + GUARD),
        }
    }

    /// The thread on whose stack's guard the address lies.
    pub fn guard_of(address: usize) -> Option<usize> {
        let offset = address.checked_sub(region())?;
        let index = offset / (STACK + GUARD);
        (index < THREADS && offset % (STACK + GUARD) < GUARD).then_some(index)
    }
}

/// The start of all stacks: reserved at first use.
fn region() -> usize {
    static REGION: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    *REGION.get_or_init(|| {
        let size = THREADS * (STACK + GUARD);
        // SAFETY: a fresh private mapping; memory is used only where touched.
        unsafe {
            let start = libc::mmap(
                START as *mut _,
                size,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            );
            assert!(start != libc::MAP_FAILED, "no address space for stacks");
            for index in 0..THREADS {
                libc::mprotect(start.add(index * (STACK + GUARD)), GUARD, libc::PROT_NONE);
            }
            start as usize
        }
    })
}

// SAFETY: the memory is mapped for the whole life of the process, with a guard below.
unsafe impl Stack for FiberStack {
    fn base(&self) -> StackPointer {
        StackPointer::new(self.base).expect("an address")
    }
    fn limit(&self) -> StackPointer {
        StackPointer::new(self.base - STACK - GUARD).expect("an address")
    }
}
