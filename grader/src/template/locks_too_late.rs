use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Default)]
pub struct Visits(AtomicU32, Mutex<()>);

impl Visits {
    pub fn count(&self) {
        let before = self.0.load(Ordering::SeqCst);
        let _guard = self.1.lock().unwrap();
        self.0.store(before + 1, Ordering::SeqCst);
    }
    pub fn total(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}
