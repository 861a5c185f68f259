use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Default)]
pub struct Counter {
    value: AtomicU32,
}

impl Counter {
    pub fn add(&self, amount: u32) {
        self.value.fetch_add(amount, Ordering::Relaxed);
    }
    pub fn value(&self) -> u32 {
        self.value.load(Ordering::Relaxed)
    }
}
