use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};

pub struct Buffer {
    items: Mutex<VecDeque<u32>>,
    not_full: Condvar,
    not_empty: Condvar,
    capacity: usize,
}

impl Buffer {
    pub fn new(capacity: usize) -> Self {
        Buffer {
            items: Mutex::new(VecDeque::new()),
            not_full: Condvar::new(),
            not_empty: Condvar::new(),
            capacity,
        }
    }
    pub fn put(&self, item: u32) {
        let mut items = self.items.lock().unwrap();
        while items.len() == self.capacity {
            items = self.not_full.wait(items).unwrap();
        }
        items.push_back(item);
        assert!(items.len() <= self.capacity);
        self.not_empty.notify_one();
    }
    pub fn take(&self) -> u32 {
        if self.items.lock().unwrap().is_empty() {
            drop(self.not_empty.wait(self.items.lock().unwrap()).unwrap());
        }
        let mut items = self.items.lock().unwrap();
        let item = items.pop_front().expect("an item");
        self.not_full.notify_one();
        item
    }
}
