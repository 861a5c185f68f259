use std::sync::mpsc::channel;
use std::thread;

pub fn run(items: Vec<u64>, stages: [fn(u64) -> u64; 3]) -> Vec<u64> {
    let (send, receive) = channel();
    thread::scope(|scope| {
        let half = items.len() / 2;
        for part in [items[..half].to_vec(), items[half..].to_vec()] {
            let send = send.clone();
            scope.spawn(move || {
                for item in part {
                    send.send(stages.iter().fold(item, |x, stage| stage(x))).unwrap();
                }
            });
        }
    });
    drop(send);
    receive.into_iter().collect()
}
