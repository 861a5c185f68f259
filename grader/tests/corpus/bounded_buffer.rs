use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};

pub struct Buffer {
    items: Mutex<VecDeque<u32>>,
    not_full: Condvar,
    not_empty: Condvar,
    capacity: usize,
}

impl Buffer {
    pub fn put(&self, item: u32) {
        let mut items = self.items.lock().unwrap();
        while items.len() == self.capacity {
            items = self.not_full.wait(items).unwrap();
        }
        items.push_back(item);
        self.not_empty.notify_one();
    }
    pub fn take(&self) -> u32 {
        let mut items = self.items.lock().unwrap();
        while items.is_empty() {
            items = self.not_empty.wait(items).unwrap();
        }
        let item = items.pop_front().unwrap();
        self.not_full.notify_one();
        item
    }
}

#[test]
fn hands_over_everything_in_order() {
    let b = Buffer { items: Mutex::default(), not_full: Condvar::new(), not_empty: Condvar::new(), capacity: 1 };
    std::thread::scope(|s| {
        s.spawn(|| (0..2).for_each(|i| b.put(i)));
        s.spawn(|| b.put(7));
        let mut got: Vec<u32> = (0..3).map(|_| b.take()).collect();
        assert!(b.items.lock().unwrap().len() <= 1);
        got.retain(|&i| i != 7);
        assert_eq!(got, [0, 1]);
    });
}

//# bug if_for_while: panic
//-         while items.is_empty() {
//-             items = self.not_empty.wait(items).unwrap();
//-         }
//+         if items.is_empty() {
//+             items = self.not_empty.wait(items).unwrap();
//+         }
//# bug forgets_to_notify: deadlock, lost-wake-up
//-         self.not_full.notify_one();
//+ 
//# bug one_condvar_notify_one: deadlock, lost-wake-up
//-             items = self.not_full.wait(items).unwrap();
//+             items = self.not_empty.wait(items).unwrap();
//-         self.not_full.notify_one();
//+         self.not_empty.notify_one();
//# bug checks_outside: panic, deadlock, lost-wake-up
//-         let mut items = self.items.lock().unwrap();
//-         while items.is_empty() {
//-             items = self.not_empty.wait(items).unwrap();
//-         }
//+         if self.items.lock().unwrap().is_empty() {
//+             drop(self.not_empty.wait(self.items.lock().unwrap()).unwrap());
//+         }
//+         let mut items = self.items.lock().unwrap();
