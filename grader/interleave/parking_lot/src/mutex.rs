//! Mutual exclusion, plain, fair and reentrant.

use crate::{after, until};
use interleave::objects::Id;
use interleave::sync::{self as engine, Access, Caller};
use modelled_std::time::{Duration, Instant};
use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

/// A lock around a value.
#[derive(Default)]
pub struct Mutex<T: ?Sized> {
    pub(crate) id: Id,
    value: UnsafeCell<T>,
}

/// The same: the model's choice of the next owner covers fair and unfair ones.
pub type FairMutex<T> = Mutex<T>;
/// Holds a lock.
pub type FairMutexGuard<'a, T> = MutexGuard<'a, T>;

// SAFETY: as the real one.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as the real one.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

/// Holds the lock.
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized> {
    pub(crate) lock: &'a Mutex<T>,
    pub(crate) caller: Caller,
    marker: PhantomData<*const ()>,
}

// SAFETY: as the real one.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

/// A free lock.
pub const fn const_mutex<T>(value: T) -> Mutex<T> {
    Mutex::new(value)
}

/// A free lock.
pub const fn const_fair_mutex<T>(value: T) -> FairMutex<T> {
    Mutex::new(value)
}

impl<T> Mutex<T> {
    /// A free lock.
    pub const fn new(value: T) -> Self {
        Mutex {
            id: Id::new(),
            value: UnsafeCell::new(value),
        }
    }
    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    fn guard(&self, caller: Caller) -> MutexGuard<'_, T> {
        MutexGuard {
            lock: self,
            caller,
            marker: PhantomData,
        }
    }
    /// Waits for the lock.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let caller = Location::caller();
        engine::lock(&self.id, Access::Alone, None, caller);
        self.guard(caller)
    }
    /// Takes the lock if it is free.
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let caller = Location::caller();
        engine::try_lock(&self.id, Access::Alone, caller).then(|| self.guard(caller))
    }
    /// Waits for the lock, but not longer than this.
    #[track_caller]
    pub fn try_lock_for(&self, duration: Duration) -> Option<MutexGuard<'_, T>> {
        let caller = Location::caller();
        engine::lock(&self.id, Access::Alone, Some(after(duration)), caller)
            .then(|| self.guard(caller))
    }
    /// Waits for the lock, but not longer than until then.
    #[track_caller]
    pub fn try_lock_until(&self, moment: Instant) -> Option<MutexGuard<'_, T>> {
        let caller = Location::caller();
        engine::lock(&self.id, Access::Alone, Some(until(moment)), caller)
            .then(|| self.guard(caller))
    }
    /// Whether somebody holds the lock.
    #[track_caller]
    pub fn is_locked(&self) -> bool {
        engine::enter(&self.id, false);
        let held = engine::is_owned(&self.id);
        engine::looked(&self.id, u64::from(held), Location::caller());
        held
    }
    /// The value, by unique access.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
    /// The value's address.
    pub fn data_ptr(&self) -> *mut T {
        self.value.get()
    }
    /// Gives up a lock whose guard was forgotten.
    ///
    /// # Safety
    ///
    /// The thread must hold it.
    #[track_caller]
    pub unsafe fn force_unlock(&self) {
        engine::unlock(&self.id, Access::Alone, Location::caller());
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Mutex::new(value)
    }
}

impl<T: ?Sized> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// A guard of a part of the value.
    pub fn map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedMutexGuard<'a, U> {
        // SAFETY: the lock is held alone.
        let value: *mut U = part(unsafe { &mut *guard.lock.value.get() });
        let mapped = MappedMutexGuard {
            id: &guard.lock.id,
            value,
            caller: guard.caller,
            marker: PhantomData,
        };
        std::mem::forget(guard);
        mapped
    }
    /// Gives the lock up to a waiter.
    pub fn unlock_fair(guard: Self) {
        let caller = guard.caller;
        drop(guard);
        engine::yield_now("gives way", caller);
    }
    /// Gives the lock up while `body` runs.
    pub fn unlocked<R>(guard: &mut Self, body: impl FnOnce() -> R) -> R {
        engine::unlock(&guard.lock.id, Access::Alone, guard.caller);
        let result = body();
        engine::lock(&guard.lock.id, Access::Alone, None, guard.caller);
        result
    }
    /// Gives the lock to a waiter, if there is one, and takes it again.
    pub fn bump(guard: &mut Self) {
        let caller = guard.caller;
        Self::unlocked(guard, || engine::yield_now("gives way", caller));
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

/// Holds a lock, for a part of its value.
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MappedMutexGuard<'a, T: ?Sized> {
    id: &'a Id,
    value: *mut T,
    caller: Caller,
    marker: PhantomData<&'a mut T>,
}

impl<T: ?Sized> Deref for MappedMutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.value }
    }
}

impl<T: ?Sized> DerefMut for MappedMutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held alone.
        unsafe { &mut *self.value }
    }
}

impl<T: ?Sized> Drop for MappedMutexGuard<'_, T> {
    fn drop(&mut self) {
        engine::unlock(self.id, Access::Alone, self.caller);
    }
}

/// A lock that its owner may take again.
#[derive(Default)]
pub struct ReentrantMutex<T: ?Sized> {
    owner: Cell<Option<usize>>,
    depth: Cell<usize>,
    lock: Mutex<T>,
}

// SAFETY: as the real one; owner and depth are looked at by one thread at a time.
unsafe impl<T: ?Sized + Send> Sync for ReentrantMutex<T> {}

/// Holds the lock.
#[must_use = "if unused the ReentrantMutex will immediately unlock"]
pub struct ReentrantMutexGuard<'a, T: ?Sized>(
    &'a ReentrantMutex<T>,
    Caller,
    PhantomData<*const ()>,
);

impl<T> ReentrantMutex<T> {
    /// A free lock.
    pub const fn new(value: T) -> Self {
        ReentrantMutex {
            owner: Cell::new(None),
            depth: Cell::new(0),
            lock: Mutex::new(value),
        }
    }
}

/// A free lock.
pub const fn const_reentrant_mutex<T>(value: T) -> ReentrantMutex<T> {
    ReentrantMutex::new(value)
}

impl<T: ?Sized> ReentrantMutex<T> {
    /// Waits for the lock, unless the thread has it.
    #[track_caller]
    pub fn lock(&self) -> ReentrantMutexGuard<'_, T> {
        let caller = Location::caller();
        if !self.is_mine() {
            engine::lock(&self.lock.id, Access::Alone, None, caller);
        }
        self.deepen(caller)
    }
    /// Takes the lock if it is free, or the thread has it.
    #[track_caller]
    pub fn try_lock(&self) -> Option<ReentrantMutexGuard<'_, T>> {
        let caller = Location::caller();
        let had = self.is_mine() || engine::try_lock(&self.lock.id, Access::Alone, caller);
        had.then(|| self.deepen(caller))
    }
    #[inline(never)]
    fn is_mine(&self) -> bool {
        let _quiet = interleave::runtime::Quiet::new();
        self.owner.get() == Some(engine::me())
    }
    fn deepen(&self, caller: Caller) -> ReentrantMutexGuard<'_, T> {
        let _quiet = interleave::runtime::Quiet::new();
        self.owner.set(Some(engine::me()));
        self.depth.set(self.depth.get() + 1);
        ReentrantMutexGuard(self, caller, PhantomData)
    }
}

impl<T: ?Sized> Deref for ReentrantMutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.0.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for ReentrantMutexGuard<'_, T> {
    fn drop(&mut self) {
        let quiet = interleave::runtime::Quiet::new();
        let depth = self.0.depth.get() - 1;
        self.0.depth.set(depth);
        if depth == 0 {
            self.0.owner.set(None);
        }
        drop(quiet);
        if depth == 0 {
            engine::unlock(&self.0.lock.id, Access::Alone, self.1);
        }
    }
}
