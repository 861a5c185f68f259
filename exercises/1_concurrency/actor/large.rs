use crate::submission::Account;

pub fn input(seed: u64) -> Vec<u32> {
    numbers(seed, 1000, 1 << 16)
}

pub fn reference(amounts: &Vec<u32>) -> u32 {
    amounts.iter().sum()
}

pub fn attempt(amounts: &Vec<u32>) -> u32 {
    let account = Account::new();
    std::thread::scope(|s| {
        for part in amounts.chunks(amounts.len() / 3) {
            let account = &account;
            s.spawn(move || part.iter().for_each(|&amount| account.deposit(amount)));
        }
    });
    account.balance()
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
