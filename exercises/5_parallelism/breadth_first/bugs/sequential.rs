pub fn distances(nodes: usize, neighbours: impl Fn(u32) -> Vec<u32> + Sync, start: u32) -> Vec<u32> {
    let mut distances = vec![u32::MAX; nodes];
    distances[start as usize] = 0;
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for other in neighbours(node) {
            if distances[other as usize] == u32::MAX {
                distances[other as usize] = distances[node as usize] + 1;
                queue.push_back(other);
            }
        }
    }
    distances
}
