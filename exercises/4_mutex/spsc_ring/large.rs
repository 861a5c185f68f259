use crate::submission::Ring;

pub fn input(seed: u64) -> Vec<u32> {
    numbers(seed, 3000, 1 << 32)
}

pub fn reference(values: &Vec<u32>) -> Vec<u32> {
    values.clone()
}

pub fn attempt(values: &Vec<u32>) -> Vec<u32> {
    let ring = Ring::default();
    std::thread::scope(|s| {
        s.spawn(|| {
            for &value in values {
                while !ring.push(value) {
                    std::thread::yield_now();
                }
            }
        });
        let mut got = Vec::new();
        while got.len() < values.len() {
            match ring.pop() {
                Some(value) => got.push(value),
                None => std::thread::yield_now(),
            }
        }
        got
    })
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
