use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

/// A number that tells when it is looked at.
pub struct Number(pub i64);

pub fn extremes(numbers: &[Number]) -> (i64, i64) {
    let copy: Arc<Vec<i64>> = Arc::new(numbers.iter().map(|n| n.0).collect());
    let smallest = Arc::new(AtomicI64::new(i64::MAX));
    let (theirs, result) = (copy.clone(), smallest.clone());
    thread::spawn(move || {
        let least = theirs.iter().copied().min().unwrap_or(i64::MAX);
        result.store(least, Ordering::SeqCst)
    });
    let largest = copy.iter().copied().max().unwrap_or(i64::MIN);
    (smallest.load(Ordering::SeqCst), largest)
}
