//! Fibers: starting them, and running an execution to its end.

use crate::execution::{End, Execution};
use crate::process::Image;
use crate::report::Site;
use crate::runtime::{set_inside, set_next, take_next, with};
use crate::sync::Caller;
use crate::thread::{Fiber, FiberStack, Place, State};
use corosensei::Yielder;
pub use fibers::set_panic_hook;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Starts a thread of the program; returns its number.
///
/// `daemon`: the thread belongs to a library and may outlive the check.
pub fn spawn(name: Option<String>, daemon: bool, body: Box<dyn FnOnce()>, caller: Caller) -> usize {
    let added = with(|e| {
        let local = e.image.fresh_local();
        let origin = Place::Line(caller);
        let id = e.add_thread(name, origin, daemon, local)?;
        let step = e.steps;
        e.lock_orders.life(id, step, false);
        e.threads[id].fiber = Some(fiber(id, body));
        if id > 0 {
            e.record("spawn", 0, Some(id as u64), origin);
        }
        Ok(id)
    });
    crate::runtime::demand(added)
}

fn fiber(id: usize, body: Box<dyn FnOnce()>) -> Fiber {
    Fiber::with_stack(FiberStack::new(id), move |yielder: &Yielder<(), ()>, ()| {
        let before = set_inside(true);
        with(|e| e.threads[id].yielder = yielder);
        set_inside(false);
        // What a panic means is judged when somebody joins the thread, or nobody does.
        let ended = catch_unwind(AssertUnwindSafe(body));
        set_inside(true);
        match &ended {
            Ok(()) if id == 0 => caught(),
            Ok(()) => {}
            Err(payload) => uncaught(payload.as_ref()),
        }
        let next = with(crate::threads::finish);
        set_next(match next {
            crate::execution::Next::Switch(thread) => Some(thread),
            _ => None,
        });
        set_inside(before);
    })
}

/// Notes a panic of the running thread.
pub fn panicked(message: String, site: Site) {
    with(|e| {
        if e.events.is_some() {
            e.record(&format!("panics: {message}"), 0, None, Place::Unknown);
            if let Some(event) = e.events.as_mut().and_then(|events| events.last_mut()) {
                event.site = site.clone();
            }
        }
        e.panics += 1;
        let number = e.panics;
        e.me().panic = Some((message, site, number));
    });
}

/// Notes that the running thread ended by a panic, also where no hook was called for it.
pub fn uncaught(payload: &(dyn std::any::Any + Send)) {
    if with(|e| e.me().panic.is_some()) {
        return;
    }
    let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    panicked(text.unwrap_or_else(|| "a panic".into()), Site::Unknown);
}

/// Notes that the running thread ended well: its panics, if any, were caught.
pub fn caught() {
    with(|e| e.me().panic = None);
}

/// Runs `check` once under the present schedule.
pub fn execute(e: &'static mut Execution, image: &Image, check: fn(), length: u64) -> End {
    let raw: *mut Execution = e;
    // SAFETY: the one execution of the process; fibers reach it while this function waits for them.
    let e = || unsafe { &mut *raw };
    e().clear(length);
    image.restore_statics();
    spawn(None, false, Box::new(check), std::panic::Location::caller());
    loop {
        let current = e().current;
        let Some(mut fiber) = e().threads[current].fiber.take() else {
            break;
        };
        let mut local = std::mem::take(&mut e().threads[current].local);
        image.swap_local(&mut local);
        set_inside(false);
        let result = fiber.resume(());
        set_inside(true);
        image.swap_local(&mut local);
        let thread = &mut e().threads[current];
        thread.local = local;
        if !fiber.done() {
            thread.fiber = Some(fiber);
        }
        let _ = result;
        match take_next() {
            Some(next) if e().end.is_none() => e().current = next,
            _ => break,
        }
    }
    let end = e().conclude();
    for thread in &mut e().threads {
        if let Some(mut fiber) = thread.fiber.take() {
            // SAFETY: the stack is dropped without unwinding; what it owns in the program's heap
            // goes with the heap.
            unsafe { fiber.force_reset() };
        }
        thread.state = State::Done;
    }
    end
}
