pub fn run(items: Vec<u64>, stages: [fn(u64) -> u64; 3]) -> Vec<u64> {
    items
        .into_iter()
        .map(|item| stages.iter().fold(item, |x, stage| stage(x)))
        .collect()
}
