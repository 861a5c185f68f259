use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// Levels with fewer nodes are not worth a thread; small graphs get threads all the same.
const WORTH_IT: usize = 32;

/// What follows on some nodes: those that nobody else has reached.
fn expand(
    neighbours: &(impl Fn(u32) -> Vec<u32> + Sync),
    distances: &[AtomicU32],
    nodes: &[u32],
    steps: u32,
) -> Vec<u32> {
    let mut next = Vec::new();
    for &node in nodes {
        for other in neighbours(node) {
            let distance = &distances[other as usize];
            // Looking first is cheaper than trying.
            if distance.load(Ordering::Relaxed) == u32::MAX
                && distance
                    .compare_exchange(u32::MAX, steps, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
            {
                next.push(other);
            }
        }
    }
    next
}

pub fn distances(nodes: usize, neighbours: impl Fn(u32) -> Vec<u32> + Sync, start: u32) -> Vec<u32> {
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    let distances: Vec<AtomicU32> = (0..nodes).map(|_| AtomicU32::new(u32::MAX)).collect();
    distances[start as usize].store(0, Ordering::Relaxed);
    let mut level = vec![start];
    let mut steps = 0;
    let worth_it = if nodes < 100 { 2 } else { WORTH_IT };
    while !level.is_empty() {
        steps += 1;
        if level.len() < worth_it {
            level = expand(&neighbours, &distances, &level, steps);
            continue;
        }
        level = thread::scope(|scope| {
            let parts: Vec<_> = level
                .chunks(level.len().div_ceil(threads))
                .map(|nodes| {
                    let (neighbours, distances) = (&neighbours, &distances);
                    scope.spawn(move || expand(neighbours, distances, nodes, steps))
                })
                .collect();
            parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
        });
    }
    distances.into_iter().map(AtomicU32::into_inner).collect()
}
