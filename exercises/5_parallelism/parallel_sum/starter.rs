use std::thread;

/// What each number counts for.
pub fn weight(x: u64) -> u64 {
    (0..12).fold(x, |y, _| {
        y.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407) ^ (y >> 7)
    })
}

pub fn sum(numbers: &[u64]) -> u64 {
    let _ = thread::available_parallelism();
    numbers.iter().map(|&x| weight(x)).fold(0, u64::wrapping_add)
}
