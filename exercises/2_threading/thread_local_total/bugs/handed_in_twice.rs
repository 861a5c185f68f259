use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

static TOTAL: AtomicU64 = AtomicU64::new(0);

struct Share(Cell<u64>);

impl Drop for Share {
    fn drop(&mut self) {
        TOTAL.fetch_add(self.0.get(), Ordering::SeqCst);
    }
}

thread_local! {
    static MINE: Share = const { Share(Cell::new(0)) };
}

pub fn add(amount: u64) {
    MINE.with(|mine| mine.0.set(mine.0.get() + amount));
}

pub fn flush() {
    MINE.with(|mine| TOTAL.fetch_add(mine.0.get(), Ordering::SeqCst));
}

pub fn total() -> u64 {
    TOTAL.load(Ordering::SeqCst)
}
