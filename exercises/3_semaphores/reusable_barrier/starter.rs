use std::sync::{Condvar, Mutex};

pub struct Barrier {
    arrived: Mutex<usize>,
    opened: Condvar,
    threads: usize,
}

impl Barrier {
    pub fn new(threads: usize) -> Self {
        Barrier {
            arrived: Mutex::new(0),
            opened: Condvar::new(),
            threads,
        }
    }
    pub fn wait(&self) {
        let mut arrived = self.arrived.lock().unwrap();
        *arrived += 1;
        if *arrived == self.threads {
            *arrived = 0;
            self.opened.notify_all();
        } else {
            while *arrived != 0 {
                arrived = self.opened.wait(arrived).unwrap();
            }
        }
    }
}
