use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

struct Node {
    value: u32,
    next: *mut Node,
}

/// Nodes are kept until the stack is dropped, so that no pointer is ever stale.
pub struct Stack {
    head: AtomicPtr<Node>,
    popped: AtomicPtr<Node>,
}

impl Stack {
    pub fn new() -> Self {
        Stack { head: AtomicPtr::new(ptr::null_mut()), popped: AtomicPtr::new(ptr::null_mut()) }
    }
    pub fn push(&self, value: u32) {
        let node = Box::into_raw(Box::new(Node { value, next: ptr::null_mut() }));
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            unsafe { (*node).next = head };
            match self.head.compare_exchange_weak(head, node, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }
    pub fn pop(&self) -> Option<u32> {
        let mut head = self.head.load(Ordering::Acquire);
        while !head.is_null() {
            let next = unsafe { (*head).next };
            match self.head.compare_exchange_weak(head, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    let value = unsafe { (*head).value };
                    self.retire(head);
                    return Some(value);
                }
                Err(now) => head = now,
            }
        }
        None
    }
    fn retire(&self, node: *mut Node) {
        // The popped node is leaked on purpose: another thread may still look at it.
        self.popped.store(node, Ordering::Release);
    }
}

#[test]
fn pops_what_was_pushed_once() {
    let stack = Stack::new();
    stack.push(1);
    let popped = std::thread::scope(|s| {
        let a = s.spawn(|| { stack.push(2); stack.pop() });
        let b = s.spawn(|| stack.pop());
        [a.join().unwrap(), b.join().unwrap()]
    });
    let mut all: Vec<u32> = popped.into_iter().flatten().collect();
    while let Some(value) = stack.pop() {
        all.push(value);
    }
    all.sort();
    assert_eq!(all, [1, 2]);
}

//# bug frees_at_once: use-after-free, data-race
//-         // The popped node is leaked on purpose: another thread may still look at it.
//-         self.popped.store(node, Ordering::Release);
//+         drop(unsafe { Box::from_raw(node) });
//# bug relaxed_push: data-race
//-             match self.head.compare_exchange_weak(head, node, Ordering::Release, Ordering::Relaxed) {
//+             match self.head.compare_exchange_weak(head, node, Ordering::Relaxed, Ordering::Relaxed) {
//# bug store_head: panic
//-             match self.head.compare_exchange_weak(head, next, Ordering::AcqRel, Ordering::Acquire) {
//-                 Ok(_) => {
//+             self.head.store(next, Ordering::SeqCst);
//+             match Ok::<(), *mut Node>(()) {
//+                 Ok(_) => {
//# bug relaxed_pop: data-race
//-         let mut head = self.head.load(Ordering::Acquire);
//+         let mut head = self.head.load(Ordering::Relaxed);
