use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};

pub struct SpinLock {
    held: AtomicBool,
    value: UnsafeCell<u32>,
}

unsafe impl Sync for SpinLock {}

impl SpinLock {
    pub fn with(&self, body: impl FnOnce(&mut u32)) {
        while self.held.swap(true, Ordering::Acquire) {
            std::hint::spin_loop();
        }
        body(unsafe { &mut *self.value.get() });
        self.held.store(false, Ordering::Release);
    }
}

#[test]
fn excludes() {
    let lock = SpinLock { held: AtomicBool::new(false), value: UnsafeCell::new(0) };
    std::thread::scope(|s| {
        s.spawn(|| lock.with(|v| *v += 1));
        s.spawn(|| lock.with(|v| *v += 1));
    });
    lock.with(|v| assert_eq!(*v, 2));
}

//# bug relaxed_unlock: data-race
//-         self.held.store(false, Ordering::Release);
//+         self.held.store(false, Ordering::Relaxed);
//# bug relaxed_lock: data-race
//-         while self.held.swap(true, Ordering::Acquire) {
//+         while self.held.swap(true, Ordering::Relaxed) {
//# bug test_then_set: data-race, panic
//-         while self.held.swap(true, Ordering::Acquire) {
//-             std::hint::spin_loop();
//-         }
//+         while self.held.load(Ordering::SeqCst) {
//+             std::hint::spin_loop();
//+         }
//+         self.held.store(true, Ordering::SeqCst);
//# bug never_unlocked: livelock
//-         self.held.store(false, Ordering::Release);
//+ 
