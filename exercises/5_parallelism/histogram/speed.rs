use crate::submission::{bucket, histogram};

pub fn input(seed: u64) -> Vec<u64> {
    (0..1_000_000).map(|i| i ^ seed).collect()
}

pub fn reference(numbers: &Vec<u64>) -> [u64; 16] {
    let mut counts = [0; 16];
    numbers.iter().for_each(|&x| counts[bucket(x)] += 1);
    counts
}

pub fn attempt(numbers: &Vec<u64>) -> [u64; 16] {
    histogram(numbers)
}
