//! Lanes at the same time: each begins when all are ready.

use super::{Lanes, Written, finish, no_language};
use std::sync::{Condvar, Mutex, MutexGuard};
use tandem_cell::{Cell, Language, Lock, Outcome, Output, Watch};
use tandem_record::{Lane, Recorder, report};

/// Runs all lanes at once. A session runs one cell of a language at a time, so each lane needs a
/// language of its own.
pub(super) fn run(
    written: &[Written],
    part: &dyn Fn(&Written) -> Cell,
    output: &Output,
    lanes: &mut dyn Lanes,
) -> Result<Vec<Lane>, Outcome> {
    let mut languages = lanes.all();
    let mut pairs: Vec<(&Written, Cell, &mut dyn Language)> = Vec::new();
    for lane in written {
        let found = languages
            .iter()
            .position(|(name, _)| *name == lane.language);
        match found {
            Some(index) => pairs.push((lane, part(lane), languages.swap_remove(index).1)),
            None if pairs
                .iter()
                .any(|(other, ..)| other.language == lane.language) =>
            {
                return Err(Outcome::failed(
                    "MagicError",
                    format!(
                        "lanes that run together need a language each; `{}` has two",
                        lane.language
                    ),
                ));
            }
            None => return Err(no_language(&lane.language)),
        }
    }
    let meeting = Meeting::of(pairs.len());
    let results: Vec<Result<Option<Lane>, Outcome>> = std::thread::scope(|scope| {
        let running: Vec<_> = pairs
            .into_iter()
            .map(|(lane, cell, language)| {
                let meeting = &meeting;
                scope.spawn(move || {
                    let mut watch = Ready {
                        recorder: Recorder::default(),
                        meeting,
                    };
                    let outcome = language.execute(&cell, output, &mut watch);
                    meeting.leave();
                    finish(lane, watch.recorder, outcome)
                })
            })
            .collect();
        let died = || Err(Outcome::failed("LaneError", "a lane could not be run"));
        let joined = running.into_iter().map(|lane| lane.join());
        joined.map(|lane| lane.unwrap_or_else(|_| died())).collect()
    });
    let mut done = Vec::new();
    for lane in results {
        done.extend(lane?);
    }
    report::share_the_machine(&mut done);
    Ok(done)
}

/// Where the lanes wait for each other before every repetition.
struct Meeting {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Lanes that still run.
    members: usize,
    waiting: usize,
    round: u64,
}

impl Meeting {
    fn of(members: usize) -> Meeting {
        Meeting {
            state: Mutex::new(State {
                members,
                waiting: 0,
                round: 0,
            }),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Waits until every lane that still runs is here.
    fn wait(&self) {
        let mut state = self.state();
        state.waiting += 1;
        let round = state.round;
        self.open(&mut state);
        while state.round == round {
            state = self.changed.wait(state).unwrap_or_else(|e| e.into_inner());
        }
    }

    /// A lane has ended, well or badly: nobody waits for it any more.
    fn leave(&self) {
        let mut state = self.state();
        state.members -= 1;
        self.open(&mut state);
    }

    fn open(&self, state: &mut State) {
        if state.waiting > 0 && state.waiting >= state.members {
            state.waiting = 0;
            state.round += 1;
            self.changed.notify_all();
        }
    }
}

/// Records, but lets the code begin only when the others are ready.
struct Ready<'a> {
    recorder: Recorder,
    meeting: &'a Meeting,
}

impl Watch for Ready<'_> {
    fn started(&mut self, pid: i32) {
        self.meeting.wait();
        self.recorder.started(pid);
    }

    fn ended(&mut self) {
        self.recorder.ended();
    }

    fn ended_at(&mut self, time: u64) {
        self.recorder.ended_at(time);
    }

    fn wants_lock(&self) -> bool {
        self.recorder.wants_lock()
    }

    fn lock(&mut self, lock: Lock) {
        self.recorder.lock(lock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn lanes_start_each_repetition_together_and_wait_for_none_that_has_ended() {
        let (meeting, begun) = (Meeting::of(3), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for rounds in [1, 2, 2] {
                let (meeting, begun) = (&meeting, &begun);
                scope.spawn(move || {
                    for round in 0..rounds {
                        meeting.wait();
                        // All who take part have come to the rounds before.
                        assert!(begun.fetch_add(1, Ordering::SeqCst) >= round * 2);
                    }
                    meeting.leave();
                });
            }
        });
        assert_eq!(begun.into_inner(), 5);
    }
}
