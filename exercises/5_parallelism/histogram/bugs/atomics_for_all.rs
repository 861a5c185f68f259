use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// The bucket of a number.
pub fn bucket(x: u64) -> usize {
    (0..10).fold(x, |y, _| {
        y.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407) ^ (y >> 7)
    }) as usize
        % 16
}

pub fn histogram(numbers: &[u64]) -> [u64; 16] {
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    let counts: [AtomicU64; 16] = Default::default();
    thread::scope(|scope| {
        for chunk in numbers.chunks(numbers.len().div_ceil(threads).max(1)) {
            let counts = &counts;
            scope.spawn(move || {
                for &x in chunk {
                    counts[bucket(x)].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    counts.map(AtomicU64::into_inner)
}
