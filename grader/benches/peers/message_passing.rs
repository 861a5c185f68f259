use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::*};
use std::thread;

pub fn check() {
    let shared = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
    let theirs = shared.clone();
    let thread = thread::spawn(move || {
        theirs.0.store(42, Relaxed);
        theirs.1.store(1, Release);
    });
    if shared.1.load(Acquire) == 1 {
        assert_eq!(shared.0.load(Relaxed), 42);
    }
    thread.join().unwrap();
}
//# bug relaxed_store: panic
//-         theirs.1.store(1, Release);
//+         theirs.1.store(1, Relaxed);
//# bug relaxed_load: panic
//-     if shared.1.load(Acquire) == 1 {
//+     if shared.1.load(Relaxed) == 1 {
