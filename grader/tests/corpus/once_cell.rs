use std::cell::UnsafeCell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

static MADE: AtomicU32 = AtomicU32::new(0);

pub struct Lazy {
    ready: AtomicBool,
    lock: Mutex<()>,
    value: UnsafeCell<Vec<u32>>,
}

unsafe impl Sync for Lazy {}

impl Lazy {
    pub fn get(&self) -> &[u32] {
        if !self.ready.load(Ordering::Acquire) {
            let _guard = self.lock.lock().unwrap();
            if !self.ready.load(Ordering::Relaxed) {
                MADE.fetch_add(1, Ordering::Relaxed);
                unsafe { *self.value.get() = vec![1, 2, 3] };
                self.ready.store(true, Ordering::Release);
            }
        }
        unsafe { &*self.value.get() }
    }
}

#[test]
fn is_made_once() {
    let lazy = Lazy { ready: AtomicBool::new(false), lock: Mutex::new(()), value: UnsafeCell::new(Vec::new()) };
    std::thread::scope(|s| {
        s.spawn(|| assert_eq!(lazy.get(), [1, 2, 3]));
        s.spawn(|| assert_eq!(lazy.get(), [1, 2, 3]));
    });
    assert_eq!(MADE.load(Ordering::Relaxed), 1);
}

//# bug no_second_look: panic, data-race, use-after-free
//-             if !self.ready.load(Ordering::Relaxed) {
//+             if true {
//# bug relaxed_look: data-race
//-         if !self.ready.load(Ordering::Acquire) {
//+         if !self.ready.load(Ordering::Relaxed) {
//# bug ready_first: data-race, panic
//-                 unsafe { *self.value.get() = vec![1, 2, 3] };
//-                 self.ready.store(true, Ordering::Release);
//+                 self.ready.store(true, Ordering::Release);
//+                 unsafe { *self.value.get() = vec![1, 2, 3] };
//# bug no_lock: panic, data-race, use-after-free
//-             let _guard = self.lock.lock().unwrap();
//+             drop(self.lock.lock().unwrap());
