use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::*};
use std::thread;

struct Locked {
    held: AtomicBool,
    value: AtomicU32,
}

impl Locked {
    fn add(&self) {
        while self.held.swap(true, Acquire) {
            thread::yield_now();
        }
        let before = self.value.load(Relaxed);
        self.value.store(before + 1, Relaxed);
        self.held.store(false, Release);
    }
}

pub fn check() {
    let locked = Arc::new(Locked { held: AtomicBool::new(false), value: AtomicU32::new(0) });
    let theirs = locked.clone();
    let thread = thread::spawn(move || theirs.add());
    locked.add();
    thread.join().unwrap();
    assert_eq!(locked.value.load(Relaxed), 2);
}
//# bug relaxed_unlock: panic
//-         self.held.store(false, Release);
//+         self.held.store(false, Relaxed);
//# bug looks_then_takes: panic
//-         while self.held.swap(true, Acquire) {
//-             thread::yield_now();
//-         }
//+         while self.held.load(Acquire) {
//+             thread::yield_now();
//+         }
//+         self.held.store(true, Relaxed);
