use crate::submission::Gate;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many threads come.
pub fn input(seed: u64) -> u32 {
    3 + (seed % 4) as u32
}

/// How often too many were inside.
pub fn reference(_: &u32) -> u32 {
    0
}

pub fn attempt(threads: &u32) -> u32 {
    let gate = Gate::new();
    let (inside, too_many) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|s| {
        for _ in 0..*threads {
            s.spawn(|| {
                for _ in 0..300 {
                    gate.pass(|| {
                        if inside.fetch_add(1, Ordering::Relaxed) >= 2 {
                            too_many.fetch_add(1, Ordering::Relaxed);
                        }
                        inside.fetch_sub(1, Ordering::Relaxed);
                    });
                }
            });
        }
    });
    too_many.into_inner()
}
