// The queue lock of Mellor-Crummey and Scott (1991): each thread spins on a flag of its own.
use std::cell::UnsafeCell;
use std::hint;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering::*};

pub struct Node {
    next: AtomicPtr<Node>,
    waits: AtomicBool,
}

impl Node {
    pub fn new() -> Self {
        Node { next: AtomicPtr::new(ptr::null_mut()), waits: AtomicBool::new(false) }
    }
}

pub struct Lock<T> {
    tail: AtomicPtr<Node>,
    value: UnsafeCell<T>,
}
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    pub const fn new(value: T) -> Self {
        Lock { tail: AtomicPtr::new(ptr::null_mut()), value: UnsafeCell::new(value) }
    }
    pub fn with<R>(&self, body: impl FnOnce(&mut T) -> R) -> R {
        let node = Node::new();
        node.waits.store(true, Relaxed);
        let me = &raw const node as *mut Node;
        let before = self.tail.swap(me, AcqRel);
        if !before.is_null() {
            unsafe { (*before).next.store(me, Release) };
            while node.waits.load(Acquire) {
                hint::spin_loop();
            }
        }
        let result = body(unsafe { &mut *self.value.get() });
        let mut next = node.next.load(Acquire);
        if next.is_null() {
            if self.tail.compare_exchange(me, ptr::null_mut(), Release, Relaxed).is_ok() {
                return result;
            }
            while next.is_null() {
                hint::spin_loop();
                next = node.next.load(Acquire);
            }
        }
        unsafe { (*next).waits.store(false, Release) };
        result
    }
}

static LOCK: Lock<u32> = Lock::new(0);

#[test]
fn counts() {
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| LOCK.with(|v| *v += 1));
        }
        LOCK.with(|v| *v += 1);
    });
    assert_eq!(LOCK.with(|v| *v), 3);
}

//# bug relaxed_hand_over: data-race
//-         unsafe { (*next).waits.store(false, Release) };
//+         unsafe { (*next).waits.store(false, Relaxed) };
//# bug does_not_wait_for_the_successor: livelock, crash
//-             while next.is_null() {
//-                 hint::spin_loop();
//-                 next = node.next.load(Acquire);
//-             }
//+             next = node.next.load(Acquire);
//+             if next.is_null() {
//+                 return result;
//+             }
//# bug relaxed_release: data-race
//-             if self.tail.compare_exchange(me, ptr::null_mut(), Release, Relaxed).is_ok() {
//+             if self.tail.compare_exchange(me, ptr::null_mut(), Relaxed, Relaxed).is_ok() {
//# bug flag_is_set_after_linking: livelock, data-race
//-             unsafe { (*before).next.store(me, Release) };
//+             unsafe { (*before).next.store(me, Release) };
//+             node.waits.store(true, Relaxed);
