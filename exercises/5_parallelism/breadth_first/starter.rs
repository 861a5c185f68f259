pub fn distances(graph: &[Vec<u32>], start: u32) -> Vec<u32> {
    let mut distances = vec![u32::MAX; graph.len()];
    distances[start as usize] = 0;
    let mut level = vec![start];
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
