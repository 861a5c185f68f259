use std::sync::{Condvar, Mutex};
use std::time::Duration;

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
    pub fn is_set(&self) -> bool {
        *self.set.lock().unwrap()
    }
    pub fn wait(&self, timeout: Duration) -> bool {
        let set = self.set.lock().unwrap();
        if *set {
            return true;
        }
        let (_set, result) = self.changed.wait_timeout(set, timeout).unwrap();
        !result.timed_out()
    }
}
