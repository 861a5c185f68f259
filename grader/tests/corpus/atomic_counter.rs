use std::sync::atomic::{AtomicU32, Ordering};

pub static COUNT: AtomicU32 = AtomicU32::new(0);
pub static HIGH: AtomicU32 = AtomicU32::new(0);

pub fn add() {
    let now = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
    HIGH.fetch_max(now, Ordering::Relaxed);
}

#[test]
fn counts_and_keeps_the_highest() {
    let threads: Vec<_> = (0..2).map(|_| std::thread::spawn(add)).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!((COUNT.load(Ordering::Relaxed), HIGH.load(Ordering::Relaxed)), (2, 2));
}

//# bug load_then_store: panic
//-     let now = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
//+     let now = COUNT.load(Ordering::SeqCst) + 1;
//+     COUNT.store(now, Ordering::SeqCst);
//# bug high_by_store: panic
//-     HIGH.fetch_max(now, Ordering::Relaxed);
//+     if now > HIGH.load(Ordering::SeqCst) { HIGH.store(now, Ordering::SeqCst); }
//# bug exchange_once: panic
//-     let now = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
//+     let old = COUNT.load(Ordering::SeqCst);
//+     let now = old + 1;
//+     let _ = COUNT.compare_exchange(old, now, Ordering::SeqCst, Ordering::SeqCst);
//# bug plain: data-race
//-     HIGH.fetch_max(now, Ordering::Relaxed);
//+     static mut LAST: u32 = 0;
//+     unsafe { *std::hint::black_box(&raw mut LAST) = now };
//+     HIGH.fetch_max(now, Ordering::Relaxed);
