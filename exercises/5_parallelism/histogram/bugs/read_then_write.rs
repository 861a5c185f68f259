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
    let total: [AtomicU64; 16] = Default::default();
    thread::scope(|scope| {
        for chunk in numbers.chunks(numbers.len().div_ceil(threads).max(1)) {
            let total = &total;
            scope.spawn(move || {
                let mut counts = [0; 16];
                chunk.iter().for_each(|&x| counts[bucket(x)] += 1);
                for (sum, count) in total.iter().zip(counts) {
                    let before = sum.load(Ordering::SeqCst);
                    sum.store(before + count, Ordering::SeqCst);
                }
            });
        }
    });
    total.map(AtomicU64::into_inner)
}
