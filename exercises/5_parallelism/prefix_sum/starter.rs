use std::thread;

/// What each number counts for.
pub fn weight(x: u64) -> u64 {
    (0..12).fold(x, |y, _| {
        y.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407) ^ (y >> 7)
    })
}

pub fn prefix_sums(numbers: &[u64]) -> Vec<u64> {
    let _ = thread::available_parallelism();
    let mut sum = 0u64;
    numbers
        .iter()
        .map(|&x| {
            sum = sum.wrapping_add(weight(x));
            sum
        })
        .collect()
}
