use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

#[repr(align(16))]
#[derive(Default)]
struct Apart(AtomicU64);

pub struct Counters {
    counts: Vec<Apart>,
}

impl Counters {
    pub fn new(threads: usize) -> Self {
        Counters {
            counts: (0..threads).map(|_| Apart::default()).collect(),
        }
    }
    pub fn progress(&self) -> u64 {
        self.counts.iter().map(|c| c.0.load(Ordering::Relaxed)).sum()
    }
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
