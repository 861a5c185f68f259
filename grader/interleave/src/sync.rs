//! Blocking operations: what the modelled library's locks, channels and threads are made of.

use crate::clock::Clock;
use crate::execution::Execution;
use crate::memory::access;
use crate::objects::Id;
use crate::runtime::{active, demand, go, operation, with};
use crate::schedule::Operation;
use crate::thread::{Place, State, Wait, WaitKind};
pub use crate::threads::*;
pub use fibers::Access;
use std::panic::Location;

/// The place of a caller.
pub type Caller = &'static Location<'static>;

/// What a thread knew at some moment, to be handed to another.
#[derive(Clone, Debug, Default)]
pub struct Stamp(Clock);

/// What the running thread knows now.
pub fn stamp() -> Stamp {
    if !active() {
        return Stamp::default();
    }
    with(|e| {
        let stamp = Stamp(e.me().clock.clone());
        e.tick();
        stamp
    })
}

/// The running thread learns what another knew.
pub fn learn(stamp: &Stamp) {
    if active() {
        with(|e| e.me().clock.join(&stamp.0));
    }
}

/// The scheduling point before an operation on `object`, which `changes` it or only looks at it.
pub fn enter(object: &Id, changes: bool) {
    if !active() {
        return;
    }
    let key = with(|e| object.key(e));
    operation(Operation {
        object: key,
        writes: changes,
        total: false,
    });
    // The object must be alive, and known to this thread.
    demand(with(|e| e.access(object.address(), 4, access::ATOMIC, 0)));
}

/// A scheduling point before an object is given up, where others could see that it still is held.
pub fn leave(object: &Id) {
    if active() {
        let key = with(|e| object.key(e));
        if with(|e| e.tries) {
            operation(Operation::change(key));
        } else {
            with(|e| e.schedule.note(Operation::change(key)));
        }
    }
}

/// Notes that the program looks at objects without waiting for them, and what it saw.
pub fn looked(object: &Id, seen: u64, caller: Caller) {
    if active() {
        with(|e| {
            e.tries = true;
            let key = object.key(e);
            e.observe(Place::Line(caller), key, seen);
        });
    }
}

/// The running thread learns what those knew who released the object.
pub fn acquire(object: &Id) {
    if active() {
        with(|e| {
            let key = object.key(e);
            e.acquire(key);
        });
    }
}

/// The object keeps what the running thread knows.
pub fn release(object: &Id) {
    if active() {
        with(|e| {
            let key = object.key(e);
            e.release(key);
            e.progress();
        });
    }
}

/// The running thread begins something that others will wait for.
pub fn begin(object: &Id, caller: Caller) {
    if active() {
        with(|e| {
            let (key, me) = (object.key(e), e.current);
            e.object(key).owner = Some((me, Place::Line(caller)));
        });
    }
}

/// It has ended.
pub fn end(object: &Id) {
    if active() {
        with(|e| {
            let key = object.key(e);
            e.object(key).owner = None;
        });
    }
}

/// Records a step.
pub fn record(what: &str, object: &Id, value: Option<u64>, caller: Caller) {
    if active() {
        with(|e| {
            if e.events.is_some() {
                let key = object.key(e);
                e.record(what, key, value, Place::Line(caller));
            }
        });
    }
}

/// Waits until woken; returns whether the time was up instead.
///
/// A wait outside of an execution would never end, and panics.
pub fn wait(object: &Id, kind: WaitKind, deadline: Option<u64>, caller: Caller) -> bool {
    assert!(active(), "a wait outside of an execution");
    go(with(|e| {
        let object = object.key(e);
        e.block(Wait {
            kind,
            object,
            place: Place::Line(caller),
            deadline,
        })
    }));
    with(|e| e.me().timed_out)
}

/// Wakes all who wait for the object in a way that `which` accepts.
pub fn wake(object: &Id, which: fn(WaitKind) -> bool) {
    if active() {
        with(|e| {
            let key = object.key(e);
            e.schedule.note(Operation::change(key));
            e.wake_waiting(key, which);
        });
    }
}

/// Takes a lock for the running thread alone; false: another one holds it, or readers do.
fn take(e: &mut Execution, object: &Id, caller: Caller, waits: bool) -> bool {
    let (key, me) = (object.key(e), e.current);
    let lock = e.object(key);
    if lock.owner.is_some() || !lock.readers.is_empty() {
        return false;
    }
    lock.owner = Some((me, Place::Line(caller)));
    let read_clock = std::mem::take(&mut lock.read_clock);
    e.me().clock.join(&read_clock);
    e.object(key).read_clock = read_clock;
    e.acquire(key);
    e.hold(key, Place::Line(caller), waits);
    e.progress();
    true
}

/// Takes a lock together with other readers; false: one holds it alone, or waits to.
fn share(e: &mut Execution, object: &Id, caller: Caller, waits: bool) -> bool {
    let (key, me) = (object.key(e), e.current);
    let writer_waits = e.threads.iter().any(|t| {
        t.wait
            .is_some_and(|w| w.object == key && w.kind == WaitKind::Write)
    });
    let lock = e.object(key);
    if lock.owner.is_some() || writer_waits {
        return false;
    }
    lock.readers.push((me, Place::Line(caller)));
    e.acquire(key);
    e.hold(key, Place::Line(caller), waits);
    e.progress();
    true
}

/// Takes a lock, or shares it, if that can be now.
/// `waits`: a thread that does not get it waits for it, so the order of locks matters.
fn attempt(how: Access, e: &mut Execution, object: &Id, caller: Caller, waits: bool) -> bool {
    if how == Access::Read {
        share(e, object, caller, waits)
    } else {
        take(e, object, caller, waits)
    }
}

/// Waits for a lock, until `deadline` if there is one; returns whether it was had.
pub fn lock(object: &Id, how: Access, deadline: Option<u64>, caller: Caller) -> bool {
    if !active() {
        return true;
    }
    enter(object, true);
    loop {
        if with(|e| attempt(how, e, object, caller, true)) {
            record(how.name(), object, None, caller);
            demand(with(|e| {
                let key = object.key(e);
                e.passes(key)
            }));
            return true;
        }
        record(
            &format!("waits for {}", how.wait_kind().words()),
            object,
            None,
            caller,
        );
        if wait(object, how.wait_kind(), deadline, caller) {
            // The time is up; it may have become free in the same moment.
            return with(|e| attempt(how, e, object, caller, deadline.is_none()));
        }
    }
}

/// Takes a lock if it is free.
pub fn try_lock(object: &Id, how: Access, caller: Caller) -> bool {
    if !active() {
        return true;
    }
    enter(object, true);
    let had = with(|e| attempt(how, e, object, caller, false));
    looked(object, u64::from(had), caller);
    record(
        if had {
            "try_lock succeeds"
        } else {
            "try_lock fails"
        },
        object,
        None,
        caller,
    );
    had
}

/// Gives a lock up.
pub fn unlock(object: &Id, how: Access, caller: Caller) {
    if !active() {
        return;
    }
    leave(object);
    unlock_now(object, how, caller);
}

fn unlock_now(object: &Id, how: Access, caller: Caller) {
    with(|e| {
        let (key, me) = (object.key(e), e.current);
        if how == Access::Read {
            let clock = e.me().clock.clone();
            let lock = e.object(key);
            lock.read_clock.join(&clock);
            let index = lock.readers.iter().position(|r| r.0 == me).unwrap_or(0);
            if index < lock.readers.len() {
                lock.readers.remove(index);
            }
            e.tick();
        } else {
            e.object(key).owner = None;
            e.release(key);
        }
        e.let_go(key);
        e.schedule.note(Operation::change(key));
        e.wake_waiting(key, |kind| {
            matches!(kind, WaitKind::Lock | WaitKind::Read | WaitKind::Write)
        });
        e.progress();
    });
    record("unlock", object, None, caller);
}

/// Turns a lock held alone into one that is shared.
pub fn downgrade(object: &Id, caller: Caller) {
    if !active() {
        return;
    }
    with(|e| {
        let (key, me) = (object.key(e), e.current);
        e.release(key);
        let lock = e.object(key);
        lock.owner = None;
        lock.readers.push((me, Place::Line(caller)));
        e.wake_waiting(key, |kind| kind == WaitKind::Read);
    });
}

/// Gives up `mutex`, waits for a notification, and takes `mutex` again; returns whether the time
/// was up instead.
pub fn condvar_wait(
    condvar: &Id,
    mutex: &Id,
    kind: WaitKind,
    deadline: Option<u64>,
    caller: Caller,
) -> bool {
    enter(condvar, true);
    record("waits for a notification", condvar, None, caller);
    unlock_now(mutex, Access::Alone, caller);
    let timed_out = wait(condvar, kind, deadline, caller);
    record(
        if timed_out { "wait times out" } else { "wakes" },
        condvar,
        None,
        caller,
    );
    lock(mutex, Access::Alone, None, caller);
    timed_out
}

/// Wakes one waiter, whichever, or all; returns how many.
pub fn notify(condvar: &Id, all: bool, caller: Caller) -> usize {
    if !active() {
        return 0;
    }
    enter(condvar, true);
    with(|e| {
        let (key, me) = (condvar.key(e), e.current);
        let waiting: Vec<usize> = (0..e.threads.len())
            .filter(|&t| {
                e.threads[t].wait.is_some_and(|w| w.object == key)
                    && e.threads[t].state == State::Blocked
            })
            .collect();
        let woken = if waiting.is_empty() {
            e.object(key).wasted = Some((me, Place::Line(caller)));
            0
        } else if all {
            waiting.iter().for_each(|&t| e.wake(t));
            waiting.len()
        } else {
            let index = e.schedule.choose(waiting.len(), 1);
            e.wake(waiting[index]);
            1
        };
        if woken > 0 {
            // An earlier one that woke nobody is not why somebody still waits.
            e.object(key).wasted = None;
        }
        e.progress();
        let name = if all { "notify_all" } else { "notify_one" };
        e.record(name, key, Some(woken as u64), Place::Line(caller));
        woken
    })
}

/// Whether a thread waits for the object in this way.
pub fn is_awaited(object: &Id, kind: WaitKind) -> bool {
    with(|e| {
        let key = object.key(e);
        let waits = |w: Wait| w.object == key && w.kind == kind;
        e.threads.iter().any(|t| t.wait.is_some_and(waits))
    })
}

/// Whether a thread holds the lock alone.
pub fn is_owned(object: &Id) -> bool {
    with(|e| {
        let key = object.key(e);
        e.object(key).owner.is_some()
    })
}

/// Whether a weak compare-and-exchange fails now, for no reason.
pub fn fails_spuriously() -> bool {
    active() && with(Execution::fails_spuriously)
}

/// Adds to what the program printed.
pub fn print(text: &str) {
    if active() {
        with(|e| e.print(text));
    }
}
