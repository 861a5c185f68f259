use crate::submission::Ring;

pub fn check() {
    let ring = Ring::default();
    let (pushed, popped) = std::thread::scope(|s| {
        let pusher = s.spawn(|| (1..=3).filter(|&value| ring.push(value)).collect::<Vec<u32>>());
        let popper = s.spawn(|| (0..3).filter_map(|_| ring.pop()).collect::<Vec<u32>>());
        (pusher.join().unwrap(), popper.join().unwrap())
    });
    assert!(pushed.starts_with(&popped), "pushed {pushed:?}, popped {popped:?}");
}
