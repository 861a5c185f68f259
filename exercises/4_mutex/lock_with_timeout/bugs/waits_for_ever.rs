use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

pub fn lock_within<T>(mutex: &Mutex<T>, _timeout: Duration) -> Option<MutexGuard<'_, T>> {
    Some(mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
}
