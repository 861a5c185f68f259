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
                    for x in chunk {
                        if x % 2 == 0 {
                            self.count.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
    }
}
