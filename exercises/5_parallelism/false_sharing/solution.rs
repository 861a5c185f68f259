use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Alone in its cache line; two lines, because processors like to fetch pairs of them.
#[repr(align(128))]
#[derive(Default)]
struct Apart(AtomicU64);

/// One counter for each thread.
pub struct Counters {
    counts: Vec<Apart>,
}

impl Counters {
    pub fn new(threads: usize) -> Self {
        Counters {
            counts: (0..threads).map(|_| Apart::default()).collect(),
        }
    }
    /// How far the threads are, together.
    pub fn progress(&self) -> u64 {
        self.counts.iter().map(|c| c.0.load(Ordering::Relaxed)).sum()
    }
    /// Counts the even numbers, with one thread for each counter.
    pub fn count(&self, numbers: &[u64]) {
        let part = numbers.len().div_ceil(self.counts.len()).max(1);
        thread::scope(|scope| {
            for (count, chunk) in self.counts.iter().zip(numbers.chunks(part)) {
                scope.spawn(move || {
                    for x in chunk {
                        if x % 2 == 0 {
                            count.0.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
    }
}
