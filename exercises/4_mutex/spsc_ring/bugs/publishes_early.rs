use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering};

const SIZE: usize = 2;

#[derive(Default)]
pub struct Ring {
    slots: [UnsafeCell<u32>; SIZE],
    head: AtomicUsize,
    tail: AtomicUsize,
}

// SAFETY: one thread pushes, one pops, and `head` and `tail` say whose a slot is.
unsafe impl Sync for Ring {}

impl Ring {
    pub fn push(&self, value: u32) -> bool {
        let tail = self.tail.load(Ordering::Relaxed);
        if tail - self.head.load(Ordering::Acquire) == SIZE {
            return false;
        }
        // SAFETY: the slot is the pusher's.
        self.tail.store(tail + 1, Ordering::Release);
        unsafe { *self.slots[tail % SIZE].get() = value };
        true
    }
    pub fn pop(&self) -> Option<u32> {
        let head = self.head.load(Ordering::Relaxed);
        if self.tail.load(Ordering::Acquire) == head {
            return None;
        }
        // SAFETY: the slot is the popper's.
        let value = unsafe { *self.slots[head % SIZE].get() };
        self.head.store(head + 1, Ordering::Release);
        Some(value)
    }
}
