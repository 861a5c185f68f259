//! Fibers: starting them, and running the program to its end.

use crate::machine::{SPAWN, START};
use crate::runtime::{Step, event, set_next, start_clock, stop_clock, take_next, with};
use crate::simulation::Simulation;
use crate::sync::Caller;
use crate::thread::{Fiber, FiberStack, THREADS, WaitKind};
use corosensei::Yielder;
pub use fibers::set_panic_hook;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Starts a thread of the program; returns its number.
///
/// Where there are too many at once, the execution ends.
pub fn spawn(name: Option<String>, _daemon: bool, body: Box<dyn FnOnce()>, _: Caller) -> usize {
    let id = with(|s| {
        if !s.threads.is_empty() {
            s.costs(SPAWN);
        }
        let at = match s.threads.len() {
            0 => 0,
            _ => s.me().clock + START,
        };
        let id = s.add_thread(name, at)?;
        s.spawned += u64::from(id > 0);
        let stack = s.threads[id].stack;
        s.threads[id].fiber = Some(fiber((id, stack), body));
        Some(id)
    });
    let Some(id) = id else {
        panic!(
            "it has more than {THREADS} threads at once, which the simulated machine does not allow"
        )
    };
    id
}

fn fiber((id, stack): (usize, usize), body: Box<dyn FnOnce()>) -> Fiber {
    Fiber::with_stack(
        FiberStack::new(stack),
        move |yielder: &Yielder<(), ()>, ()| {
            // The engine's code runs here until the clock is started.
            with(|s| s.threads[id].yielder = yielder);
            start_clock();
            let ended = catch_unwind(AssertUnwindSafe(body));
            // Others, who may wait for the end, are where it happens.
            event(|_| Step::Done(()));
            stop_clock();
            let next = with(|s| {
                s.me().threw |= ended.is_err();
                let at = s.me().clock;
                s.finish();
                for thread in s.live.clone() {
                    if s.threads[thread]
                        .wait
                        .is_some_and(|w| w.kind == WaitKind::Join(id))
                    {
                        s.wake(thread, at + crate::machine::WAKE);
                    }
                }
                if id == 0 { None } else { s.dispatch() }
            });
            set_next(next);
        },
    )
}

/// Notes a panic of the running thread.
pub fn panicked(message: String) {
    with(|s| {
        s.panic = Some(message);
        s.me().threw = true;
    });
}

/// Notes that the running thread ended by a panic, also where no hook was called for it.
pub fn uncaught(_payload: &(dyn std::any::Any + Send)) {
    with(|s| s.me().threw = true);
}

/// Notes that the running thread ended well: its panics, if any, were caught.
pub fn caught() {
    with(|s| s.me().threw = false);
}

/// Runs `main` as the first thread; returns whether it came to its end, and did not panic.
///
/// # Safety
///
/// `simulation` is the one that was installed, and nobody holds a reference to it.
pub unsafe fn run(simulation: *mut Simulation, main: Box<dyn FnOnce()>) -> bool {
    // SAFETY: the one simulation of the process; fibers reach it while this function waits.
    let s = || unsafe { &mut *simulation };
    spawn(None, false, main, std::panic::Location::caller());
    let image = s().image.clone();
    let mut next = s().dispatch();
    while let Some(current) = next {
        let Some(mut fiber) = s().threads[current].fiber.take() else {
            break;
        };
        let mut local = std::mem::take(&mut s().threads[current].local);
        image.swap_local(&mut local);
        let _ = fiber.resume(());
        image.swap_local(&mut local);
        let thread = &mut s().threads[current];
        if fiber.done() {
            drop(fiber);
            s().left(current);
        } else {
            thread.local = local;
            thread.fiber = Some(fiber);
        }
        next = take_next();
    }
    let main = &s().threads[0];
    let ended = main.state == crate::thread::State::Done && !main.threw;
    for thread in &mut s().threads {
        if let Some(mut fiber) = thread.fiber.take() {
            // SAFETY: the stack is dropped without unwinding; the process ends soon.
            unsafe { fiber.force_reset() };
        }
    }
    ended
}
