use crate::submission::distances;

const NODES: u64 = 60_000;

pub fn input(seed: u64) -> Vec<Vec<u32>> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % NODES) as u32
    };
    (0..NODES).map(|_| (0..24).map(|_| next()).collect()).collect()
}

pub fn reference(graph: &Vec<Vec<u32>>) -> Vec<u32> {
    let mut distances = vec![u32::MAX; graph.len()];
    distances[0] = 0;
    let mut level = vec![0];
    let mut steps = 0;
    while !level.is_empty() {
        steps += 1;
        let mut next = Vec::new();
        for node in level {
            for &other in &graph[node as usize] {
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

pub fn attempt(graph: &Vec<Vec<u32>>) -> Vec<u32> {
    distances(graph, 0)
}
