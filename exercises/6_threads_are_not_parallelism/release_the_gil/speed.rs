use crate::submission::{Interpreter, compute, run};

pub fn input(seed: u64) -> Vec<u64> {
    (0..4000).map(|i| i ^ seed).collect()
}

pub fn reference(items: &Vec<u64>) -> u64 {
    items.iter().map(|&i| compute(i)).fold(0, u64::wrapping_add)
}

pub fn attempt(items: &Vec<u64>) -> u64 {
    let interpreter = Interpreter::new(items.clone());
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|s| {
        let threads: Vec<_> = (0..threads).map(|_| s.spawn(|| run(&interpreter))).collect();
        threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .fold(0, u64::wrapping_add)
    })
}
