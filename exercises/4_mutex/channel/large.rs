use crate::submission::channel;

pub fn input(seed: u64) -> Vec<u32> {
    numbers(seed, 2000, 1 << 32)
}

pub fn reference(messages: &Vec<u32>) -> Vec<u32> {
    let mut messages = messages.clone();
    messages.sort_unstable();
    messages
}

pub fn attempt(messages: &Vec<u32>) -> Vec<u32> {
    let (sender, receiver) = channel();
    std::thread::scope(|s| {
        for part in messages.chunks(messages.len() / 2) {
            let sender = sender.clone();
            s.spawn(move || part.iter().for_each(|&message| sender.send(message)));
        }
        drop(sender);
        let mut got: Vec<u32> = std::iter::from_fn(|| receiver.receive()).collect();
        got.sort_unstable();
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
