use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

struct Inner {
    count: AtomicUsize,
    value: UnsafeCell<u32>,
}

pub struct Counted(*mut Inner);

unsafe impl Send for Counted {}

impl Counted {
    pub fn new(value: u32) -> Self {
        Counted(Box::into_raw(Box::new(Inner { count: AtomicUsize::new(1), value: UnsafeCell::new(value) })))
    }
    pub fn get(&self) -> u32 {
        unsafe { *(*self.0).value.get() }
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        unsafe { (*self.0).count.fetch_add(1, Ordering::Relaxed) };
        Counted(self.0)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if unsafe { (*self.0).count.fetch_sub(1, Ordering::Release) } == 1 {
            fence(Ordering::Acquire);
            drop(unsafe { Box::from_raw(self.0) });
        }
    }
}

#[test]
fn is_freed_once_by_the_last() {
    let mine = Counted::new(5);
    let theirs = mine.clone();
    let thread = std::thread::spawn(move || theirs.get());
    assert_eq!(mine.get(), 5);
    drop(mine);
    assert_eq!(thread.join().unwrap(), 5);
}

//# bug relaxed_drop: data-race
//-         if unsafe { (*self.0).count.fetch_sub(1, Ordering::Release) } == 1 {
//-             fence(Ordering::Acquire);
//+         if unsafe { (*self.0).count.fetch_sub(1, Ordering::Relaxed) } == 1 {
//# bug no_acquire: data-race
//-             fence(Ordering::Acquire);
//+             let _ = fence;
//# bug looks_again: double-free, use-after-free, data-race
//-         if unsafe { (*self.0).count.fetch_sub(1, Ordering::Release) } == 1 {
//+         unsafe { (*self.0).count.fetch_sub(1, Ordering::SeqCst) };
//+         if unsafe { (*self.0).count.load(Ordering::SeqCst) } == 0 {
//# bug clone_forgets: double-free, use-after-free, data-race
//-         unsafe { (*self.0).count.fetch_add(1, Ordering::Relaxed) };
//+ 
