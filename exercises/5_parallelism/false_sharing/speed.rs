use crate::submission::Counters;
use std::sync::atomic::{AtomicU64, Ordering};

pub fn input(seed: u64) -> Vec<u64> {
    (0..600_000).map(|i| i ^ seed).collect()
}

pub fn reference(numbers: &Vec<u64>) -> u64 {
    let count = AtomicU64::new(0);
    for x in numbers {
        if x % 2 == 0 {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
    count.into_inner()
}

pub fn attempt(numbers: &Vec<u64>) -> u64 {
    let counters = Counters::new(std::thread::available_parallelism().map_or(1, |n| n.get()));
    counters.count(numbers);
    counters.progress()
}
