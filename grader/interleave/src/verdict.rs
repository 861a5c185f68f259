//! What is wrong when nothing can go on, when nothing changes, and when the check has ended.

use crate::clock::ThreadId;
use crate::execution::{End, Execution, Next};
use crate::objects::OBJECT;
use crate::report::{Failure, Kind, Party};
use crate::thread::{Place, State, WaitKind};

impl Execution {
    /// No thread can run, and at least one has not ended.
    pub fn stuck(&mut self) -> Next {
        let checking = self.threads[0].state != State::Done;
        let blocked: Vec<ThreadId> = (0..self.threads.len())
            .filter(|&t| {
                self.threads[t].state == State::Blocked && (checking || !self.threads[t].daemon)
            })
            .collect();
        if blocked.is_empty() {
            return Next::End;
        }
        let parties: Vec<Party> = blocked.iter().map(|&t| self.waiting(t)).collect();
        if let Some(mut failure) = self.unnoticed_panic() {
            failure.message += "; after that the others wait for ever";
            failure.parties.extend(parties);
            return self.fail(failure);
        }
        let lost = blocked.iter().find_map(|&t| {
            let wait = self.threads[t]
                .wait
                .filter(|w| matches!(w.kind, WaitKind::Condvar | WaitKind::Signal))?;
            let wasted = self.object(wait.object).wasted?;
            (wasted.0 != t).then_some((t, wasted))
        });
        let mut failure = Failure {
            kind: Kind::Deadlock,
            message: "every thread waits".into(),
            parties,
        };
        if !checking {
            failure.kind = Kind::LeakedThread;
            failure.message = "the check has ended, and a thread still waits".into();
        } else if let Some((waiter, (notifier, place))) = lost {
            failure.kind = Kind::LostWakeUp;
            failure.message =
                format!("T{notifier} notified when nobody waited, and T{waiter} has waited since");
            failure.parties.push(Party {
                thread: notifier,
                what: "notified nobody".into(),
                site: place.site(self.base),
                stack: Vec::new(),
                object: 0,
                holder: None,
            });
        } else if let Some(cycle) = self.cycle(&blocked) {
            let names: Vec<String> = cycle.iter().map(|t| format!("T{t}")).collect();
            let kind = self.threads[cycle[0]].wait.map(|w| w.kind);
            failure.message = if cycle.len() == 1 && kind == Some(WaitKind::Once) {
                format!(
                    "{} waits for an initialisation that it is itself in",
                    names[0]
                )
            } else if cycle.len() == 1 {
                format!("{} waits for a lock that it holds itself", names[0])
            } else {
                format!("{} wait for each other in a circle", names.join(" and "))
            };
        }
        self.fail(failure)
    }

    /// A thread's wait, with who holds what it waits for.
    pub(crate) fn waiting(&mut self, thread: ThreadId) -> Party {
        let wait = self.threads[thread].wait;
        let place = wait.map_or(Place::Unknown, |w| w.place);
        let object = wait.map_or(0, |w| w.object);
        let mut holder = None;
        if object & OBJECT != 0 {
            let held = self.object(object);
            holder = held.owner.or(held.readers.first().copied());
        }
        Party {
            thread,
            what: format!(
                "waits for {}",
                wait.map_or("nothing".into(), |w| w.kind.words())
            ),
            site: place.site(self.base),
            stack: self.stack_of(thread),
            object,
            holder: holder.map(|(t, p)| (t, p.site(self.base))),
        }
    }

    /// The calls that a thread is in, innermost first, where they are recorded.
    fn stack_of(&self, thread: ThreadId) -> Vec<crate::report::Site> {
        let codes = self.threads[thread]
            .stack
            .last()
            .map_or_else(Vec::new, |&s| self.depot.codes(s));
        codes
            .into_iter()
            .map(|code| Place::Code(code).site(self.base))
            .collect()
    }

    /// Threads each of which waits for the next.
    fn cycle(&mut self, blocked: &[ThreadId]) -> Option<Vec<ThreadId>> {
        for &start in blocked {
            let mut path = vec![start];
            while let Some(next) = self.waits_for(path[path.len() - 1]) {
                if let Some(from) = path.iter().position(|&t| t == next) {
                    path.drain(..from);
                    return Some(path);
                }
                path.push(next);
            }
        }
        None
    }

    fn waits_for(&mut self, thread: ThreadId) -> Option<ThreadId> {
        let wait = self.threads[thread].wait?;
        match wait.kind {
            WaitKind::Join(other) => Some(other),
            _ if wait.object & OBJECT != 0 => {
                let object = self.object(wait.object);
                object
                    .owner
                    .or(object.readers.first().copied())
                    .map(|(t, _)| t)
            }
            _ => None,
        }
    }

    /// What is wrong with an execution that does not end: a thread that tries in vain all the time,
    /// while others get what they want, starves.
    pub fn endless(&mut self) -> Failure {
        let mut failure = self.livelock();
        let half = self.steps / 2;
        let state = |t: &crate::thread::Thread| (t.state == State::Ready, t.progressed > half);
        let starved = self.threads.iter().position(|t| state(t) == (true, false));
        let served = self.threads.iter().any(|t| state(t) == (true, true));
        if let Some(starved) = starved.filter(|_| served && failure.kind == Kind::Livelock) {
            failure.kind = Kind::Starvation;
            failure.message = format!(
                "T{starved} has tried in vain for {half} steps, while others went on and on"
            );
            failure.parties.retain(|p| p.thread == starved);
        }
        failure
    }

    /// Everything that can run goes in circles.
    pub fn livelock(&mut self) -> Failure {
        let live: Vec<ThreadId> = (0..self.threads.len())
            .filter(|&t| self.threads[t].state != State::Done)
            .collect();
        let parties = live
            .into_iter()
            .map(|t| {
                if self.threads[t].state == State::Blocked {
                    return self.waiting(t);
                }
                let place = self.threads[t]
                    .observed
                    .last()
                    .map_or(Place::Unknown, |o| Place::Code(o.0));
                let site = match self.last_site(t) {
                    Some(site) => site,
                    None => place.site(self.base),
                };
                Party {
                    thread: t,
                    what: "spins".into(),
                    site,
                    stack: Vec::new(),
                    object: 0,
                    holder: None,
                }
            })
            .collect();
        let (kind, message) = if self.threads[0].state == State::Done {
            (
                Kind::LeakedThread,
                "the check has ended, and a thread spins for ever",
            )
        } else {
            (
                Kind::Livelock,
                "threads spin, and nothing that they look at will change",
            )
        };
        if let Some(mut failure) = self.unnoticed_panic() {
            failure.message += "; after that the others spin for ever";
            return failure;
        }
        Failure {
            kind,
            message: message.into(),
            parties,
        }
    }

    fn last_site(&self, thread: ThreadId) -> Option<crate::report::Site> {
        self.events
            .as_ref()?
            .iter()
            .rev()
            .find(|e| e.thread == thread)
            .map(|e| e.site.clone())
    }

    /// A panic that nobody took notice of: the first one, where others followed from it.
    pub fn unnoticed_panic(&mut self) -> Option<Failure> {
        let when = |t: &ThreadId| self.threads[*t].panic.as_ref().map_or(u64::MAX, |p| p.2);
        // One that still waits has caught its panic.
        let panicked = |t: &ThreadId| {
            let thread = &self.threads[*t];
            thread.panic.is_some() && (thread.state != State::Blocked || *t == 0)
        };
        let mut thread = (0..self.threads.len())
            .filter(|t| panicked(t) && !self.threads[*t].joined)
            .min_by_key(when)?;
        // What `join().unwrap()`, a poisoned lock and a scope say is only the echo.
        let echoes = ["Any { .. }", "PoisonError", "a scoped thread panicked"];
        let message = &self.threads[thread].panic.as_ref()?.0;
        if echoes.iter().any(|echo| message.contains(echo)) {
            thread = (0..self.threads.len()).filter(panicked).min_by_key(when)?;
        }
        let (message, site, _) = self.threads[thread].panic.clone()?;
        let party = Party {
            thread,
            what: "panicked".into(),
            site,
            stack: Vec::new(),
            object: 0,
            holder: None,
        };
        Some(Failure {
            kind: Kind::Panic,
            message,
            parties: vec![party],
        })
    }

    /// The check has returned, and every thread has ended or waits for ever.
    pub fn conclude(&mut self) -> End {
        if let Some(end) = self.end.take() {
            return end;
        }
        let panicked = self.threads[0].panic.is_some() && !self.threads[0].joined;
        if let Some(expected) = &self.expected {
            if !panicked {
                let message = "the test should panic, and did not";
                return End::Failed(Failure::new(Kind::Panic, message));
            }
            let message = self.threads[0].panic.as_ref().map_or("", |p| &p.0);
            if message.contains(expected) {
                return End::Done;
            }
            let message = format!(
                "the test should panic with a message that contains `{expected}`, and panics with `{message}`"
            );
            return End::Failed(Failure::new(Kind::Panic, message));
        }
        if let Some(failure) = self.unnoticed_panic() {
            return End::Failed(failure);
        }
        let held = self
            .objects
            .iter()
            .find_map(|o| o.owner.or(o.readers.first().copied()));
        if let Some((thread, place)) = held {
            let party = Party {
                thread,
                what: "took the lock".into(),
                site: place.site(self.base),
                stack: Vec::new(),
                object: 0,
                holder: None,
            };
            let message = "the check has ended, and a lock is still held".into();
            return End::Failed(Failure {
                kind: Kind::LockHeld,
                message,
                parties: vec![party],
            });
        }
        End::Done
    }
}
