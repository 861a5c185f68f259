use crate::submission::total;

/// Takes longer, the larger the square of its task is.
fn run(task: u64) -> u64 {
    (0..task * task / 64).fold(task, |y, _| {
        y.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407) ^ (y >> 7)
    })
}

pub fn input(seed: u64) -> Vec<u64> {
    (0..800).map(|i| i + seed % 16).collect()
}

pub fn reference(tasks: &Vec<u64>) -> u64 {
    tasks.iter().map(|&t| run(t)).fold(0, u64::wrapping_add)
}

pub fn attempt(tasks: &Vec<u64>) -> u64 {
    total(tasks, run)
}
