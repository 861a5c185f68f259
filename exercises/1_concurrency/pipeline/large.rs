use crate::submission::squares;

pub fn input(seed: u64) -> Vec<u32> {
    numbers(seed, 500, 1 << 16)
}

pub fn reference(numbers: &Vec<u32>) -> Vec<u32> {
    numbers.iter().map(|n| n * n).collect()
}

pub fn attempt(numbers: &Vec<u32>) -> Vec<u32> {
    squares(numbers.clone())
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
