use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex};

pub struct Semaphore {
    permits: Mutex<u32>,
    freed: Condvar,
}

pub struct Permit<'a>(&'a Semaphore);

impl Semaphore {
    pub fn acquire(&self) -> Permit<'_> {
        let mut permits = self.permits.lock().unwrap();
        while *permits == 0 {
            permits = self.freed.wait(permits).unwrap();
        }
        *permits -= 1;
        Permit(self)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.permits.lock().unwrap() += 1;
        self.0.freed.notify_one();
    }
}

#[test]
fn at_most_one_is_inside() {
    let s = Semaphore { permits: Mutex::new(1), freed: Condvar::new() };
    let inside = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let _permit = s.acquire();
                assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0, "two are inside");
                inside.fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(*s.permits.lock().unwrap(), 1);
}

//# bug no_loop: panic
//-         while *permits == 0 {
//+         if *permits == 0 {
//-         *permits -= 1;
//+         *permits = permits.saturating_sub(1);
//# bug notifies_first: deadlock, lost-wake-up
//-         *self.0.permits.lock().unwrap() += 1;
//-         self.0.freed.notify_one();
//+         self.0.freed.notify_one();
//+         *self.0.permits.lock().unwrap() += 1;
//# bug never_given_back: deadlock, lost-wake-up
//-         *self.0.permits.lock().unwrap() += 1;
//+         drop(self.0.permits.lock().unwrap());
//# bug not_under_the_lock: panic, deadlock, lost-wake-up
//-         *permits -= 1;
//+         drop(permits);
//+         *self.permits.lock().unwrap() -= 1;
