use std::thread;

/// A number that tells when it is looked at.
pub struct Number(pub i64);

pub fn extremes(numbers: &[Number]) -> (i64, i64) {
    thread::scope(|scope| {
        let smallest = scope.spawn(|| numbers.iter().map(|n| n.0).min().unwrap_or(i64::MAX));
        let largest = numbers.iter().map(|n| n.0).max().unwrap_or(i64::MIN);
        (smallest.join().unwrap(), largest)
    })
}
