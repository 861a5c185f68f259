use crate::submission::Gil;
use std::sync::atomic::{AtomicU32, Ordering};

pub fn check() {
    let gil = Gil::default();
    let (running, turns) = (AtomicU32::new(0), AtomicU32::new(0));
    gil.acquire();
    gil.checkpoint();
    std::thread::scope(|s| {
        s.spawn(|| {
            gil.acquire();
            assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "two threads run at once");
            turns.fetch_add(1, Ordering::SeqCst);
            running.fetch_sub(1, Ordering::SeqCst);
            gil.release();
        });
        assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "two threads run at once");
        let somebody_waits = gil.waiting() > 0;
        running.fetch_sub(1, Ordering::SeqCst);
        gil.checkpoint();
        assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "two threads run at once");
        if somebody_waits {
            assert_eq!(turns.load(Ordering::SeqCst), 1, "the waiting thread was passed over");
        }
        running.fetch_sub(1, Ordering::SeqCst);
        gil.release();
    });
}
