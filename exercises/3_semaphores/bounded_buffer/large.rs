use crate::submission::Buffer;

pub fn input(seed: u64) -> (usize, Vec<u32>) {
    (1 + seed as usize % 5, numbers(seed, 2000, 1 << 32))
}

pub fn reference((_, items): &(usize, Vec<u32>)) -> Vec<u32> {
    let mut items = items.clone();
    items.sort_unstable();
    items
}

pub fn attempt((capacity, items): &(usize, Vec<u32>)) -> Vec<u32> {
    let buffer = Buffer::new(*capacity);
    let (buffer, half) = (&buffer, items.len() / 2);
    std::thread::scope(|s| {
        for part in items.chunks(half) {
            s.spawn(move || part.iter().for_each(|&item| buffer.put(item)));
        }
        let takers = [half, items.len() - half]
            .map(|count| s.spawn(move || (0..count).map(|_| buffer.take()).collect::<Vec<u32>>()));
        let mut got: Vec<u32> = takers
            .into_iter()
            .flat_map(|taker| taker.join().unwrap())
            .collect();
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
