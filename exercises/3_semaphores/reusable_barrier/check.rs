use crate::submission::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};

pub fn check() {
    let barrier = Barrier::new(2);
    let done = AtomicU32::new(0);
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                for round in 1..=2 {
                    done.fetch_add(1, Ordering::Relaxed);
                    barrier.wait();
                    assert!(done.load(Ordering::Relaxed) >= 2 * round, "a thread runs ahead");
                    barrier.wait();
                }
            });
        }
    });
}
