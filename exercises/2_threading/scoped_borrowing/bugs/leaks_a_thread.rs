use std::thread;

pub struct Number(pub i64);

pub fn extremes(numbers: &[Number]) -> (i64, i64) {
    let copy: Vec<i64> = numbers.iter().map(|n| n.0).collect();
    let (send, receive) = std::sync::mpsc::channel();
    thread::spawn(move || {
        send.send(copy.into_iter().min().unwrap_or(i64::MAX)).unwrap();
        thread::park();
    });
    (
        receive.recv().unwrap(),
        numbers.iter().map(|n| n.0).max().unwrap_or(i64::MIN),
    )
}
