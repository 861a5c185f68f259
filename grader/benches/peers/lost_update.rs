use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;

pub fn check() {
    let counter = Arc::new(AtomicU32::new(0));
    let other = counter.clone();
    let thread = thread::spawn(move || add(&other));
    add(&counter);
    thread.join().unwrap();
    assert_eq!(counter.load(SeqCst), 2);
}

fn add(counter: &AtomicU32) {
    counter.fetch_add(1, SeqCst);
}
//# bug two_steps: panic
//-     counter.fetch_add(1, SeqCst);
//+     let before = counter.load(SeqCst);
//+     counter.store(before + 1, SeqCst);
