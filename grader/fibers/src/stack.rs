//! Fibers and their stacks.

use corosensei::Coroutine;
use corosensei::stack::{Stack, StackPointer};

/// The most threads of one process.
pub const THREADS: usize = 256;
/// A thread's stack, in bytes.
const STACK: usize = 1 << 20;
/// The unusable space below each stack, in bytes.
const GUARD: usize = 1 << 16;
/// Where the stacks lie: fixed, so that programs that look at addresses replay too.
const START: usize = 0x5B00_0000_0000;

/// A fiber.
pub type Fiber = Coroutine<(), (), (), FiberStack>;

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
