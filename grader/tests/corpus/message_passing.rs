use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};

pub struct Slot {
    ready: AtomicBool,
    value: UnsafeCell<Option<String>>,
}

unsafe impl Sync for Slot {}

impl Slot {
    pub fn put(&self, value: &str) {
        unsafe { *self.value.get() = Some(value.to_owned()) };
        self.ready.store(true, Ordering::Release);
    }
    pub fn get(&self) -> Option<&str> {
        if self.ready.load(Ordering::Acquire) { unsafe { (*self.value.get()).as_deref() } } else { None }
    }
}

#[test]
fn a_value_that_is_seen_is_whole() {
    let slot = Slot { ready: AtomicBool::new(false), value: UnsafeCell::new(None) };
    std::thread::scope(|s| {
        s.spawn(|| slot.put("hello"));
        s.spawn(|| {
            if let Some(text) = slot.get() {
                assert_eq!(text, "hello");
            }
        });
    });
}

//# bug relaxed_store: data-race
//-         self.ready.store(true, Ordering::Release);
//+         self.ready.store(true, Ordering::Relaxed);
//# bug relaxed_load: data-race
//-         if self.ready.load(Ordering::Acquire)
//+         if self.ready.load(Ordering::Relaxed)
//# bug flag_first: data-race
//-         unsafe { *self.value.get() = Some(value.to_owned()) };
//-         self.ready.store(true, Ordering::Release);
//+         self.ready.store(true, Ordering::Release);
//+         unsafe { *self.value.get() = Some(value.to_owned()) };
