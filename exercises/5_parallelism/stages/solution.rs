use std::sync::mpsc::sync_channel;
use std::thread;

pub fn run(items: Vec<u64>, stages: [fn(u64) -> u64; 3]) -> Vec<u64> {
    let [first, second, third] = stages;
    let (to_second, from_first) = sync_channel(4);
    let (to_third, from_second) = sync_channel(4);
    thread::scope(|scope| {
        scope.spawn(move || {
            for item in items {
                to_second.send(first(item)).unwrap();
            }
        });
        scope.spawn(move || {
            for item in from_first {
                to_third.send(second(item)).unwrap();
            }
        });
        from_second.into_iter().map(third).collect()
    })
}
