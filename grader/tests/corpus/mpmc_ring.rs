// Vyukov's bounded queue of many producers and consumers: each slot has a sequence number.
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering::*};

struct Slot<T> {
    sequence: AtomicUsize,
    value: UnsafeCell<MaybeUninit<T>>,
}

pub struct Ring<T, const N: usize> {
    slots: [Slot<T>; N],
    head: AtomicUsize,
    tail: AtomicUsize,
}
unsafe impl<T: Send, const N: usize> Sync for Ring<T, N> {}

impl<T, const N: usize> Ring<T, N> {
    pub fn new() -> Self {
        let slot = |i| Slot { sequence: AtomicUsize::new(i), value: UnsafeCell::new(MaybeUninit::uninit()) };
        Ring { slots: std::array::from_fn(slot), head: AtomicUsize::new(0), tail: AtomicUsize::new(0) }
    }
    pub fn push(&self, value: T) -> Result<(), T> {
        let mut at = self.tail.load(Relaxed);
        loop {
            let slot = &self.slots[at % N];
            let sequence = slot.sequence.load(Acquire);
            if sequence == at {
                match self.tail.compare_exchange_weak(at, at + 1, Relaxed, Relaxed) {
                    Ok(_) => {
                        unsafe { (*slot.value.get()).write(value) };
                        slot.sequence.store(at + 1, Release);
                        return Ok(());
                    }
                    Err(now) => at = now,
                }
            } else if sequence < at {
                return Err(value);
            } else {
                at = self.tail.load(Relaxed);
            }
        }
    }
    pub fn pop(&self) -> Option<T> {
        let mut at = self.head.load(Relaxed);
        loop {
            let slot = &self.slots[at % N];
            let sequence = slot.sequence.load(Acquire);
            if sequence == at + 1 {
                match self.head.compare_exchange_weak(at, at + 1, Relaxed, Relaxed) {
                    Ok(_) => {
                        let value = unsafe { (*slot.value.get()).assume_init_read() };
                        slot.sequence.store(at + N, Release);
                        return Some(value);
                    }
                    Err(now) => at = now,
                }
            } else if sequence < at + 1 {
                return None;
            } else {
                at = self.head.load(Relaxed);
            }
        }
    }
}

#[test]
fn nothing_is_lost_or_doubled() {
    let ring = Ring::<Box<u32>, 2>::new();
    let mut popped = std::thread::scope(|s| {
        let a = s.spawn(|| { let _ = ring.push(Box::new(1)); ring.pop() });
        let b = s.spawn(|| { let _ = ring.push(Box::new(2)); ring.pop() });
        vec![a.join().unwrap(), b.join().unwrap()]
    });
    popped.push(ring.pop());
    popped.push(ring.pop());
    let mut all: Vec<u32> = popped.into_iter().flatten().map(|b| *b).collect();
    all.sort();
    assert_eq!(all, [1, 2]);
}

//# bug slot_is_ready_too_early: data-race, crash
//-                         unsafe { (*slot.value.get()).write(value) };
//-                         slot.sequence.store(at + 1, Release);
//+                         slot.sequence.store(at + 1, Release);
//+                         unsafe { (*slot.value.get()).write(value) };
//# bug relaxed_slot: data-race
//-             let sequence = slot.sequence.load(Acquire);
//-             if sequence == at + 1 {
//+             let sequence = slot.sequence.load(Relaxed);
//+             if sequence == at + 1 {
//# bug head_is_not_contended: double-free, use-after-free, data-race, panic, crash
//-                 match self.head.compare_exchange_weak(at, at + 1, Relaxed, Relaxed) {
//-                     Ok(_) => {
//-                         let value = unsafe { (*slot.value.get()).assume_init_read() };
//+                 self.head.store(at + 1, Relaxed);
//+                 match Ok::<usize, usize>(at) {
//+                     Ok(_) => {
//+                         let value = unsafe { (*slot.value.get()).assume_init_read() };
