//! Barriers.

use super::State;
use ::std::fmt;
use ::std::panic::Location;
use interleave::sync as engine;
use interleave::thread::WaitKind;

/// A point that so many threads must reach before any goes on.
pub struct Barrier {
    threads: usize,
    state: State<Round>,
}

#[derive(Default)]
struct Round {
    arrived: usize,
    number: usize,
}

/// Whether a thread was the last one to arrive.
#[derive(Debug)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether it was.
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl ::std::panic::RefUnwindSafe for Barrier {}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}

impl Barrier {
    /// For so many threads.
    pub const fn new(threads: usize) -> Self {
        Barrier {
            threads,
            state: State::new(Round {
                arrived: 0,
                number: 0,
            }),
        }
    }

    /// Waits for the others.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        let caller = Location::caller();
        let id = &self.state.id;
        engine::enter(id, true);
        engine::release(id);
        let (round, last) = self.state.with(|s| {
            s.arrived += 1;
            let last = s.arrived >= self.threads;
            let round = s.number;
            if last {
                s.arrived = 0;
                s.number += 1;
            }
            (round, last)
        });
        engine::record(
            if last {
                "barrier opens"
            } else {
                "barrier waits"
            },
            id,
            None,
            caller,
        );
        if last {
            engine::wake(id, |kind| kind == WaitKind::Barrier);
        } else {
            while self.state.with(|s| s.number) == round {
                engine::wait(id, WaitKind::Barrier, None, caller);
            }
        }
        engine::acquire(id);
        BarrierWaitResult(last)
    }
}
