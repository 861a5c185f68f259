use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Default)]
pub struct Ticket {
    next: AtomicU32,
    shown: AtomicU32,
    value: UnsafeCell<u32>,
}

// SAFETY: only one thread at a time may be inside of `with`.
unsafe impl Sync for Ticket {}

impl Ticket {
    pub fn with(&self, body: impl FnOnce(&mut u32)) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        while self.shown.load(Ordering::Acquire) != number {
            std::hint::spin_loop();
        }
        // SAFETY: it is this thread's turn.
        body(unsafe { &mut *self.value.get() });
        self.shown.store(number + 1, Ordering::Relaxed);
    }
}
