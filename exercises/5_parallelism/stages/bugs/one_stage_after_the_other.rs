use std::thread;

pub fn run(items: Vec<u64>, stages: [fn(u64) -> u64; 3]) -> Vec<u64> {
    stages.into_iter().fold(items, |items, stage| {
        thread::spawn(move || items.into_iter().map(stage).collect())
            .join()
            .unwrap()
    })
}
