use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering::*};

struct Node {
    value: AtomicU32,
    next: AtomicPtr<Node>,
}

/// Nodes are never freed: the checker's heap goes with the execution.
pub struct Queue {
    head: AtomicPtr<Node>,
    tail: AtomicPtr<Node>,
}

fn node(value: u32) -> *mut Node {
    Box::into_raw(Box::new(Node { value: AtomicU32::new(value), next: AtomicPtr::new(ptr::null_mut()) }))
}

impl Queue {
    pub fn new() -> Self {
        let dummy = node(0);
        Queue { head: AtomicPtr::new(dummy), tail: AtomicPtr::new(dummy) }
    }
    pub fn push(&self, value: u32) {
        let new = node(value);
        loop {
            let tail = self.tail.load(Acquire);
            let next = unsafe { (*tail).next.load(Acquire) };
            if !next.is_null() {
                let _ = self.tail.compare_exchange(tail, next, Release, Relaxed);
                continue;
            }
            if unsafe { (*tail).next.compare_exchange(ptr::null_mut(), new, Release, Relaxed) }.is_ok() {
                let _ = self.tail.compare_exchange(tail, new, Release, Relaxed);
                return;
            }
        }
    }
    pub fn pop(&self) -> Option<u32> {
        loop {
            let head = self.head.load(Acquire);
            let next = unsafe { (*head).next.load(Acquire) };
            if next.is_null() {
                return None;
            }
            let value = unsafe { (*next).value.load(Relaxed) };
            if self.head.compare_exchange(head, next, AcqRel, Relaxed).is_ok() {
                return Some(value);
            }
        }
    }
}

#[test]
fn nothing_is_lost_or_doubled() {
    let q = Queue::new();
    std::thread::scope(|s| {
        s.spawn(|| q.push(1));
        s.spawn(|| q.push(2));
    });
    let mut all = vec![q.pop(), q.pop(), q.pop()];
    all.sort();
    assert_eq!(all, [None, Some(1), Some(2)]);
}

#[test]
fn a_value_is_popped_once() {
    let q = Queue::new();
    q.push(1);
    let (a, b) = std::thread::scope(|s| {
        let a = s.spawn(|| q.pop());
        let b = s.spawn(|| q.pop());
        (a.join().unwrap(), b.join().unwrap())
    });
    assert_eq!(a.is_some() as u32 + b.is_some() as u32, 1);
}

//# bug stores_next: panic, data-race, livelock
//-             if unsafe { (*tail).next.compare_exchange(ptr::null_mut(), new, Release, Relaxed) }.is_ok() {
//+             if unsafe { (*tail).next.store(new, Release); true } {
//# bug stores_head: panic
//-             if self.head.compare_exchange(head, next, AcqRel, Relaxed).is_ok() {
//+             if { self.head.store(next, Release); true } {
//# bug relaxed_link: data-race, panic
//-             if unsafe { (*tail).next.compare_exchange(ptr::null_mut(), new, Release, Relaxed) }.is_ok() {
//+             if unsafe { (*tail).next.compare_exchange(ptr::null_mut(), new, Relaxed, Relaxed) }.is_ok() {
//-                 let _ = self.tail.compare_exchange(tail, new, Release, Relaxed);
//-                 return;
//+                 let _ = self.tail.compare_exchange(tail, new, Relaxed, Relaxed);
//+                 return;
//-                 let _ = self.tail.compare_exchange(tail, next, Release, Relaxed);
//+                 let _ = self.tail.compare_exchange(tail, next, Relaxed, Relaxed);
