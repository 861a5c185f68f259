use std::sync::{Condvar, Mutex};

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
    pub fn meet(&self, side: usize, bring: u32) -> u32 {
        let mut brought = self.brought.lock().unwrap();
        brought[side] = Some(bring);
        self.arrived.notify_all();
        if brought[1 - side].is_none() {
            brought = self.arrived.wait(brought).unwrap();
        }
        brought[1 - side].unwrap()
    }
}
