use std::sync::Mutex;
use std::thread;

pub fn distances(nodes: usize, neighbours: impl Fn(u32) -> Vec<u32> + Sync, start: u32) -> Vec<u32> {
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    let found = Mutex::new(vec![u32::MAX; nodes]);
    found.lock().unwrap()[start as usize] = 0;
    let mut level = vec![start];
    let mut steps = 0;
    while !level.is_empty() {
        steps += 1;
        level = thread::scope(|scope| {
            let parts: Vec<_> = level
                .chunks(level.len().div_ceil(threads))
                .map(|nodes| {
                    let (found, neighbours) = (&found, &neighbours);
                    scope.spawn(move || {
                        let mut next = Vec::new();
                        for &node in nodes {
                            let mut found = found.lock().unwrap();
                            for other in neighbours(node) {
                                if found[other as usize] == u32::MAX {
                                    found[other as usize] = steps;
                                    next.push(other);
                                }
                            }
                        }
                        next
                    })
                })
                .collect();
            parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
        });
    }
    found.into_inner().unwrap()
}
