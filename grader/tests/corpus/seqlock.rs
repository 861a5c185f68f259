use std::sync::atomic::{AtomicU32, Ordering, fence};

pub struct SeqLock {
    version: AtomicU32,
    a: AtomicU32,
    b: AtomicU32,
}

impl SeqLock {
    pub fn write(&self, value: u32) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        self.a.store(value, Ordering::Relaxed);
        self.b.store(value, Ordering::Relaxed);
        self.version.store(version + 2, Ordering::Release);
    }
    pub fn read(&self) -> Option<(u32, u32)> {
        let before = self.version.load(Ordering::Acquire);
        let pair = (self.a.load(Ordering::Relaxed), self.b.load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        let after = self.version.load(Ordering::Relaxed);
        (before == after && before % 2 == 0).then_some(pair)
    }
}

#[test]
fn a_read_that_succeeds_is_whole() {
    let lock = SeqLock { version: AtomicU32::new(0), a: AtomicU32::new(0), b: AtomicU32::new(0) };
    std::thread::scope(|s| {
        s.spawn(|| lock.write(7));
        s.spawn(|| {
            if let Some((a, b)) = lock.read() {
                assert_eq!(a, b);
            }
        });
    });
}

//# bug no_write_fence: panic
//-         fence(Ordering::Release);
//+ 
//# bug no_read_fence: panic
//-         fence(Ordering::Acquire);
//+ 
//# bug odd_is_fine: panic
//-  && before % 2 == 0)
//+ )
//# bug relaxed_end: panic
//-         self.version.store(version + 2, Ordering::Release);
//+         self.version.store(version + 2, Ordering::Relaxed);
//# bug relaxed_start: panic
//-         let before = self.version.load(Ordering::Acquire);
//+         let before = self.version.load(Ordering::Relaxed);
