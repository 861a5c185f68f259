//! Mutual exclusion.

use super::{LockResult, Poison, PoisonError, TryLockError, TryLockResult, panicking};
use ::std::cell::UnsafeCell;
use ::std::fmt;
use ::std::marker::PhantomData;
use ::std::ops::{Deref, DerefMut};
use ::std::panic::Location;
use interleave::objects::Id;
use interleave::sync::{self as engine, Access, Caller};

/// A lock around a value.
pub struct Mutex<T: ?Sized> {
    pub(super) id: Id,
    poison: Poison,
    value: UnsafeCell<T>,
}

// SAFETY: as the real one.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as the real one.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}
impl<T: ?Sized> ::std::panic::UnwindSafe for Mutex<T> {}
impl<T: ?Sized> ::std::panic::RefUnwindSafe for Mutex<T> {}

/// Holds the lock.
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized> {
    pub(super) lock: &'a Mutex<T>,
    panicking: bool,
    caller: Caller,
    not_send: PhantomData<*const ()>,
}

// SAFETY: as the real one.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<T> Mutex<T> {
    /// A free lock.
    pub const fn new(value: T) -> Self {
        Mutex {
            id: Id::new(),
            poison: Poison::new(),
            value: UnsafeCell::new(value),
        }
    }
    /// The value.
    ///
    /// # Errors
    ///
    /// The lock is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        let poisoned = self.poison.get();
        let value = self.value.into_inner();
        if poisoned {
            Err(PoisonError::new(value))
        } else {
            Ok(value)
        }
    }
}

impl<T: ?Sized> Mutex<T> {
    pub(super) fn guard(&self, caller: Caller) -> LockResult<MutexGuard<'_, T>> {
        let guard = MutexGuard {
            lock: self,
            panicking: panicking(),
            caller,
            not_send: PhantomData,
        };
        if self.poison.get() {
            Err(PoisonError::new(guard))
        } else {
            Ok(guard)
        }
    }
    /// Waits for the lock.
    ///
    /// # Errors
    ///
    /// The lock is poisoned.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let caller = Location::caller();
        engine::lock(&self.id, Access::Alone, None, caller);
        self.guard(caller)
    }
    /// Takes the lock if it is free.
    ///
    /// # Errors
    ///
    /// It is not, or it is poisoned.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let caller = Location::caller();
        if engine::try_lock(&self.id, Access::Alone, caller) {
            Ok(self.guard(caller)?)
        } else {
            Err(TryLockError::WouldBlock)
        }
    }
    /// The value, by unique access.
    ///
    /// # Errors
    ///
    /// The lock is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let poisoned = self.poison.get();
        let value = self.value.get_mut();
        if poisoned {
            Err(PoisonError::new(value))
        } else {
            Ok(value)
        }
    }
    /// Whether a thread panicked while it held the lock.
    pub fn is_poisoned(&self) -> bool {
        self.poison.get()
    }
    /// Says that the value is well.
    pub fn clear_poison(&self) {
        self.poison.set(false);
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Mutex::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::show("Mutex", self.try_lock(), self.poison.get(), f)
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held alone.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.poison.on_drop(self.panicking);
        engine::unlock(&self.lock.id, Access::Alone, self.caller);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
