use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

static TOTAL: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static MINE: Cell<u64> = const { Cell::new(0) };
}

pub fn add(amount: u64) {
    MINE.with(|mine| mine.set(mine.get() + amount));
}

pub fn flush() {
    TOTAL.fetch_add(MINE.take(), Ordering::SeqCst);
}

pub fn total() -> u64 {
    TOTAL.load(Ordering::SeqCst)
}
