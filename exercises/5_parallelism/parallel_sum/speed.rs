use crate::submission::{sum, weight};

pub fn input(seed: u64) -> Vec<u64> {
    (0..1_000_000).map(|i| i ^ seed).collect()
}

pub fn reference(numbers: &Vec<u64>) -> u64 {
    numbers.iter().map(|&x| weight(x)).fold(0, u64::wrapping_add)
}

pub fn attempt(numbers: &Vec<u64>) -> u64 {
    sum(numbers)
}
