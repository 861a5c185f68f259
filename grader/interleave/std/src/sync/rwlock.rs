//! Read-write locks.

use super::{LockResult, Poison, PoisonError, TryLockError, TryLockResult, panicking};
use ::std::cell::UnsafeCell;
use ::std::fmt;
use ::std::marker::PhantomData;
use ::std::ops::{Deref, DerefMut};
use ::std::panic::Location;
use interleave::objects::Id;
use interleave::sync::{self as engine, Access, Caller};

/// A lock around a value that many may read.
pub struct RwLock<T: ?Sized> {
    id: Id,
    poison: Poison,
    value: UnsafeCell<T>,
}

// SAFETY: as the real one.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: as the real one.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}
impl<T: ?Sized> ::std::panic::UnwindSafe for RwLock<T> {}
impl<T: ?Sized> ::std::panic::RefUnwindSafe for RwLock<T> {}

macro_rules! guard {
    ($name:ident $access:ident) => {
        /// Holds the lock.
        #[must_use = "if unused the RwLock will immediately unlock"]
        pub struct $name<'a, T: ?Sized> {
            lock: &'a RwLock<T>,
            panicking: bool,
            caller: Caller,
            not_send: PhantomData<*const ()>,
        }
        // SAFETY: as the real one.
        unsafe impl<T: ?Sized + Sync> Sync for $name<'_, T> {}
        impl<'a, T: ?Sized> $name<'a, T> {
            fn new(lock: &'a RwLock<T>, caller: Caller) -> LockResult<Self> {
                let guard = $name {
                    lock,
                    panicking: panicking(),
                    caller,
                    not_send: PhantomData,
                };
                if lock.poison.get() {
                    Err(PoisonError::new(guard))
                } else {
                    Ok(guard)
                }
            }
        }
        impl<T: ?Sized> Deref for $name<'_, T> {
            type Target = T;
            fn deref(&self) -> &T {
                // SAFETY: the lock is held.
                unsafe { &*self.lock.value.get() }
            }
        }
        impl<T: ?Sized + fmt::Debug> fmt::Debug for $name<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
        impl<T: ?Sized + fmt::Display> fmt::Display for $name<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}

guard!(RwLockReadGuard Read);
guard!(RwLockWriteGuard Write);

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held alone.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        // Readers do not poison.
        let _ = self.panicking;
        engine::unlock(&self.lock.id, Access::Read, self.caller);
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.poison.on_drop(self.panicking);
        engine::unlock(&self.lock.id, Access::Write, self.caller);
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Goes on as a reader, without giving the lock up in between.
    #[track_caller]
    pub fn downgrade(guard: Self) -> RwLockReadGuard<'a, T> {
        let (lock, panicking) = (guard.lock, guard.panicking);
        ::std::mem::forget(guard);
        let caller = Location::caller();
        engine::downgrade(&lock.id, caller);
        RwLockReadGuard {
            lock,
            panicking,
            caller,
            not_send: PhantomData,
        }
    }
}

impl<T> RwLock<T> {
    /// A free lock.
    pub const fn new(value: T) -> Self {
        RwLock {
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

impl<T: ?Sized> RwLock<T> {
    /// Waits for the lock, to read.
    ///
    /// # Errors
    ///
    /// The lock is poisoned.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let caller = Location::caller();
        engine::lock(&self.id, Access::Read, None, caller);
        RwLockReadGuard::new(self, caller)
    }
    /// Waits for the lock, to write.
    ///
    /// # Errors
    ///
    /// The lock is poisoned.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let caller = Location::caller();
        engine::lock(&self.id, Access::Write, None, caller);
        RwLockWriteGuard::new(self, caller)
    }
    /// Takes the lock to read, if it is free for that.
    ///
    /// # Errors
    ///
    /// It is not, or it is poisoned.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let caller = Location::caller();
        if !engine::try_lock(&self.id, Access::Read, caller) {
            return Err(TryLockError::WouldBlock);
        }
        Ok(RwLockReadGuard::new(self, caller)?)
    }
    /// Takes the lock to write, if it is free for that.
    ///
    /// # Errors
    ///
    /// It is not, or it is poisoned.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let caller = Location::caller();
        if !engine::try_lock(&self.id, Access::Write, caller) {
            return Err(TryLockError::WouldBlock);
        }
        Ok(RwLockWriteGuard::new(self, caller)?)
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
    /// Whether a thread panicked while it held the lock to write.
    pub fn is_poisoned(&self) -> bool {
        self.poison.get()
    }
    /// Says that the value is well.
    pub fn clear_poison(&self) {
        self.poison.set(false);
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        RwLock::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::show("RwLock", self.try_read(), self.poison.get(), f)
    }
}
