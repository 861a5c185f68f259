use std::thread;

pub struct Number(pub i64);

pub fn extremes(numbers: &[Number]) -> (i64, i64) {
    thread::scope(|scope| {
        let smallest = scope.spawn(|| numbers.iter().map(|n| n.0).min().unwrap_or(0));
        let largest = numbers.iter().map(|n| n.0).max().unwrap_or(0);
        (smallest.join().unwrap(), largest)
    })
}
