use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

#[test]
fn both_arrive() {
    let a_arrived = AtomicBool::new(false);
    let main = thread::current();
    thread::scope(|s| {
        let t = s.spawn(|| {
            a_arrived.store(true, Ordering::Release);
            main.unpark();
        });
        while !a_arrived.load(Ordering::Acquire) {
            thread::park();
        }
        t.join().unwrap();
    });
    assert!(a_arrived.load(Ordering::Relaxed));
}

//# bug unpark_first: deadlock
//-             a_arrived.store(true, Ordering::Release);
//-             main.unpark();
//+             main.unpark();
//+             a_arrived.store(true, Ordering::Release);
//# bug no_loop: panic
//-         while !a_arrived.load(Ordering::Acquire) {
//-             thread::park();
//-         }
//-         t.join().unwrap();
//+         if !a_arrived.load(Ordering::Acquire) {
//+             thread::park();
//+         }
//+         assert!(a_arrived.load(Ordering::Acquire));
//+         t.join().unwrap();
//# bug no_unpark: deadlock
//-             main.unpark();
//+             let _ = &main;
