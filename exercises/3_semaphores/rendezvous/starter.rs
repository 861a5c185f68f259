use std::sync::{Condvar, Mutex};

/// Where two threads meet, once.
pub struct Rendezvous {
    brought: Mutex<[Option<u32>; 2]>,
    arrived: Condvar,
}

impl Rendezvous {
    pub fn new() -> Self {
        Rendezvous {
            brought: Mutex::new([None; 2]),
            arrived: Condvar::new(),
        }
    }
    /// `side` is 0 for one of the threads, and 1 for the other.
    pub fn meet(&self, side: usize, bring: u32) -> u32 {
        self.brought.lock().unwrap()[side] = Some(bring);
        self.arrived.notify_all();
        if let Some(other) = self.brought.lock().unwrap()[1 - side] {
            return other;
        }
        let brought = self.brought.lock().unwrap();
        self.arrived.wait(brought).unwrap()[1 - side].unwrap()
    }
}
