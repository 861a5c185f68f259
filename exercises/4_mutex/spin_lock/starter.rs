use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Default)]
pub struct SpinLock {
    held: AtomicBool,
    value: UnsafeCell<u32>,
}

// SAFETY: only one thread at a time may be inside of `with`.
unsafe impl Sync for SpinLock {}

impl SpinLock {
    pub fn with(&self, body: impl FnOnce(&mut u32)) {
        while self.held.load(Ordering::SeqCst) {
            std::hint::spin_loop();
        }
        self.held.store(true, Ordering::SeqCst);
        // SAFETY: the lock is held.
        body(unsafe { &mut *self.value.get() });
        self.held.store(false, Ordering::SeqCst);
    }
}
