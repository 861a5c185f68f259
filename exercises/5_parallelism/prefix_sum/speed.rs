use crate::submission::{prefix_sums, weight};

pub fn input(seed: u64) -> Vec<u64> {
    (0..800_000).map(|i| i ^ seed).collect()
}

pub fn reference(numbers: &Vec<u64>) -> Vec<u64> {
    let mut sum = 0u64;
    let next = |&x: &u64| {
        sum = sum.wrapping_add(weight(x));
        sum
    };
    numbers.iter().map(next).collect()
}

pub fn attempt(numbers: &Vec<u64>) -> Vec<u64> {
    prefix_sums(numbers)
}
