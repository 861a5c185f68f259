use crate::submission::{Pipe, receive, send};

/// The capacity of the pipe, and messages.
pub fn input(seed: u64) -> (usize, Vec<Vec<u8>>) {
    let lengths = numbers(seed, 100, 40);
    let message = |length: u32| numbers(seed ^ u64::from(length), length as usize, 256);
    let bytes = |message: Vec<u32>| message.into_iter().map(|n| n as u8).collect();
    (
        1 + seed as usize % 7,
        lengths.into_iter().map(|length| bytes(message(length))).collect(),
    )
}

pub fn reference((_, messages): &(usize, Vec<Vec<u8>>)) -> Vec<Vec<u8>> {
    messages.clone()
}

pub fn attempt((capacity, messages): &(usize, Vec<Vec<u8>>)) -> Vec<Vec<u8>> {
    let pipe = Pipe::new(*capacity);
    std::thread::scope(|s| {
        s.spawn(|| {
            messages.iter().for_each(|message| send(&pipe, message));
            pipe.close();
        });
        std::iter::from_fn(|| receive(&pipe)).collect()
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
