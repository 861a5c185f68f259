use std::sync::{Arc, Condvar, Mutex};
use std::thread;

struct Buffer {
    items: Mutex<Vec<u32>>,
    changed: Condvar,
}

impl Buffer {
    fn put(&self, item: u32) {
        let mut items = self.items.lock().unwrap();
        while items.len() == 1 {
            items = self.changed.wait(items).unwrap();
        }
        items.push(item);
        self.changed.notify_all();
    }
    fn take(&self) -> u32 {
        let mut items = self.items.lock().unwrap();
        while items.is_empty() {
            items = self.changed.wait(items).unwrap();
        }
        let item = items.remove(0);
        self.changed.notify_all();
        item
    }
}

pub fn check() {
    let buffer = Arc::new(Buffer { items: Mutex::new(Vec::new()), changed: Condvar::new() });
    let threads: Vec<_> = (0..2)
        .map(|i| {
            let buffer = buffer.clone();
            thread::spawn(move || buffer.put(i))
        })
        .collect();
    let sum = buffer.take() + buffer.take();
    assert_eq!(sum, 1);
    for thread in threads {
        thread.join().unwrap();
    }
}
//# bug if_for_while: panic
//-         while items.len() == 1 {
//+         if items.len() == 1 {
//-         items.push(item);
//+         assert!(items.is_empty(), "more than fits");
//+         items.push(item);
//# bug takes_silently: deadlock, lost-wake-up
//-         let item = items.remove(0);
//-         self.changed.notify_all();
//+         let item = items.remove(0);
