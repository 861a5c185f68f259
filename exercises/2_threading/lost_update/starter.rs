use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Default)]
pub struct Counter {
    value: AtomicU32,
}

impl Counter {
    pub fn add(&self, amount: u32) {
        let before = self.value.load(Ordering::SeqCst);
        self.value.store(before + amount, Ordering::SeqCst);
    }
    pub fn value(&self) -> u32 {
        self.value.load(Ordering::SeqCst)
    }
}
