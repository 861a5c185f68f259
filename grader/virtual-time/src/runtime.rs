//! The one simulation of the process, and how the program's code gets into the engine and out.

use crate::simulation::Simulation;
use crate::stopwatch::Stopwatch;
use std::cell::UnsafeCell;

struct Globals {
    simulation: UnsafeCell<*mut Simulation>,
    stopwatch: UnsafeCell<Option<Stopwatch>>,
    /// The engine's own code runs: its time does not count.
    inside: UnsafeCell<bool>,
    /// The modelled library's code runs: its atomic operations are no events.
    quiet: UnsafeCell<bool>,
    next: UnsafeCell<Option<usize>>,
}

// SAFETY: everything runs on one thread of the system.
unsafe impl Sync for Globals {}

static GLOBALS: Globals = Globals {
    simulation: UnsafeCell::new(std::ptr::null_mut()),
    stopwatch: UnsafeCell::new(None),
    inside: UnsafeCell::new(true),
    quiet: UnsafeCell::new(false),
    next: UnsafeCell::new(None),
};

/// Makes `simulation` the one of the process.
pub fn install(simulation: Box<Simulation>) -> *mut Simulation {
    // SAFETY: called once, before any fiber exists.
    unsafe {
        *GLOBALS.stopwatch.get() = Some(Stopwatch::calibrated());
        *GLOBALS.simulation.get() = Box::into_raw(simulation);
        *GLOBALS.simulation.get()
    }
}

/// Whether the program's code runs under the engine.
#[inline]
pub fn active() -> bool {
    // SAFETY: one thread of the system.
    unsafe { !*GLOBALS.inside.get() }
}

/// Whether atomic operations are events.
#[inline]
pub fn checked() -> bool {
    // SAFETY: one thread of the system.
    unsafe { !*GLOBALS.inside.get() && !*GLOBALS.quiet.get() }
}

/// The program's code stops, and the engine's begins.
#[inline]
pub fn stop_clock() {
    // SAFETY: one thread of the system; the simulation exists.
    unsafe {
        *GLOBALS.inside.get() = true;
        if let Some(watch) = &mut *GLOBALS.stopwatch.get() {
            (**GLOBALS.simulation.get()).computed(watch.stop());
        }
    }
}

/// The program's code goes on.
#[inline]
pub fn start_clock() {
    // SAFETY: one thread of the system.
    unsafe {
        *GLOBALS.inside.get() = false;
        if let Some(watch) = &mut *GLOBALS.stopwatch.get() {
            watch.start();
        }
    }
}

/// Runs engine code, whose time does not count.
#[inline]
pub fn with<R>(body: impl FnOnce(&mut Simulation) -> R) -> R {
    let outermost = active();
    if outermost {
        stop_clock();
    }
    // SAFETY: one thread of the system, and engine code does not nest.
    let result = body(unsafe { &mut **GLOBALS.simulation.get() });
    if outermost {
        start_clock();
    }
    result
}

/// Runs an operation that others see, after everything that happens before it. The operation is
/// repeated after waits for as long as it answers with a wait.
#[inline]
pub fn event<R>(mut body: impl FnMut(&mut Simulation) -> Step<R>) -> R {
    stop_clock();
    loop {
        // SAFETY: as in `with`; the borrow ends before the thread is suspended.
        let step = {
            let simulation = unsafe { &mut **GLOBALS.simulation.get() };
            if simulation.must_wait() {
                Step::Again
            } else {
                body(simulation)
            }
        };
        match step {
            Step::Done(result) => {
                start_clock();
                return result;
            }
            Step::Again => give_way(),
        }
    }
}

/// What comes of a try of an operation.
pub enum Step<R> {
    /// Its result.
    Done(R),
    /// It has to be tried again when this thread is the next.
    Again,
}

/// Lets the thread run whose turn it is; called by the engine only.
fn give_way() {
    // SAFETY: one thread of the system; quiet is per thread of the program; the yielder lives as
    // long as the fiber that runs this.
    unsafe {
        let simulation = &mut **GLOBALS.simulation.get();
        let me = simulation.current;
        let next = simulation.dispatch();
        if next == Some(me) {
            return;
        }
        set_next(next);
        let yielder = simulation.threads[me].yielder;
        let quiet = std::mem::replace(&mut *GLOBALS.quiet.get(), false);
        (*yielder).suspend(());
        *GLOBALS.quiet.get() = quiet;
    }
}

/// The thread to run after a suspension; none: nobody can run.
pub fn take_next() -> Option<usize> {
    // SAFETY: one thread of the system.
    unsafe { (*GLOBALS.next.get()).take() }
}

/// Says who runs next, for a thread that ends.
pub fn set_next(next: Option<usize>) {
    // SAFETY: one thread of the system.
    unsafe { *GLOBALS.next.get() = next };
}

/// While it lives, atomic operations are no events: the modelled library keeps its own order.
pub struct Quiet(bool);

impl Quiet {
    /// From here on.
    #[allow(clippy::new_without_default)]
    #[inline]
    pub fn new() -> Self {
        // SAFETY: one thread of the system.
        Quiet(unsafe { std::mem::replace(&mut *GLOBALS.quiet.get(), true) })
    }
}

impl Drop for Quiet {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: one thread of the system.
        unsafe { *GLOBALS.quiet.get() = self.0 };
    }
}
