use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

pub fn lock_within<T>(mutex: &Mutex<T>, timeout: Duration) -> Option<MutexGuard<'_, T>> {
    let end = Instant::now() + timeout;
    while Instant::now() < end {
        if let Ok(guard) = mutex.try_lock() {
            return Some(guard);
        }
        thread::sleep(Duration::from_millis(1));
    }
    None
}
