use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub fn total(tasks: &[u64], run: fn(u64) -> u64) -> u64 {
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut sum = 0u64;
        while let Some(&task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
            sum = sum.wrapping_add(run(task));
        }
        sum
    };
    thread::scope(|scope| {
        let parts: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        parts.into_iter().map(|p| p.join().unwrap()).fold(0, u64::wrapping_add)
    })
}
