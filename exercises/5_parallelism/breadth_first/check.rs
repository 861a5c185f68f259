use crate::submission::distances;

pub fn check() {
    // Two ways lead to node 3, and nothing leads to node 5.
    let graph = [vec![1, 2], vec![3], vec![3, 0], vec![4], vec![], vec![0]];
    let neighbours = |node: u32| graph[node as usize].clone();
    assert_eq!(distances(graph.len(), neighbours, 0), [0, 1, 1, 2, 3, u32::MAX]);
}
