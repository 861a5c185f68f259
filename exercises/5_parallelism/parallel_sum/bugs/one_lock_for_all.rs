use std::sync::Mutex;
use std::thread;

/// What each number counts for.
pub fn weight(x: u64) -> u64 {
    (0..12).fold(x, |y, _| {
        y.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407) ^ (y >> 7)
    })
}

pub fn sum(numbers: &[u64]) -> u64 {
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    let part = numbers.len().div_ceil(threads).max(1);
    let sum = Mutex::new(0u64);
    thread::scope(|scope| {
        for chunk in numbers.chunks(part) {
            let sum = &sum;
            scope.spawn(move || {
                for &x in chunk {
                    let mut sum = sum.lock().unwrap();
                    *sum = sum.wrapping_add(weight(x));
                }
            });
        }
    });
    sum.into_inner().unwrap()
}
