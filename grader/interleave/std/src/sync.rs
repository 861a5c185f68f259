//! Locks, channels and atomics.

pub mod atomic;
mod barrier;
mod condvar;
mod lazy;
pub mod mpsc;
mod mutex;
mod once;
mod rwlock;

pub use ::std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult, Weak};
pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use lazy::LazyLock;
pub use mutex::{Mutex, MutexGuard};
pub use once::{Once, OnceLock, OnceState};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use ::std::cell::UnsafeCell;
use interleave::objects::Id;

/// The start of a [`Once`].
#[deprecated(note = "the `Once::new()` function is now preferred")]
#[allow(clippy::declare_interior_mutable_const)]
pub const ONCE_INIT: Once = Once::new();

/// Whether a panic left the data in an unknown state. Looked at by functions of this crate only,
/// which are not instrumented, as the real one's flag is an atomic of the library's.
#[derive(Debug)]
struct Poison(UnsafeCell<bool>);

// SAFETY: only one thread of the program runs at a time.
unsafe impl Sync for Poison {}

impl Poison {
    const fn new() -> Self {
        Poison(UnsafeCell::new(false))
    }
    #[inline(never)]
    fn get(&self) -> bool {
        // SAFETY: only one thread of the program runs at a time.
        unsafe { *self.0.get() }
    }
    #[inline(never)]
    fn set(&self, poisoned: bool) {
        // SAFETY: only one thread of the program runs at a time.
        unsafe { *self.0.get() = poisoned };
    }
    /// Poisons where the guard is dropped by a panic that began while it was held.
    #[inline(never)]
    fn on_drop(&self, was_panicking: bool) {
        if !was_panicking && ::std::thread::panicking() {
            self.set(true);
        }
    }
}

/// Whether the thread panics; not instrumented.
#[inline(never)]
fn panicking() -> bool {
    ::std::thread::panicking()
}

/// A monitor's state inside a modelled object: looked at between scheduling points only.
#[derive(Debug, Default)]
struct State<T> {
    id: Id,
    value: UnsafeCell<T>,
}

// SAFETY: only one thread of the program runs at a time, and no reference outlives a step.
unsafe impl<T> Sync for State<T> {}

impl<T> State<T> {
    const fn new(value: T) -> Self {
        State {
            id: Id::new(),
            value: UnsafeCell::new(value),
        }
    }
    /// Looks at and changes the state; `body` must not call back into the engine's scheduler.
    fn with<R>(&self, body: impl FnOnce(&mut T) -> R) -> R {
        let _quiet = interleave::runtime::Quiet::new();
        // SAFETY: as above.
        body(unsafe { &mut *self.value.get() })
    }
}

/// Shows a lock as the real one is shown: with its value where it is free.
fn show<G>(
    name: &str,
    tried: TryLockResult<G>,
    poisoned: bool,
    f: &mut ::std::fmt::Formatter<'_>,
) -> ::std::fmt::Result
where
    G: ::std::ops::Deref,
    G::Target: ::std::fmt::Debug,
{
    let mut shown = f.debug_struct(name);
    match tried {
        Ok(guard) => shown.field("data", &&*guard),
        Err(TryLockError::Poisoned(error)) => shown.field("data", &&**error.get_ref()),
        Err(TryLockError::WouldBlock) => shown.field("data", &"<locked>"),
    };
    shown.field("poisoned", &poisoned).finish_non_exhaustive()
}
