use crate::submission::Counter;

pub fn check() {
    let counter = Counter::default();
    std::thread::scope(|s| {
        s.spawn(|| counter.add(1));
        s.spawn(|| counter.add(2));
        counter.add(4);
    });
    assert_eq!(counter.value(), 7);
}
