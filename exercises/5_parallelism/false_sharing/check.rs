use crate::submission::Counters;

pub fn check() {
    let counters = Counters::new(2);
    std::thread::scope(|s| {
        s.spawn(|| counters.count(&[2, 3, 4]));
        assert!(counters.progress() <= 2);
    });
    assert_eq!(counters.progress(), 2);
    counters.count(&[6]);
    assert_eq!(counters.progress(), 3);
}
