use crate::submission::run;

fn stage(x: u64) -> u64 {
    (0..10_000).fold(x, |y, _| {
        y.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407) ^ (y >> 7)
    })
}

fn other(x: u64) -> u64 {
    stage(x ^ 0x5555)
}

pub fn input(seed: u64) -> Vec<u64> {
    (0..300).map(|i| i ^ seed).collect()
}

pub fn reference(items: &Vec<u64>) -> Vec<u64> {
    items.iter().map(|&x| stage(other(stage(x)))).collect()
}

pub fn attempt(items: &Vec<u64>) -> Vec<u64> {
    run(items.clone(), [stage, other, stage])
}
