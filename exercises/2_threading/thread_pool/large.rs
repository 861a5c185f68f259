use crate::submission::Pool;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub fn input(seed: u64) -> (usize, Vec<u32>) {
    (1 + seed as usize % 6, numbers(seed, 1000, 1 << 32))
}

pub fn reference((_, amounts): &(usize, Vec<u32>)) -> u64 {
    amounts.iter().map(|&amount| u64::from(amount)).sum()
}

pub fn attempt((threads, amounts): &(usize, Vec<u32>)) -> u64 {
    let total = Arc::new(AtomicU64::new(0));
    let pool = Pool::new(*threads);
    for &amount in amounts {
        let total = total.clone();
        pool.run(move || {
            total.fetch_add(amount.into(), Ordering::Relaxed);
        });
    }
    drop(pool);
    total.load(Ordering::Relaxed)
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
