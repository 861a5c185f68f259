use crate::chance::Chance;
use crate::submission::SpinLock;

pub fn check(chance: &mut Chance) {
    let [a, b] = chance.distinct(1..100);
    let lock = SpinLock::default();
    std::thread::scope(|s| {
        s.spawn(|| lock.with(|value| *value += a));
        s.spawn(|| lock.with(|value| *value += b));
    });
    lock.with(|value| assert_eq!(*value, a + b, "after {a} and {b} were added"));
}
