use crate::submission::distances;

const NODES: u32 = 3000;

pub fn input(seed: u64) -> u64 {
    seed
}

/// As in a game, what follows on a position is not stored but computed, and takes its time.
fn neighbours(seed: u64, node: u32) -> Vec<u32> {
    let mut state = (seed ^ u64::from(node)).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        for _ in 0..250 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
        }
        (state % u64::from(NODES)) as u32
    };
    (0..8).map(|_| next()).collect()
}

pub fn reference(seed: &u64) -> Vec<u32> {
    let mut distances = vec![u32::MAX; NODES as usize];
    distances[0] = 0;
    let mut level = vec![0];
    let mut steps = 0;
    while !level.is_empty() {
        steps += 1;
        let mut next = Vec::new();
        for node in level {
            for other in neighbours(*seed, node) {
                if distances[other as usize] == u32::MAX {
                    distances[other as usize] = steps;
                    next.push(other);
                }
            }
        }
        level = next;
    }
    distances
}

pub fn attempt(seed: &u64) -> Vec<u32> {
    distances(NODES as usize, |node| neighbours(*seed, node), 0)
}
