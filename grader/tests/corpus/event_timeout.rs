use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

#[derive(Default)]
pub struct Event {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Event {
    pub fn set(&self) {
        *self.set.lock().unwrap() = true;
        self.changed.notify_all();
    }
    /// Whether the event came within `timeout`.
    pub fn wait(&self, timeout: Duration) -> bool {
        let end = Instant::now() + timeout;
        let mut set = self.set.lock().unwrap();
        while !*set {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            set = self.changed.wait_timeout(set, left).unwrap().0;
        }
        true
    }
}

#[test]
fn true_means_that_it_came() {
    let event = Event::default();
    std::thread::scope(|s| {
        s.spawn(|| event.set());
        let came = event.wait(Duration::from_millis(10));
        if came {
            assert!(*event.set.lock().unwrap());
        } else {
            // Too late is late, but it does come.
            while !event.wait(Duration::from_millis(10)) {}
        }
    });
}

//# bug spurious_is_success: panic
//-             set = self.changed.wait_timeout(set, left).unwrap().0;
//-         }
//-         true
//+             let (next, result) = self.changed.wait_timeout(set, left).unwrap();
//+             if !result.timed_out() { return true }
//+             set = next;
//+         }
//+         true
//# bug waits_without_looking: deadlock, lost-wake-up
//-         while !*set {
//+         set = self.changed.wait(set).unwrap();
//+         while !*set {
//# bug never_set: livelock
//-         *self.set.lock().unwrap() = true;
//+         drop(self.set.lock().unwrap());
