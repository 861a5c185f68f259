pub fn distances(graph: &[Vec<u32>], start: u32) -> Vec<u32> {
    let mut distances = vec![u32::MAX; graph.len()];
    distances[start as usize] = 0;
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &other in &graph[node as usize] {
            if distances[other as usize] == u32::MAX {
                distances[other as usize] = distances[node as usize] + 1;
                queue.push_back(other);
            }
        }
    }
    distances
}
