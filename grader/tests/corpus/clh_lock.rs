// The queue lock of Craig, Landin and Hagersten: each thread spins on its predecessor's node.
use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::thread;

struct Node {
    held: AtomicBool,
}

pub struct ClhLock {
    tail: AtomicPtr<Node>,
    count: UnsafeCell<usize>,
}
unsafe impl Sync for ClhLock {}
unsafe impl Send for ClhLock {}

impl ClhLock {
    pub fn new() -> Self {
        let free = Box::into_raw(Box::new(Node { held: AtomicBool::new(false) }));
        ClhLock { tail: AtomicPtr::new(free), count: UnsafeCell::new(0) }
    }

    pub fn increment(&self) {
        let node = Box::into_raw(Box::new(Node { held: AtomicBool::new(true) }));
        let before = self.tail.swap(node, Ordering::AcqRel);
        while unsafe { (*before).held.load(Ordering::Acquire) } {
            thread::yield_now();
        }
        // Nobody else looks at the predecessor's node any more.
        drop(unsafe { Box::from_raw(before) });
        unsafe { *self.count.get() += 1 };
        unsafe { (*node).held.store(false, Ordering::Release) };
    }
}

impl Drop for ClhLock {
    fn drop(&mut self) {
        drop(unsafe { Box::from_raw(*self.tail.get_mut()) });
    }
}

fn main() {
    let lock = Arc::new(ClhLock::new());
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || lock.increment())
        })
        .collect();
    lock.increment();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(unsafe { *lock.count.get() }, 3);
}

//# bug frees_its_own_node: use-after-free, double-free, data-race
//-         // Nobody else looks at the predecessor's node any more.
//-         drop(unsafe { Box::from_raw(before) });
//-         unsafe { *self.count.get() += 1 };
//-         unsafe { (*node).held.store(false, Ordering::Release) };
//+         unsafe { *self.count.get() += 1 };
//+         unsafe { (*node).held.store(false, Ordering::Release) };
//+         drop(unsafe { Box::from_raw(node) });
//# bug relaxed_spin: data-race
//-         while unsafe { (*before).held.load(Ordering::Acquire) } {
//+         while unsafe { (*before).held.load(Ordering::Relaxed) } {
//# bug relaxed_swap: data-race, use-after-free
//-         let before = self.tail.swap(node, Ordering::AcqRel);
//+         let before = self.tail.swap(node, Ordering::Relaxed);
//# bug load_then_store: data-race, use-after-free, double-free, livelock
//-         let before = self.tail.swap(node, Ordering::AcqRel);
//+         let before = self.tail.load(Ordering::Acquire);
//+         self.tail.store(node, Ordering::Release);
//# bug forgets_to_release: livelock
//-         unsafe { (*node).held.store(false, Ordering::Release) };
//+         let _ = node;
