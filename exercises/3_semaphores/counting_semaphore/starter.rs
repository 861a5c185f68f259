use std::sync::{Condvar, Mutex};

pub struct Semaphore {
    permits: Mutex<u32>,
    freed: Condvar,
}

impl Semaphore {
    pub fn new(permits: u32) -> Self {
        Semaphore {
            permits: Mutex::new(permits),
            freed: Condvar::new(),
        }
    }
    pub fn acquire(&self) {
        let mut permits = self.permits.lock().unwrap();
        if *permits == 0 {
            permits = self.freed.wait(permits).unwrap();
        }
        *permits -= 1;
    }
    pub fn release(&self) {
        self.freed.notify_one();
        *self.permits.lock().unwrap() += 1;
    }
}
