use std::thread;

pub fn total(tasks: &[u64], run: fn(u64) -> u64) -> u64 {
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    thread::scope(|scope| {
        let parts: Vec<_> = tasks
            .chunks(tasks.len().div_ceil(threads).max(1))
            .map(|chunk| {
                scope.spawn(move || chunk.iter().map(|&t| run(t)).fold(0, u64::wrapping_add))
            })
            .collect();
        parts.into_iter().map(|p| p.join().unwrap()).fold(0, u64::wrapping_add)
    })
}
