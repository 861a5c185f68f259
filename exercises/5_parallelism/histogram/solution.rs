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
    let count = |chunk: &[u64]| {
        let mut counts = [0; 16];
        chunk.iter().for_each(|&x| counts[bucket(x)] += 1);
        counts
    };
    let mut total = [0; 16];
    thread::scope(|scope| {
        let parts: Vec<_> = numbers
            .chunks(numbers.len().div_ceil(threads).max(1))
            .map(|chunk| scope.spawn(move || count(chunk)))
            .collect();
        for part in parts {
            for (sum, count) in total.iter_mut().zip(part.join().unwrap()) {
                *sum += count;
            }
        }
    });
    total
}
