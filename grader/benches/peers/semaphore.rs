use std::sync::{Arc, Condvar, Mutex};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;

struct Semaphore {
    permits: Mutex<u32>,
    freed: Condvar,
}

impl Semaphore {
    fn acquire(&self) {
        let mut permits = self.permits.lock().unwrap();
        while *permits == 0 {
            permits = self.freed.wait(permits).unwrap();
        }
        *permits -= 1;
    }
    fn release(&self) {
        *self.permits.lock().unwrap() += 1;
        self.freed.notify_one();
    }
}

pub fn check() {
    let shared = Arc::new((Semaphore { permits: Mutex::new(1), freed: Condvar::new() }, AtomicU32::new(0)));
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.0.acquire();
                assert_eq!(shared.1.fetch_add(1, SeqCst), 0, "two are inside");
                shared.1.fetch_sub(1, SeqCst);
                shared.0.release();
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
//# bug waits_without_looking_again: panic
//-         while *permits == 0 {
//-             permits = self.freed.wait(permits).unwrap();
//-         }
//-         *permits -= 1;
//+         if *permits == 0 {
//+             permits = self.freed.wait(permits).unwrap();
//+         }
//+         *permits = permits.saturating_sub(1);
//# bug releases_silently: deadlock, lost-wake-up
//-         *self.permits.lock().unwrap() += 1;
//-         self.freed.notify_one();
//+         *self.permits.lock().unwrap() += 1;
