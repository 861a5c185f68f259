//! The interface of parking_lot on the engine: its locks use the system's futexes, which are not
//! modelled. Locks do not poison; `Condvar` works on a borrowed guard; fair unlocking hands the
//! lock to a waiter, which the model does by giving way right after.

mod condvar;
mod mutex;
mod once;
mod rwlock;

pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{
    FairMutex, FairMutexGuard, MappedMutexGuard, Mutex, MutexGuard, ReentrantMutex,
    ReentrantMutexGuard, const_fair_mutex, const_mutex, const_reentrant_mutex,
};
pub use once::{Once, OnceState};
pub use rwlock::{
    MappedRwLockReadGuard, MappedRwLockWriteGuard, RwLock, RwLockReadGuard,
    RwLockUpgradableReadGuard, RwLockWriteGuard, const_rwlock,
};

use modelled_std::time::{Duration, Instant};

/// When a wait of this length that starts now ends, in virtual nanoseconds.
fn after(duration: Duration) -> u64 {
    interleave::sync::clock()
        .saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4))
}

/// When a wait until this moment ends, in virtual nanoseconds.
fn until(moment: Instant) -> u64 {
    after(moment.saturating_duration_since(Instant::now()))
}
