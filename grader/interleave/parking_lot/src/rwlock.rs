//! Read-write locks.

use crate::{after, until};
use interleave::objects::Id;
use interleave::sync::{self as engine, Access, Caller};
use modelled_std::time::{Duration, Instant};
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

/// A lock around a value that many may read.
#[derive(Default)]
pub struct RwLock<T: ?Sized> {
    id: Id,
    /// Held by the one reader who may become the writer.
    upgrade: Id,
    value: UnsafeCell<T>,
}

// SAFETY: as the real one.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: as the real one.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

/// A free lock.
pub const fn const_rwlock<T>(value: T) -> RwLock<T> {
    RwLock::new(value)
}

macro_rules! guard {
    ($name:ident $mapped:ident $access:ident $($mutable:ident)?) => {
        /// Holds the lock.
        #[must_use = "if unused the RwLock will immediately unlock"]
        pub struct $name<'a, T: ?Sized> {
            lock: &'a RwLock<T>,
            caller: Caller,
            marker: PhantomData<*const ()>,
        }
        // SAFETY: as the real one.
        unsafe impl<T: ?Sized + Sync> Sync for $name<'_, T> {}
        impl<T: ?Sized> Deref for $name<'_, T> {
            type Target = T;
            fn deref(&self) -> &T {
                // SAFETY: the lock is held.
                unsafe { &*self.lock.value.get() }
            }
        }
        impl<T: ?Sized> Drop for $name<'_, T> {
            fn drop(&mut self) {
                engine::unlock(&self.lock.id, Access::$access, self.caller);
            }
        }
        impl<T: ?Sized + fmt::Debug> fmt::Debug for $name<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
        /// Holds the lock, for a part of its value.
        #[must_use = "if unused the RwLock will immediately unlock"]
        pub struct $mapped<'a, T: ?Sized> {
            id: &'a Id,
            value: *mut T,
            caller: Caller,
            marker: PhantomData<&'a T>,
        }
        impl<T: ?Sized> Deref for $mapped<'_, T> {
            type Target = T;
            fn deref(&self) -> &T {
                // SAFETY: the lock is held.
                unsafe { &*self.value }
            }
        }
        impl<T: ?Sized> Drop for $mapped<'_, T> {
            fn drop(&mut self) {
                engine::unlock(self.id, Access::$access, self.caller);
            }
        }
    };
}

guard!(RwLockReadGuard MappedRwLockReadGuard Read);
guard!(RwLockWriteGuard MappedRwLockWriteGuard Write);

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held alone.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for MappedRwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held alone.
        unsafe { &mut *self.value }
    }
}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// A guard of a part of the value.
    pub fn map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&T) -> &U,
    ) -> MappedRwLockReadGuard<'a, U> {
        let value: *const U = part(&guard);
        let (id, caller) = (&guard.lock.id, guard.caller);
        std::mem::forget(guard);
        MappedRwLockReadGuard {
            id,
            value: value.cast_mut(),
            caller,
            marker: PhantomData,
        }
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// A guard of a part of the value.
    pub fn map<U: ?Sized>(
        mut guard: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedRwLockWriteGuard<'a, U> {
        let value: *mut U = part(&mut guard);
        let (id, caller) = (&guard.lock.id, guard.caller);
        std::mem::forget(guard);
        MappedRwLockWriteGuard {
            id,
            value,
            caller,
            marker: PhantomData,
        }
    }
    /// Goes on as a reader.
    pub fn downgrade(guard: Self) -> RwLockReadGuard<'a, T> {
        let (lock, caller) = (guard.lock, guard.caller);
        std::mem::forget(guard);
        engine::downgrade(&lock.id, caller);
        RwLockReadGuard {
            lock,
            caller,
            marker: PhantomData,
        }
    }
}

/// Holds the lock to read, and may become the writer.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockUpgradableReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    caller: Caller,
    marker: PhantomData<*const ()>,
}

macro_rules! fair {
    ($($guard:ident $access:ident)*) => { $(
        impl<T: ?Sized> $guard<'_, T> {
            /// Gives the lock up to a waiter.
            pub fn unlock_fair(guard: Self) {
                let caller = guard.caller;
                drop(guard);
                engine::yield_now("gives way", caller);
            }
            /// Gives the lock up while `body` runs.
            pub fn unlocked<R>(guard: &mut Self, body: impl FnOnce() -> R) -> R {
                engine::unlock(&guard.lock.id, Access::$access, guard.caller);
                let result = body();
                engine::lock(&guard.lock.id, Access::$access, None, guard.caller);
                result
            }
            /// Gives the lock to a waiter, if there is one, and takes it again.
            pub fn bump(guard: &mut Self) {
                let caller = guard.caller;
                Self::unlocked(guard, || engine::yield_now("gives way", caller));
            }
        }
    )* };
}

fair! { RwLockReadGuard Read RwLockWriteGuard Write }

impl<'a, T: ?Sized> RwLockUpgradableReadGuard<'a, T> {
    /// Goes on as a reader like all others.
    pub fn downgrade(guard: Self) -> RwLockReadGuard<'a, T> {
        let (lock, caller) = (guard.lock, guard.caller);
        std::mem::forget(guard);
        engine::unlock(&lock.upgrade, Access::Alone, caller);
        RwLockReadGuard {
            lock,
            caller,
            marker: PhantomData,
        }
    }
    /// Becomes the writer, if there are no other readers.
    ///
    /// # Errors
    ///
    /// There are: the guard.
    #[track_caller]
    pub fn try_upgrade(guard: Self) -> Result<RwLockWriteGuard<'a, T>, Self> {
        let (lock, caller) = (guard.lock, Location::caller());
        engine::unlock(&lock.id, Access::Read, caller);
        if !engine::try_lock(&lock.id, Access::Write, caller) {
            // Nobody can have become the writer: writers wait for this guard.
            engine::lock(&lock.id, Access::Read, None, caller);
            return Err(guard);
        }
        std::mem::forget(guard);
        engine::unlock(&lock.upgrade, Access::Alone, caller);
        Ok(RwLockWriteGuard {
            lock,
            caller,
            marker: PhantomData,
        })
    }
    /// Waits until all other readers are gone, and becomes the writer.
    #[track_caller]
    pub fn upgrade(guard: Self) -> RwLockWriteGuard<'a, T> {
        let (lock, caller) = (guard.lock, Location::caller());
        std::mem::forget(guard);
        // Nobody else can write in between: writers wait for the upgradable reader.
        engine::unlock(&lock.id, Access::Read, caller);
        engine::lock(&lock.id, Access::Write, None, caller);
        engine::unlock(&lock.upgrade, Access::Alone, caller);
        RwLockWriteGuard {
            lock,
            caller,
            marker: PhantomData,
        }
    }
}

impl<T: ?Sized> Deref for RwLockUpgradableReadGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for RwLockUpgradableReadGuard<'_, T> {
    fn drop(&mut self) {
        engine::unlock(&self.lock.id, Access::Read, self.caller);
        engine::unlock(&self.lock.upgrade, Access::Alone, self.caller);
    }
}

impl<T> RwLock<T> {
    /// A free lock.
    pub const fn new(value: T) -> Self {
        RwLock {
            id: Id::new(),
            upgrade: Id::new(),
            value: UnsafeCell::new(value),
        }
    }
    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    #[track_caller]
    fn read_until(&self, end: Option<u64>) -> Option<RwLockReadGuard<'_, T>> {
        let caller = Location::caller();
        engine::lock(&self.id, Access::Read, end, caller).then(|| RwLockReadGuard {
            lock: self,
            caller,
            marker: PhantomData,
        })
    }
    #[track_caller]
    fn write_until(&self, end: Option<u64>) -> Option<RwLockWriteGuard<'_, T>> {
        let caller = Location::caller();
        // A writer waits for an upgradable reader as well.
        if !engine::lock(&self.upgrade, Access::Alone, end, caller) {
            return None;
        }
        let had = engine::lock(&self.id, Access::Write, end, caller);
        engine::unlock(&self.upgrade, Access::Alone, caller);
        had.then(|| RwLockWriteGuard {
            lock: self,
            caller,
            marker: PhantomData,
        })
    }
    /// Waits for the lock, to read.
    #[track_caller]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.read_until(None).expect("a lock without a deadline")
    }
    /// Waits for the lock, to write.
    #[track_caller]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.write_until(None).expect("a lock without a deadline")
    }
    /// Waits for the lock, to read and perhaps become the writer.
    #[track_caller]
    pub fn upgradable_read(&self) -> RwLockUpgradableReadGuard<'_, T> {
        let caller = Location::caller();
        engine::lock(&self.upgrade, Access::Alone, None, caller);
        engine::lock(&self.id, Access::Read, None, caller);
        RwLockUpgradableReadGuard {
            lock: self,
            caller,
            marker: PhantomData,
        }
    }
    /// Takes the lock to read and perhaps become the writer, if it is free for that.
    #[track_caller]
    pub fn try_upgradable_read(&self) -> Option<RwLockUpgradableReadGuard<'_, T>> {
        let caller = Location::caller();
        if !engine::try_lock(&self.upgrade, Access::Alone, caller) {
            return None;
        }
        if !engine::try_lock(&self.id, Access::Read, caller) {
            engine::unlock(&self.upgrade, Access::Alone, caller);
            return None;
        }
        Some(RwLockUpgradableReadGuard {
            lock: self,
            caller,
            marker: PhantomData,
        })
    }
    /// Whether somebody holds the lock to write.
    #[track_caller]
    pub fn is_locked_exclusive(&self) -> bool {
        engine::enter(&self.id, false);
        let held = engine::is_owned(&self.id);
        engine::looked(&self.id, u64::from(held), Location::caller());
        held
    }
    /// The value's address.
    pub fn data_ptr(&self) -> *mut T {
        self.value.get()
    }
    /// Takes the lock to read, if it is free for that.
    #[track_caller]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        let caller = Location::caller();
        engine::try_lock(&self.id, Access::Read, caller).then(|| RwLockReadGuard {
            lock: self,
            caller,
            marker: PhantomData,
        })
    }
    /// Takes the lock to write, if it is free for that.
    #[track_caller]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        let caller = Location::caller();
        // As in `write`: nobody writes while somebody may be about to become the writer.
        if !engine::try_lock(&self.upgrade, Access::Alone, caller) {
            return None;
        }
        let had = engine::try_lock(&self.id, Access::Write, caller);
        engine::unlock(&self.upgrade, Access::Alone, caller);
        had.then(|| RwLockWriteGuard {
            lock: self,
            caller,
            marker: PhantomData,
        })
    }
    /// Waits for the lock to read, but not longer than this.
    #[track_caller]
    pub fn try_read_for(&self, duration: Duration) -> Option<RwLockReadGuard<'_, T>> {
        self.read_until(Some(after(duration)))
    }
    /// Waits for the lock to read, but not longer than until then.
    #[track_caller]
    pub fn try_read_until(&self, moment: Instant) -> Option<RwLockReadGuard<'_, T>> {
        self.read_until(Some(until(moment)))
    }
    /// Waits for the lock to write, but not longer than this.
    #[track_caller]
    pub fn try_write_for(&self, duration: Duration) -> Option<RwLockWriteGuard<'_, T>> {
        self.write_until(Some(after(duration)))
    }
    /// Waits for the lock to write, but not longer than until then.
    #[track_caller]
    pub fn try_write_until(&self, moment: Instant) -> Option<RwLockWriteGuard<'_, T>> {
        self.write_until(Some(until(moment)))
    }
    /// The value, by unique access.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        RwLock::new(value)
    }
}

impl<T: ?Sized> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwLock").finish_non_exhaustive()
    }
}
