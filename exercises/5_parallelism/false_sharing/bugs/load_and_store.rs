use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

pub struct Counters {
    threads: usize,
    count: AtomicU64,
}

impl Counters {
    pub fn new(threads: usize) -> Self {
        Counters {
            threads,
            count: AtomicU64::new(0),
        }
    }
    pub fn progress(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
    pub fn count(&self, numbers: &[u64]) {
        let part = numbers.len().div_ceil(self.threads).max(1);
        thread::scope(|scope| {
            for chunk in numbers.chunks(part) {
                scope.spawn(move || {
                    let even = chunk.iter().filter(|x| *x % 2 == 0).count() as u64;
                    let before = self.count.load(Ordering::SeqCst);
                    self.count.store(before + even, Ordering::SeqCst);
                });
            }
        });
    }
}
