use crate::submission::{Account, transfer};
use std::sync::Mutex;

/// Amounts.
pub fn input(seed: u64) -> Vec<u32> {
    numbers(seed, 2000, 50)
}

pub fn reference(_: &Vec<u32>) -> (i32, bool) {
    (200, true)
}

pub fn attempt(amounts: &Vec<u32>) -> (i32, bool) {
    let account = |number| Account {
        number,
        balance: Mutex::new(100),
    };
    let (a, b) = (account(1), account(2));
    std::thread::scope(|s| {
        for (from, to) in [(&a, &b), (&b, &a), (&a, &b)] {
            s.spawn(move || {
                for &amount in amounts {
                    transfer(from, to, amount as i32);
                }
            });
        }
    });
    let (a, b) = (*a.balance.lock().unwrap(), *b.balance.lock().unwrap());
    (a + b, a >= 0 && b >= 0)
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
