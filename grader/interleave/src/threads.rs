//! What threads do by themselves: park, join, sleep, give way, and ask for the time.

use crate::execution::{Execution, Next};
use crate::objects::THREAD;
use crate::runtime::{active, go, operation, with};
use crate::schedule::{Operation, TIME};
use crate::sync::Caller;
use crate::thread::{Place, State, Wait, WaitKind};

/// Waits for the token of `unpark`.
pub fn park(deadline: Option<u64>, caller: Caller) {
    let key = THREAD | with(|e| e.current) as u64;
    operation(Operation::change(key));
    if !with(take_token) {
        with(|e| e.record("parks", 0, None, Place::Line(caller)));
        go(with(|e| {
            e.block(Wait {
                kind: WaitKind::Park,
                object: key,
                place: Place::Line(caller),
                deadline,
            })
        }));
        with(take_token);
    }
    with(|e| e.record("park returns", 0, None, Place::Line(caller)));
}

fn take_token(e: &mut Execution) -> bool {
    let thread = e.me();
    let Some(clock) = thread.token.take() else {
        return false;
    };
    thread.clock.join(&clock);
    e.progress();
    true
}

/// Gives a thread the token.
pub fn unpark(thread: usize, caller: Caller) {
    let key = THREAD | thread as u64;
    operation(Operation::change(key));
    with(|e| {
        let mut clock = e.me().clock.clone();
        e.tick();
        if let Some(before) = e.threads[thread].token.take() {
            clock.join(&before);
        }
        e.threads[thread].token = Some(clock);
        if e.threads[thread]
            .wait
            .is_some_and(|w| w.kind == WaitKind::Park)
        {
            e.wake(thread);
        }
        e.progress();
        e.record("unpark", 0, Some(thread as u64), Place::Line(caller));
    });
}

/// Waits for the end of a thread, and learns what it knew.
pub fn join(thread: usize, caller: Caller) {
    let key = THREAD | thread as u64;
    operation(Operation {
        object: key,
        writes: false,
        total: false,
    });
    while with(|e| e.threads[thread].state != State::Done) {
        let wait = Wait {
            kind: WaitKind::Join(thread),
            object: key,
            place: Place::Line(caller),
            deadline: None,
        };
        go(with(|e| e.block(wait)));
    }
    with(|e| {
        let clock = e.threads[thread].clock.clone();
        e.me().clock.join(&clock);
        e.threads[thread].joined = true;
        e.progress();
        e.record("join", 0, Some(thread as u64), Place::Line(caller));
    });
}

/// Whether a thread has ended.
pub fn is_finished(thread: usize, caller: Caller) -> bool {
    let key = THREAD | thread as u64;
    operation(Operation {
        object: key,
        writes: false,
        total: false,
    });
    with(|e| {
        let done = e.threads[thread].state == State::Done;
        e.tries = true;
        e.observe(Place::Line(caller), key, u64::from(done));
        done
    })
}

/// Gives way to the other threads.
pub fn yield_now(what: &'static str, caller: Caller) {
    if !active() {
        return;
    }
    with(|e| e.record(what, 0, None, Place::Line(caller)));
    go(with(|e| {
        let (place, repeats) = (Place::Line(caller), e.me().repeats);
        e.observe(place, 0, 0);
        // Giving way says nothing about what was seen.
        e.me().repeats = repeats.max(e.me().repeats);
        e.give_way()
    }));
}

/// Lets `nanoseconds` of virtual time pass: at least, as everywhere.
pub fn sleep(nanoseconds: u64, caller: Caller) {
    if !active() {
        return;
    }
    with(|e| e.record("sleep", 0, None, Place::Line(caller)));
    let wake_at = with(|e| e.now.saturating_add(nanoseconds));
    go(with(Execution::give_way));
    with(|e| {
        e.now = e.now.max(wake_at);
        e.schedule.note(Operation::change(TIME));
    });
}

/// Virtual time, in nanoseconds. It passes faster the longer it is only looked at.
pub fn now() -> u64 {
    if !active() {
        return 0;
    }
    with(|e| {
        e.asked_time += 1;
        e.me().repeats = 0;
        e.now += 100 << (e.asked_time / 8).min(30);
        e.schedule.note(Operation::change(TIME));
        e.now
    })
}

/// Virtual time, for a deadline: to ask for it is no step of the program.
pub fn clock() -> u64 {
    with(|e| e.now)
}

/// What the check draws its inputs from.
pub fn seed() -> u64 {
    with(|e| e.seed)
}

/// How many threads can run at once, in the model.
pub fn parallelism() -> usize {
    with(|e| e.parallelism)
}

/// The name that a thread was given.
pub fn name_of(thread: usize) -> Option<String> {
    with(|e| e.threads.get(thread).and_then(|t| t.name.clone()))
}

/// Whether somebody has waited for the thread's end.
pub fn was_joined(thread: usize) -> bool {
    with(|e| e.threads[thread].joined)
}

/// Whether a thread ended by a panic, which the caller passes on: whoever catches that has caught
/// both, and where nobody does, the first one is named as the cause.
pub fn threw(thread: usize) -> bool {
    with(|e| e.threads[thread].panic.is_some())
}

/// The running thread's number.
pub fn me() -> usize {
    if active() { with(|e| e.current) } else { 0 }
}

/// Ends the running thread; decides who runs next.
pub(crate) fn finish(e: &mut Execution) -> Next {
    let me = e.current;
    e.threads[me].state = State::Done;
    e.schedule.note(Operation::change(THREAD | me as u64));
    let step = e.steps;
    e.lock_orders.life(me, step, true);
    e.wake_waiting(THREAD | me as u64, |_| true);
    e.progress();
    if me == 0 && e.threads[0].panic.is_some() {
        // The check has failed: what the others would still do is of no interest.
        return Next::End;
    }
    e.decide(true)
}
