// A sorted list with a lock in each node, after Herlihy and Shavit, 9.5; nothing is ever removed.
use std::sync::{Arc, Mutex};
use std::thread;

type Link = Option<Arc<Mutex<Node>>>;

#[derive(Default)]
struct Node {
    value: u32,
    next: Link,
}

pub struct Set(Arc<Mutex<Node>>);

impl Set {
    pub fn new() -> Self {
        Set(Arc::default())
    }
    pub fn insert(&self, value: u32) -> bool {
        let mut at = self.0.clone();
        loop {
            let mut node = at.lock().unwrap();
            let next = node.next.clone();
            match next {
                Some(next) if next.lock().unwrap().value < value => {
                    drop(node);
                    at = next;
                }
                Some(next) if next.lock().unwrap().value == value => return false,
                next => {
                    node.next = Some(Arc::new(Mutex::new(Node { value, next })));
                    return true;
                }
            }
        }
    }
    pub fn values(&self) -> Vec<u32> {
        let mut values = Vec::new();
        let mut at = self.0.lock().unwrap().next.clone();
        while let Some(node) = at {
            let node = node.lock().unwrap();
            values.push(node.value);
            at = node.next.clone();
        }
        values
    }
}

#[test]
fn it_stays_sorted() {
    let set = Set::new();
    let new = thread::scope(|s| {
        let a = s.spawn(|| set.insert(2));
        let b = s.spawn(|| set.insert(1));
        [set.insert(2), a.join().unwrap(), b.join().unwrap()]
    });
    assert_eq!((set.values(), new.iter().filter(|&&n| n).count()), (vec![1, 2], 2));
}

//# bug lets_go_before_it_links: panic
//-                 next => {
//-                     node.next = Some(Arc::new(Mutex::new(Node { value, next })));
//+                 next => {
//+                     drop(node);
//+                     let mut node = at.lock().unwrap();
//+                     node.next = Some(Arc::new(Mutex::new(Node { value, next })));
//# bug locks_backwards: deadlock, panic
//-             let mut node = at.lock().unwrap();
//-             let next = node.next.clone();
//+             let next = at.lock().unwrap().next.clone();
//+             let held = next.as_ref().map(|next| next.lock().unwrap());
//+             let mut node = at.lock().unwrap();
//+             drop(held);
//# bug locks_the_next_twice: deadlock
//-                 Some(next) if next.lock().unwrap().value == value => return false,
//+                 Some(next) if { let held = next.lock().unwrap(); held.value == next.lock().unwrap().value } => return false,
