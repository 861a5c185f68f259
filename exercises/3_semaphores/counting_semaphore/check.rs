use crate::submission::Semaphore;
use std::sync::atomic::{AtomicU32, Ordering};

pub fn check() {
    let semaphore = Semaphore::new(1);
    let inside = AtomicU32::new(0);
    std::thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                semaphore.acquire();
                assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0, "two threads are inside");
                inside.fetch_sub(1, Ordering::Relaxed);
                semaphore.release();
            });
        }
    });
}
