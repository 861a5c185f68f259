use crate::chance::Chance;
use crate::submission::Counter;

pub fn check(chance: &mut Chance) {
    let [a, b, c] = chance.distinct(1..100);
    let counter = Counter::default();
    std::thread::scope(|s| {
        s.spawn(|| counter.add(a));
        s.spawn(|| counter.add(b));
        counter.add(c);
    });
    assert_eq!(counter.value(), a + b + c, "after {a}, {b} and {c} were added");
}
