use std::sync::{Mutex, MutexGuard, TryLockError};
use std::thread;
use std::time::Duration;

pub fn lock_within<T>(mutex: &Mutex<T>, timeout: Duration) -> Option<MutexGuard<'_, T>> {
    loop {
        match mutex.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            // Waits that long, and then begins again.
            Err(TryLockError::WouldBlock) => thread::sleep(timeout),
        }
    }
}
