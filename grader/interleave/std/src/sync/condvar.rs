//! Condition variables.

use super::{LockResult, Mutex, MutexGuard, PoisonError};
use crate::thread::deadline;
use crate::time::Duration;
use ::std::mem::forget;
use ::std::panic::Location;
use interleave::objects::Id;
use interleave::sync::{self as engine, Caller};
use interleave::thread::WaitKind;

/// A condition variable.
#[derive(Debug, Default)]
pub struct Condvar {
    id: Id,
}

impl ::std::panic::UnwindSafe for Condvar {}
impl ::std::panic::RefUnwindSafe for Condvar {}

/// Whether a wait ended by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether it did.
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// Nobody waits.
    pub const fn new() -> Self {
        Condvar { id: Id::new() }
    }

    fn wait_until<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: Option<u64>,
        caller: Caller,
    ) -> (LockResult<MutexGuard<'a, T>>, bool) {
        let lock: &'a Mutex<T> = guard.lock;
        forget(guard);
        let timed_out =
            engine::condvar_wait(&self.id, &lock.id, WaitKind::Condvar, deadline, caller);
        (lock.guard(caller), timed_out)
    }

    /// Gives up the lock and waits; wake-ups without a reason happen.
    ///
    /// # Errors
    ///
    /// The lock is poisoned.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.wait_until(guard, None, Location::caller()).0
    }

    /// Waits while the condition holds.
    ///
    /// # Errors
    ///
    /// The lock is poisoned.
    #[track_caller]
    pub fn wait_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: F,
    ) -> LockResult<MutexGuard<'a, T>>
    where
        F: FnMut(&mut T) -> bool,
    {
        while condition(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// Waits, but not longer than this.
    ///
    /// # Errors
    ///
    /// The lock is poisoned.
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        duration: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let (guard, timed_out) =
            self.wait_until(guard, Some(deadline(duration)), Location::caller());
        let timed_out = WaitTimeoutResult(timed_out);
        match guard {
            Ok(guard) => Ok((guard, timed_out)),
            Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), timed_out))),
        }
    }

    /// Waits, but not longer than this.
    ///
    /// # Errors
    ///
    /// The lock is poisoned.
    #[track_caller]
    pub fn wait_timeout_ms<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        milliseconds: u32,
    ) -> LockResult<(MutexGuard<'a, T>, bool)> {
        match self.wait_timeout(guard, Duration::from_millis(u64::from(milliseconds))) {
            Ok((guard, result)) => Ok((guard, !result.timed_out())),
            Err(poisoned) => {
                let (guard, result) = poisoned.into_inner();
                Err(PoisonError::new((guard, !result.timed_out())))
            }
        }
    }

    /// Waits while the condition holds, but not longer than this.
    ///
    /// # Errors
    ///
    /// The lock is poisoned.
    #[track_caller]
    pub fn wait_timeout_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        duration: Duration,
        mut condition: F,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)>
    where
        F: FnMut(&mut T) -> bool,
    {
        let end = deadline(duration);
        loop {
            if !condition(&mut guard) {
                return Ok((guard, WaitTimeoutResult(false)));
            }
            if engine::clock() >= end {
                return Ok((guard, WaitTimeoutResult(true)));
            }
            let (next, _) = self.wait_until(guard, Some(end), Location::caller());
            guard = match next {
                Ok(guard) => guard,
                Err(poisoned) => {
                    return Err(PoisonError::new((
                        poisoned.into_inner(),
                        WaitTimeoutResult(false),
                    )));
                }
            };
        }
    }

    /// Wakes one who waits, whichever.
    #[track_caller]
    pub fn notify_one(&self) {
        engine::notify(&self.id, false, Location::caller());
    }

    /// Wakes all who wait.
    #[track_caller]
    pub fn notify_all(&self) {
        engine::notify(&self.id, true, Location::caller());
    }
}
