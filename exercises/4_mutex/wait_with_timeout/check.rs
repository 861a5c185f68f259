use crate::submission::Event;
use std::time::Duration;

pub fn check() {
    let event = Event::default();
    std::thread::scope(|s| {
        s.spawn(|| event.set());
        if event.wait(Duration::from_millis(10)) {
            assert!(event.is_set(), "it said that the event came, and it had not");
        }
    });
    assert!(
        event.wait(Duration::from_millis(10)),
        "the event had been set long before"
    );
}
