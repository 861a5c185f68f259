use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU32, Ordering};

pub struct TicketLock {
    next: AtomicU32,
    serving: AtomicU32,
    value: UnsafeCell<u32>,
}

unsafe impl Sync for TicketLock {}

impl TicketLock {
    pub fn add(&self) {
        let ticket = self.next.fetch_add(1, Ordering::Relaxed);
        while self.serving.load(Ordering::Acquire) != ticket {
            std::hint::spin_loop();
        }
        unsafe { *self.value.get() += 1 };
        self.serving.store(ticket + 1, Ordering::Release);
    }
}

#[test]
fn serves_everybody() {
    let lock = TicketLock { next: AtomicU32::new(0), serving: AtomicU32::new(0), value: UnsafeCell::new(0) };
    std::thread::scope(|s| {
        s.spawn(|| lock.add());
        s.spawn(|| lock.add());
        s.spawn(|| lock.add());
    });
    assert_eq!(unsafe { *lock.value.get() }, 3);
}

//# bug relaxed: data-race
//-         while self.serving.load(Ordering::Acquire) != ticket {
//+         while self.serving.load(Ordering::Relaxed) != ticket {
//# bug same_ticket: data-race, panic, livelock
//-         let ticket = self.next.fetch_add(1, Ordering::Relaxed);
//+         let ticket = self.next.load(Ordering::SeqCst);
//+         self.next.store(ticket + 1, Ordering::SeqCst);
//# bug skips: livelock
//-         self.serving.store(ticket + 1, Ordering::Release);
//+         self.serving.store(ticket + 2, Ordering::Release);
//# bug serves_early: data-race, panic
//-         unsafe { *self.value.get() += 1 };
//-         self.serving.store(ticket + 1, Ordering::Release);
//+         self.serving.store(ticket + 1, Ordering::Release);
//+         unsafe { *self.value.get() += 1 };
