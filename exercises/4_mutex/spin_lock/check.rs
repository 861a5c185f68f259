use crate::submission::SpinLock;

pub fn check() {
    let lock = SpinLock::default();
    std::thread::scope(|s| {
        s.spawn(|| lock.with(|value| *value += 1));
        s.spawn(|| lock.with(|value| *value += 2));
    });
    lock.with(|value| assert_eq!(*value, 3));
}
