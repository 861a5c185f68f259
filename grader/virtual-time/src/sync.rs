//! Blocking operations: what the modelled library's locks, channels and threads are made of.

use crate::machine::{self, NOTIFY, SPIN, TRANSFER, WAKE, YIELD};
use crate::objects::{Id, THREAD};
use crate::runtime::{Step, active, event, with};
use crate::simulation::Simulation;
use crate::thread::{State, Wait, WaitKind};
pub use fibers::Access;
use std::panic::Location;

/// The place of a caller.
pub type Caller = &'static Location<'static>;

/// What a thread knew at some moment: of no interest here.
#[derive(Clone, Debug, Default)]
pub struct Stamp;

/// What the running thread knows now.
pub fn stamp() -> Stamp {
    Stamp
}

/// The running thread learns what another knew.
pub fn learn(_stamp: &Stamp) {}

/// An operation on `object`, which `changes` it or only looks at it, at its turn.
pub fn enter(object: &Id, changes: bool) {
    if active() {
        event(|s| {
            touch(s, object, changes);
            Step::Done(())
        });
    }
}

fn touch(s: &mut Simulation, object: &Id, changes: bool) {
    let access = if changes {
        machine::Access::Modify
    } else {
        machine::Access::Load
    };
    s.touch(object.address(), access, 0);
    s.me().spinning = false;
}

/// Before an object is given up.
pub fn leave(_object: &Id) {}

/// The program looked at an object without waiting for it.
pub fn looked(_object: &Id, _seen: u64, _caller: Caller) {}

/// The running thread learns what those knew who released the object.
pub fn acquire(_object: &Id) {}

/// The object keeps what the running thread knows.
pub fn release(_object: &Id) {}

/// The running thread begins something that others will wait for.
pub fn begin(_object: &Id, _caller: Caller) {}

/// It has ended.
pub fn end(_object: &Id) {}

/// Records a step.
pub fn record(_what: &str, _object: &Id, _value: Option<u64>, _caller: Caller) {}

/// Waits until woken; returns whether the time was up instead.
///
/// A wait outside of the simulation would never end, and panics.
pub fn wait(object: &Id, kind: WaitKind, deadline: Option<u64>, _caller: Caller) -> bool {
    assert!(active(), "a wait outside of the simulation");
    let mut waited = false;
    event(|s| {
        if waited {
            return Step::Done(s.me().timed_out);
        }
        waited = true;
        let object = object.key(s);
        s.block(Wait {
            kind,
            object,
            deadline,
        });
        Step::Again
    })
}

/// Those who wait for the object in a way that `which` accepts.
fn waiters(
    s: &Simulation,
    object: u64,
    which: impl Fn(WaitKind) -> bool,
) -> impl Iterator<Item = usize> {
    let all = s.objects[object as usize - 1].waiting.iter().copied();
    all.filter(move |&t| s.threads[t].wait.is_some_and(|w| which(w.kind)))
}

/// The same, the first first.
fn waiting(s: &Simulation, object: u64, which: impl Fn(WaitKind) -> bool) -> Vec<usize> {
    let mut waiting: Vec<usize> = waiters(s, object, which).collect();
    waiting.sort_unstable_by_key(|&t| (s.threads[t].clock, t));
    waiting
}

fn wake_from_sleep(s: &mut Simulation, thread: usize) {
    s.costs(NOTIFY);
    let at = s.me().clock + WAKE;
    s.wake(thread, at);
}

/// Wakes all who wait for the object in a way that `which` accepts.
pub fn wake(object: &Id, which: fn(WaitKind) -> bool) {
    if active() {
        with(|s| {
            let key = object.key(s);
            for thread in waiting(s, key, which) {
                wake_from_sleep(s, thread);
            }
        });
    }
}

/// Takes a lock, or shares it, if that can be now.
fn attempt(how: Access, s: &mut Simulation, object: &Id, caller: Caller) -> bool {
    let (key, me) = (object.key(s), s.current);
    let writer = |kind| kind == WaitKind::Write;
    let writer_waits = how == Access::Read && waiters(s, key, writer).next().is_some();
    let now = s.threads[me].clock;
    let lock = &mut s.objects[key as usize - 1];
    let free = match how {
        Access::Read => lock.owner.is_none() && !writer_waits,
        _ => lock.owner.is_none() && lock.readers == 0,
    };
    if free {
        if how == Access::Read {
            lock.readers += 1;
        } else {
            lock.owner = Some(me);
            lock.since = now;
        }
        lock.taken += 1;
        lock.place.get_or_insert(caller);
    }
    free
}

/// Waits for a lock, until `deadline` if there is one; returns whether it was had.
pub fn lock(object: &Id, how: Access, deadline: Option<u64>, caller: Caller) -> bool {
    if !active() {
        return true;
    }
    let (mut asked, mut waited) = (None, false);
    event(|s| {
        touch(s, object, true);
        let now = s.me().clock;
        let since = *asked.get_or_insert(now);
        if attempt(how, s, object, caller) {
            let key = object.key(s);
            s.objects[key as usize - 1].waited += now - since;
            return Step::Done(true);
        }
        if waited && s.me().timed_out {
            return Step::Done(false);
        }
        waited = true;
        let object = object.key(s);
        s.block(Wait {
            kind: how.wait_kind(),
            object,
            deadline,
        });
        Step::Again
    })
}

/// Takes a lock if it is free.
pub fn try_lock(object: &Id, how: Access, caller: Caller) -> bool {
    if !active() {
        return true;
    }
    event(|s| {
        s.touch(object.address(), machine::Access::Modify, 0);
        let had = attempt(how, s, object, caller);
        if had {
            s.me().spinning = false;
        }
        Step::Done(had)
    })
}

/// Gives a lock up.
pub fn unlock(object: &Id, how: Access, _caller: Caller) {
    if active() {
        event(|s| {
            touch(s, object, true);
            unlock_now(s, object, how);
            Step::Done(())
        });
    }
}

fn unlock_now(s: &mut Simulation, object: &Id, how: Access) {
    let key = object.key(s);
    let now = s.me().clock;
    let lock = &mut s.objects[key as usize - 1];
    if how == Access::Read {
        lock.readers = lock.readers.saturating_sub(1);
    } else {
        lock.owner = None;
        lock.held += now.saturating_sub(lock.since);
    }
    if lock.readers > 0 {
        return;
    }
    wake_for_lock(s, key, now);
}

/// Somebody may have the lock now: one who still looks for it gets it at once, one who sleeps is
/// woken. Readers go together.
fn wake_for_lock(s: &mut Simulation, key: u64, now: u64) {
    let looking = |s: &Simulation, t: usize| s.threads[t].clock + SPIN >= now;
    let for_lock = |k| matches!(k, WaitKind::Lock | WaitKind::Read | WaitKind::Write);
    // Those who sleep come after those who look, and the first before those who came later.
    let rank = |&t: &usize| (!looking(s, t), s.threads[t].clock, t);
    let Some(first) = waiters(s, key, for_lock).min_by_key(rank) else {
        return;
    };
    let together = match s.threads[first].wait.map(|w| w.kind) {
        Some(WaitKind::Read) => waiting(s, key, |k| k == WaitKind::Read),
        _ => vec![first],
    };
    for thread in together {
        if looking(s, thread) {
            s.wake(thread, now + TRANSFER);
        } else {
            wake_from_sleep(s, thread);
        }
    }
}

/// Turns a lock held alone into one that is shared.
pub fn downgrade(object: &Id, _caller: Caller) {
    if active() {
        event(|s| {
            let (key, now) = (object.key(s), s.me().clock);
            let lock = &mut s.objects[key as usize - 1];
            lock.owner = None;
            lock.held += now.saturating_sub(lock.since);
            lock.readers += 1;
            for thread in waiting(s, key, |kind| kind == WaitKind::Read) {
                wake_from_sleep(s, thread);
            }
            Step::Done(())
        });
    }
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
    assert!(active(), "a wait outside of the simulation");
    let mut waited = false;
    let timed_out = event(|s| {
        if waited {
            return Step::Done(s.me().timed_out);
        }
        waited = true;
        touch(s, condvar, true);
        unlock_now(s, mutex, Access::Alone);
        let object = condvar.key(s);
        s.block(Wait {
            kind,
            object,
            deadline,
        });
        Step::Again
    });
    lock(mutex, Access::Alone, None, caller);
    timed_out
}

/// Wakes the one who has waited longest, or all; returns how many.
pub fn notify(condvar: &Id, all: bool, _caller: Caller) -> usize {
    if !active() {
        return 0;
    }
    event(|s| {
        let key = condvar.key(s);
        let woken = waiting(s, key, |_| true);
        let count = if all { woken.len() } else { woken.len().min(1) };
        for &thread in &woken[..count] {
            wake_from_sleep(s, thread);
        }
        Step::Done(count)
    })
}

/// Waits for the token of `unpark`.
pub fn park(deadline: Option<u64>, _caller: Caller) {
    let mut waited = false;
    event(|s| {
        let key = THREAD | s.current as u64;
        if std::mem::take(&mut s.me().token) || waited {
            return Step::Done(());
        }
        waited = true;
        s.block(Wait {
            kind: WaitKind::Park,
            object: key,
            deadline,
        });
        Step::Again
    });
}

/// Gives a thread the token.
pub fn unpark(thread: usize, _caller: Caller) {
    event(|s| {
        s.threads[thread].token = true;
        if s.threads[thread]
            .wait
            .is_some_and(|w| w.kind == WaitKind::Park)
        {
            wake_from_sleep(s, thread);
        }
        Step::Done(())
    });
}

/// Waits for the end of a thread.
pub fn join(thread: usize, _caller: Caller) {
    event(|s| {
        if s.threads[thread].state == State::Done {
            s.threads[thread].joined = true;
            return Step::Done(());
        }
        s.block(Wait {
            kind: WaitKind::Join(thread),
            object: THREAD | thread as u64,
            deadline: None,
        });
        Step::Again
    });
}

/// Whether a thread has ended.
pub fn is_finished(thread: usize, _caller: Caller) -> bool {
    event(|s| Step::Done(s.threads[thread].state == State::Done))
}

/// Gives way to the other threads.
pub fn yield_now(what: &'static str, caller: Caller) {
    if !active() {
        return;
    }
    let mut done = false;
    event(|s| {
        if done {
            return Step::Done(());
        }
        done = true;
        // The idle threads of a library's pool are no fault of the program's.
        let own = !caller.file().starts_with('/');
        if what == "spins" {
            s.spin(20, own);
        } else {
            s.costs(YIELD);
            s.spin(YIELD, own);
        }
        Step::Again
    });
}

/// Lets `nanoseconds` of virtual time pass: at least, as everywhere.
pub fn sleep(nanoseconds: u64, _caller: Caller) {
    if !active() {
        return;
    }
    let mut until = None;
    event(|s| {
        if until.is_some() {
            return Step::Done(());
        }
        s.costs(YIELD);
        until = Some(s.me().clock.saturating_add(nanoseconds));
        s.block(Wait {
            kind: WaitKind::Sleep,
            object: 0,
            deadline: until,
        });
        Step::Again
    });
}

/// Virtual time, in nanoseconds.
pub fn now() -> u64 {
    if active() { with(|s| s.me().clock) } else { 0 }
}

/// Virtual time, for a deadline.
pub fn clock() -> u64 {
    now()
}

/// The number of cores.
pub fn parallelism() -> usize {
    with(|s| s.cores.len())
}

/// The name that a thread was given.
pub fn name_of(thread: usize) -> Option<String> {
    with(|s| s.threads.get(thread).and_then(|t| t.name.clone()))
}

/// Whether somebody has waited for the thread's end.
pub fn was_joined(thread: usize) -> bool {
    with(|s| s.threads[thread].joined)
}

/// Whether a thread ended by a panic, which the caller passes on.
pub fn threw(thread: usize) -> bool {
    with(|s| s.threads[thread].threw)
}

/// Whether a thread waits for the object in this way.
pub fn is_awaited(object: &Id, kind: WaitKind) -> bool {
    with(|s| {
        let key = object.key(s);
        waiters(s, key, |k| k == kind).next().is_some()
    })
}

/// Whether a thread holds the lock alone.
pub fn is_owned(object: &Id) -> bool {
    with(|s| {
        let key = object.key(s);
        s.objects[key as usize - 1].owner.is_some()
    })
}

/// Whether a weak compare-and-exchange fails now, for no reason: never on this machine.
pub fn fails_spuriously() -> bool {
    false
}

/// Adds to what the program printed.
pub fn print(text: &str) {
    if active() {
        with(|s| s.print(text));
    }
}

/// The running thread's number.
pub fn me() -> usize {
    if active() { with(|s| s.current) } else { 0 }
}
