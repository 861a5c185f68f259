use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

pub struct Number(pub i64);

pub fn extremes(numbers: &[Number]) -> (i64, i64) {
    let smallest = AtomicI64::new(i64::MAX);
    thread::scope(|scope| {
        scope.spawn(|| smallest.store(numbers.iter().map(|n| n.0).min().unwrap_or(i64::MAX), Ordering::SeqCst));
        (
            smallest.load(Ordering::SeqCst),
            numbers.iter().map(|n| n.0).max().unwrap_or(i64::MIN),
        )
    })
}
