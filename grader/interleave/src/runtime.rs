//! The one execution of the process, and how the program's code gets into the engine and out.

use crate::execution::{Execution, Next};
use crate::report::Failure;
use crate::schedule::Operation;
use std::cell::UnsafeCell;

/// The state that all hooks reach. It stands in a section of its own, which is not restored
/// between executions.
#[repr(C)]
struct Globals {
    execution: UnsafeCell<*mut Execution>,
    /// The engine's own code runs: its memory accesses and allocations are not the program's.
    inside: UnsafeCell<bool>,
    /// The modelled library's code runs: its accesses are not checked.
    quiet: UnsafeCell<bool>,
    next: UnsafeCell<Option<usize>>,
}

// SAFETY: everything runs on one thread of the system.
unsafe impl Sync for Globals {}

#[unsafe(link_section = ".interleave")]
static GLOBALS: Globals = Globals {
    execution: UnsafeCell::new(std::ptr::null_mut()),
    inside: UnsafeCell::new(true),
    quiet: UnsafeCell::new(false),
    next: UnsafeCell::new(None),
};

/// Whether the address belongs to the engine's globals: small functions of the engine are compiled
/// into the program, and instrumented there like its own.
#[inline]
pub fn owns(address: usize) -> bool {
    address.wrapping_sub(std::ptr::from_ref(&GLOBALS) as usize) < size_of::<Globals>()
}

/// Makes `execution` the one of the process.
pub fn install(execution: Box<Execution>) -> &'static mut Execution {
    // SAFETY: called once, before any fiber exists.
    unsafe {
        *GLOBALS.execution.get() = Box::into_raw(execution);
        &mut **GLOBALS.execution.get()
    }
}

/// Whether this process explores.
pub fn installed() -> bool {
    // SAFETY: a plain pointer, written by the thread that explores.
    unsafe { !(*GLOBALS.execution.get()).is_null() }
}

/// Whether the program's code runs under the engine.
#[inline]
pub fn active() -> bool {
    // SAFETY: one thread of the system.
    unsafe { !*GLOBALS.inside.get() }
}

/// Whether plain accesses are checked.
#[inline]
pub fn checked() -> bool {
    // SAFETY: one thread of the system.
    unsafe { !*GLOBALS.inside.get() && !*GLOBALS.quiet.get() }
}

/// Says whether the engine's own code runs; returns what was said before.
#[inline]
pub fn set_inside(inside: bool) -> bool {
    // SAFETY: one thread of the system.
    unsafe { std::mem::replace(&mut *GLOBALS.inside.get(), inside) }
}

/// Runs engine code. It must not suspend the thread.
#[inline]
pub fn with<R>(body: impl FnOnce(&mut Execution) -> R) -> R {
    let before = set_inside(true);
    // SAFETY: one thread of the system, and engine code does not nest.
    let result = body(unsafe { &mut **GLOBALS.execution.get() });
    set_inside(before);
    result
}

/// The steps of the present execution, to be read at any time.
pub fn steps() -> u64 {
    // SAFETY: a plain number, written by the thread that reads it.
    unsafe { (*GLOBALS.execution.get()).as_ref().map_or(0, |e| e.steps) }
}

/// While it lives, plain accesses are not checked: the modelled library keeps its own order.
pub struct Quiet(bool);

impl Quiet {
    /// From here on.
    #[allow(clippy::new_without_default)]
    #[inline(never)]
    pub fn new() -> Self {
        // SAFETY: one thread of the system.
        Quiet(unsafe { std::mem::replace(&mut *GLOBALS.quiet.get(), true) })
    }
}

impl Drop for Quiet {
    #[inline(never)]
    fn drop(&mut self) {
        // SAFETY: one thread of the system.
        unsafe { *GLOBALS.quiet.get() = self.0 };
    }
}

/// Lets the thread run that was decided on.
pub fn go(next: Next) {
    match next {
        Next::Stay => {}
        Next::Switch(thread) => suspend(Some(thread)),
        Next::End => loop {
            suspend(None);
        },
    }
}

/// The thread to run after a suspension; none: the execution is over.
pub fn take_next() -> Option<usize> {
    // SAFETY: one thread of the system.
    unsafe { (*GLOBALS.next.get()).take() }
}

/// Says who runs next, for a thread that ends.
pub fn set_next(next: Option<usize>) {
    // SAFETY: one thread of the system.
    unsafe { *GLOBALS.next.get() = next };
}

fn suspend(next: Option<usize>) {
    set_next(next);
    let yielder = with(|e| e.me().yielder);
    // SAFETY: quiet is per thread of the program, and restored; the yielder lives as long as the
    // fiber that runs this.
    unsafe {
        let quiet = std::mem::replace(&mut *GLOBALS.quiet.get(), false);
        (*yielder).suspend(());
        *GLOBALS.quiet.get() = quiet;
    }
}

/// Where a debugger stops: the running thread has just failed, in an execution that is recorded.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn tandem_stop_here() {
    std::hint::black_box(());
}

/// Ends the execution with a failure.
pub fn stop(failure: Failure) -> ! {
    with(|e| e.fail(failure));
    loop {
        suspend(None);
    }
}

/// The scheduling point before a visible operation.
pub fn operation(operation: Operation) {
    go(with(Execution::before_operation));
    with(|e| e.schedule.note(operation));
}

/// The value, or the end of the execution.
#[inline]
pub fn demand<T>(result: Result<T, Failure>) -> T {
    match result {
        Ok(value) => value,
        Err(failure) => stop(failure),
    }
}
