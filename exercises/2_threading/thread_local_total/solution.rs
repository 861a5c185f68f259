use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

static TOTAL: AtomicU64 = AtomicU64::new(0);

/// One thread's share.
struct Share(Cell<u64>);

impl Share {
    fn hand_in(&self) {
        TOTAL.fetch_add(self.0.take(), Ordering::SeqCst);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.hand_in();
    }
}

thread_local! {
    static MINE: Share = const { Share(Cell::new(0)) };
}

pub fn add(amount: u64) {
    MINE.with(|mine| mine.0.set(mine.0.get() + amount));
}

pub fn flush() {
    MINE.with(Share::hand_in);
}

pub fn total() -> u64 {
    TOTAL.load(Ordering::SeqCst)
}
