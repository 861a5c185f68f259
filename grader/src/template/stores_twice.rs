use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Default)]
pub struct Visits(AtomicU32);

impl Visits {
    pub fn count(&self) {
        let now = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.store(now, Ordering::SeqCst);
    }
    pub fn total(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}
