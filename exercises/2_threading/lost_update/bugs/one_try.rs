use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Default)]
pub struct Counter {
    value: AtomicU32,
}

impl Counter {
    pub fn add(&self, amount: u32) {
        let before = self.value.load(Ordering::SeqCst);
        let _ = self
            .value
            .compare_exchange(before, before + amount, Ordering::SeqCst, Ordering::SeqCst);
    }
    pub fn value(&self) -> u32 {
        self.value.load(Ordering::Relaxed)
    }
}
