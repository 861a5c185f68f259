use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

pub struct Lazy {
    claimed: AtomicBool,
    value: Mutex<Option<u32>>,
}

impl Lazy {
    pub fn new() -> Self {
        Lazy {
            claimed: AtomicBool::new(false),
            value: Mutex::new(None),
        }
    }
    pub fn get(&self, make: impl FnOnce() -> u32) -> u32 {
        if !self.claimed.swap(true, Ordering::SeqCst) {
            let made = make();
            *self.value.lock().unwrap() = Some(made);
        }
        loop {
            if let Some(value) = *self.value.lock().unwrap() {
                return value;
            }
            std::thread::yield_now();
        }
    }
}
