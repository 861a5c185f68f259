use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::*};
use std::thread;

struct Flags {
    wants: [AtomicBool; 2],
    inside: AtomicU32,
}

impl Flags {
    /// Enters unless the other one wants to.
    fn try_enter(&self, me: usize) {
        self.wants[me].store(true, SeqCst);
        if !self.wants[1 - me].load(SeqCst) {
            assert_eq!(self.inside.fetch_add(1, Relaxed), 0, "both are inside");
            self.inside.fetch_sub(1, Relaxed);
        }
        self.wants[me].store(false, SeqCst);
    }
}

pub fn check() {
    let flags = Arc::new(Flags { wants: [AtomicBool::new(false), AtomicBool::new(false)], inside: AtomicU32::new(0) });
    let theirs = flags.clone();
    let thread = thread::spawn(move || theirs.try_enter(1));
    flags.try_enter(0);
    thread.join().unwrap();
}
//# bug acquire_release: panic
//-         self.wants[me].store(true, SeqCst);
//-         if !self.wants[1 - me].load(SeqCst) {
//+         self.wants[me].store(true, Release);
//+         if !self.wants[1 - me].load(Acquire) {
