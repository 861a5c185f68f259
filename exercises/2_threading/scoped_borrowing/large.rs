use crate::submission::{Number, extremes};

pub fn input(seed: u64) -> Vec<Number> {
    numbers(seed, 5000, 1 << 32)
        .into_iter()
        .map(|n| Number(i64::from(n) - (1 << 31)))
        .collect()
}

pub fn reference(numbers: &Vec<Number>) -> (i64, i64) {
    let all = numbers.iter().map(|n| n.0);
    (
        all.clone().min().unwrap_or(i64::MAX),
        all.max().unwrap_or(i64::MIN),
    )
}

pub fn attempt(numbers: &Vec<Number>) -> (i64, i64) {
    extremes(numbers)
}

/// Numbers by chance: xorshift64, Marsaglia 2003.
fn numbers(seed: u64, count: usize, below: u64) -> Vec<u32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below) as u32
    };
    (0..count).map(|_| next()).collect()
}
