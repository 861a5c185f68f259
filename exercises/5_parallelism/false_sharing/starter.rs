use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// One counter for each thread.
pub struct Counters {
    counts: Vec<AtomicU64>,
}

impl Counters {
    pub fn new(threads: usize) -> Self {
        Counters {
            counts: (0..threads).map(|_| AtomicU64::new(0)).collect(),
        }
    }
    /// How far the threads are, together.
    pub fn progress(&self) -> u64 {
        self.counts.iter().map(|c| c.load(Ordering::Relaxed)).sum()
    }
    /// Counts the even numbers, with one thread for each counter.
    pub fn count(&self, numbers: &[u64]) {
        let part = numbers.len().div_ceil(self.counts.len()).max(1);
        thread::scope(|scope| {
            for (count, chunk) in self.counts.iter().zip(numbers.chunks(part)) {
                scope.spawn(move || {
                    for x in chunk {
                        if x % 2 == 0 {
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
    }
}
