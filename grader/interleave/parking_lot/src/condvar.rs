//! Condition variables.

use crate::{MutexGuard, after, until};
use interleave::objects::Id;
use interleave::sync as engine;
use interleave::thread::WaitKind;
use modelled_std::time::{Duration, Instant};
use std::panic::Location;

/// A condition variable. As the real one's, its waits end by a notification or by time only.
#[derive(Debug, Default)]
pub struct Condvar {
    id: Id,
}

/// Whether a wait ended by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether it did.
    pub fn timed_out(self) -> bool {
        self.0
    }
}

impl Condvar {
    /// Nobody waits.
    pub const fn new() -> Self {
        Condvar { id: Id::new() }
    }
    /// Gives up the lock and waits.
    #[track_caller]
    pub fn wait<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>) {
        engine::condvar_wait(
            &self.id,
            &guard.lock.id,
            WaitKind::Signal,
            None,
            Location::caller(),
        );
    }
    /// Waits while the condition holds.
    #[track_caller]
    pub fn wait_while<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) {
        while condition(&mut **guard) {
            self.wait(guard);
        }
    }
    /// Waits, but not longer than this.
    #[track_caller]
    pub fn wait_for<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        duration: Duration,
    ) -> WaitTimeoutResult {
        let end = after(duration);
        WaitTimeoutResult(engine::condvar_wait(
            &self.id,
            &guard.lock.id,
            WaitKind::Signal,
            Some(end),
            Location::caller(),
        ))
    }
    /// Waits, but not longer than until then.
    #[track_caller]
    pub fn wait_until<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        moment: Instant,
    ) -> WaitTimeoutResult {
        let end = until(moment);
        WaitTimeoutResult(engine::condvar_wait(
            &self.id,
            &guard.lock.id,
            WaitKind::Signal,
            Some(end),
            Location::caller(),
        ))
    }
    /// Waits while the condition holds, but not longer than this.
    #[track_caller]
    pub fn wait_while_for<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: impl FnMut(&mut T) -> bool,
        duration: Duration,
    ) -> WaitTimeoutResult {
        let end = after(duration);
        while condition(&mut **guard) {
            if engine::condvar_wait(
                &self.id,
                &guard.lock.id,
                WaitKind::Signal,
                Some(end),
                Location::caller(),
            ) {
                return WaitTimeoutResult(condition(&mut **guard));
            }
        }
        WaitTimeoutResult(false)
    }
    /// Wakes one who waits, whichever; returns whether there was one.
    #[track_caller]
    pub fn notify_one(&self) -> bool {
        engine::notify(&self.id, false, Location::caller()) > 0
    }
    /// Wakes all who wait; returns how many.
    #[track_caller]
    pub fn notify_all(&self) -> usize {
        engine::notify(&self.id, true, Location::caller())
    }
}
