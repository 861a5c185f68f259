use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering};

const SIZE: usize = 2;

pub struct Ring {
    slots: [UnsafeCell<u32>; SIZE],
    head: AtomicUsize,
    tail: AtomicUsize,
}

unsafe impl Sync for Ring {}

impl Ring {
    pub fn push(&self, value: u32) -> bool {
        let tail = self.tail.load(Ordering::Relaxed);
        if tail - self.head.load(Ordering::Acquire) == SIZE {
            return false;
        }
        unsafe { *self.slots[tail % SIZE].get() = value };
        self.tail.store(tail + 1, Ordering::Release);
        true
    }
    pub fn pop(&self) -> Option<u32> {
        let head = self.head.load(Ordering::Relaxed);
        if self.tail.load(Ordering::Acquire) == head {
            return None;
        }
        let value = unsafe { *self.slots[head % SIZE].get() };
        self.head.store(head + 1, Ordering::Release);
        Some(value)
    }
}

#[test]
fn first_in_first_out() {
    let ring = Ring { slots: [const { UnsafeCell::new(0) }; SIZE], head: AtomicUsize::new(0), tail: AtomicUsize::new(0) };
    let (pushed, popped) = std::thread::scope(|s| {
        let a = s.spawn(|| (1..=3).filter(|&i| ring.push(i)).collect::<Vec<u32>>());
        let b = s.spawn(|| (0..3).filter_map(|_| ring.pop()).collect::<Vec<u32>>());
        (a.join().unwrap(), b.join().unwrap())
    });
    assert!(pushed.starts_with(&popped), "{pushed:?} {popped:?}");
}

//# bug relaxed_tail: data-race
//-         self.tail.store(tail + 1, Ordering::Release);
//+         self.tail.store(tail + 1, Ordering::Relaxed);
//# bug relaxed_head: data-race
//-         if tail - self.head.load(Ordering::Acquire) == SIZE {
//+         if tail - self.head.load(Ordering::Relaxed) == SIZE {
//# bug publishes_early: data-race, panic
//-         unsafe { *self.slots[tail % SIZE].get() = value };
//-         self.tail.store(tail + 1, Ordering::Release);
//+         self.tail.store(tail + 1, Ordering::Release);
//+         unsafe { *self.slots[tail % SIZE].get() = value };
//# bug one_too_many: data-race, panic
//-  == SIZE {
//+  == SIZE + 1 {
