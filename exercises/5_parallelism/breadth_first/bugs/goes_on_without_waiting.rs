use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

fn visit(neighbours: &(impl Fn(u32) -> Vec<u32> + Sync), distances: &[AtomicU32], node: u32, steps: u32) {
    if distances[node as usize]
        .compare_exchange(u32::MAX, steps, Ordering::SeqCst, Ordering::SeqCst)
        .is_err()
    {
        return;
    }
    thread::scope(|scope| {
        for other in neighbours(node) {
            scope.spawn(move || visit(neighbours, distances, other, steps + 1));
        }
        if steps == 1 && distances.iter().any(|d| d.load(Ordering::SeqCst) == 2) {
            distances[node as usize].store(2, Ordering::SeqCst);
        }
    });
}

pub fn distances(nodes: usize, neighbours: impl Fn(u32) -> Vec<u32> + Sync, start: u32) -> Vec<u32> {
    let distances: Vec<AtomicU32> = (0..nodes).map(|_| AtomicU32::new(u32::MAX)).collect();
    visit(&neighbours, &distances, start, 0);
    distances.into_iter().map(AtomicU32::into_inner).collect()
}
