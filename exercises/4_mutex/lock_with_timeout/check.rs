use crate::chance::Chance;
use crate::submission::lock_within;
use std::sync::Mutex;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(3);

pub fn check(chance: &mut Chance) {
    let before = chance.number(0..100);
    let mutex = Mutex::new(before);
    if let Some(mut value) = lock_within(&mutex, SHORT) {
        *value += 1;
    }
    std::thread::scope(|s| {
        let held = mutex.lock().unwrap();
        let other = s.spawn(|| lock_within(&mutex, SHORT).is_none());
        assert!(other.join().unwrap(), "somebody else holds it");
        assert_eq!(*held, before + 1, "it was free");
    });
    std::thread::scope(|s| {
        let panics = s.spawn(|| {
            let _held = mutex.lock().unwrap();
            panic!("on purpose");
        });
        assert!(panics.join().is_err());
    });
    let value = lock_within(&mutex, SHORT).map(|value| *value);
    assert_eq!(value, Some(before + 1), "nobody holds it, although somebody has panicked");
}
