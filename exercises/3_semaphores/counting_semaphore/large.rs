use crate::submission::Semaphore;
use std::sync::atomic::{AtomicU32, Ordering};

/// The permits.
pub fn input(seed: u64) -> u32 {
    1 + (seed % 3) as u32
}

/// How often too many were inside.
pub fn reference(_: &u32) -> u32 {
    0
}

pub fn attempt(permits: &u32) -> u32 {
    let semaphore = Semaphore::new(*permits);
    let (inside, too_many) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|s| {
        for _ in 0..permits + 2 {
            s.spawn(|| {
                for _ in 0..300 {
                    semaphore.acquire();
                    if inside.fetch_add(1, Ordering::Relaxed) >= *permits {
                        too_many.fetch_add(1, Ordering::Relaxed);
                    }
                    inside.fetch_sub(1, Ordering::Relaxed);
                    semaphore.release();
                }
            });
        }
    });
    too_many.into_inner()
}
