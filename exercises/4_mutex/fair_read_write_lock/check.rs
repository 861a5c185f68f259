use crate::submission::Lock;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

pub fn check() {
    // -1: a writer is inside; otherwise how many readers are.
    let inside = AtomicI32::new(0);
    let lock = Lock::default();
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                lock.write();
                assert_eq!(inside.swap(-1, Ordering::SeqCst), 0, "a writer is not alone");
                inside.store(0, Ordering::SeqCst);
                lock.write_done();
            });
        }
        lock.read();
        assert!(inside.fetch_add(1, Ordering::SeqCst) >= 0, "a reader beside a writer");
        inside.fetch_sub(1, Ordering::SeqCst);
        lock.read_done();
    });
    // A writer waits for a reader; a second reader comes after it.
    let lock = Lock::default();
    let written = AtomicU32::new(0);
    lock.read();
    std::thread::scope(|s| {
        s.spawn(|| {
            lock.write();
            written.store(1, Ordering::SeqCst);
            lock.write_done();
        });
        s.spawn(|| {
            let late = lock.waiting() > 0;
            lock.read();
            assert!(
                !late || written.load(Ordering::SeqCst) == 1,
                "a reader passed a waiting writer"
            );
            lock.read_done();
        });
        lock.read_done();
    });
    assert_eq!(lock.waiting(), 0);
    // With nobody inside and a writer that waits, it must be noticed: see that it does not only count.
    lock.write();
    std::thread::scope(|s| {
        let writer = s.spawn(|| {
            lock.write();
            lock.write_done();
        });
        while lock.waiting() == 0 {
            std::thread::yield_now();
        }
        lock.write_done();
        writer.join().unwrap();
    });
}
