use std::thread;

/// What each number counts for.
pub fn weight(x: u64) -> u64 {
    (0..12).fold(x, |y, _| {
        y.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407) ^ (y >> 7)
    })
}

pub fn prefix_sums(numbers: &[u64]) -> Vec<u64> {
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    let block = numbers.len().div_ceil(threads).max(1);
    let mut sums = vec![0u64; numbers.len()];
    thread::scope(|scope| {
        for (sums, numbers) in sums.chunks_mut(block).zip(numbers.chunks(block)) {
            scope.spawn(move || {
                let mut sum = 0u64;
                for (slot, &x) in sums.iter_mut().zip(numbers) {
                    sum = sum.wrapping_add(weight(x));
                    *slot = sum;
                }
            });
        }
    });
    let mut before = 0u64;
    for sums in sums.chunks_mut(block) {
        before = before.wrapping_add(sums.last().copied().unwrap_or(0));
        sums.iter_mut().for_each(|s| *s = s.wrapping_add(before));
    }
    sums
}
