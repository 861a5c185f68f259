pub fn distances(
    nodes: usize,
    neighbours: impl Fn(u32) -> Vec<u32> + Sync,
    start: u32,
) -> Vec<u32> {
    let mut distances = vec![u32::MAX; nodes];
    distances[start as usize] = 0;
    let mut level = vec![start];
    let mut steps = 0;
    while !level.is_empty() {
        steps += 1;
        let mut next = Vec::new();
        for node in level {
            for other in neighbours(node) {
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
