use std::thread;

/// What each number counts for.
pub fn weight(x: u64) -> u64 {
    (0..12).fold(x, |y, _| {
        y.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407) ^ (y >> 7)
    })
}

pub fn sum(numbers: &[u64]) -> u64 {
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    let part = numbers.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let parts: Vec<_> = numbers
            .chunks(part)
            .map(|chunk| scope.spawn(move || chunk.iter().map(|&x| weight(x)).fold(0, u64::wrapping_add)))
            .collect();
        parts
            .into_iter()
            .map(|part| part.join().unwrap())
            .fold(0, u64::wrapping_add)
    })
}
