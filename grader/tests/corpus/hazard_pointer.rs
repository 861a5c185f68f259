// Hazard pointers (Michael, 2004), with one pointer for one reader.
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::*};

struct Config {
    limit: u32,
    double: u32,
}

static CURRENT: AtomicPtr<Config> = AtomicPtr::new(ptr::null_mut());
static HAZARD: AtomicPtr<Config> = AtomicPtr::new(ptr::null_mut());

fn make(limit: u32) -> *mut Config {
    Box::into_raw(Box::new(Config { limit, double: 2 * limit }))
}

fn read() -> u32 {
    let mut at = CURRENT.load(Acquire);
    loop {
        HAZARD.store(at, SeqCst);
        let now = CURRENT.load(SeqCst);
        if now == at {
            break;
        }
        at = now;
    }
    let limit = unsafe { (*at).limit };
    assert_eq!(unsafe { (*at).double }, 2 * limit);
    HAZARD.store(ptr::null_mut(), Release);
    limit
}

fn replace(limit: u32) {
    let old = CURRENT.swap(make(limit), SeqCst);
    while HAZARD.load(SeqCst) == old {
        std::thread::yield_now();
    }
    drop(unsafe { Box::from_raw(old) });
}

#[test]
fn readers_see_whole_values() {
    CURRENT.store(make(1), SeqCst);
    let reader = std::thread::spawn(|| read() + read());
    replace(2);
    let sum = reader.join().unwrap();
    assert!((2..=4).contains(&sum));
    drop(unsafe { Box::from_raw(CURRENT.load(Relaxed)) });
}

//# bug does_not_look_again: use-after-free, data-race
//-         if now == at {
//-             break;
//-         }
//-         at = now;
//+         let _ = now;
//+         break;
//# bug relaxed_hazard: use-after-free, data-race
//-         HAZARD.store(at, SeqCst);
//-         let now = CURRENT.load(SeqCst);
//+         HAZARD.store(at, Release);
//+         let now = CURRENT.load(Acquire);
//# bug clears_too_early: use-after-free, data-race
//-     let limit = unsafe { (*at).limit };
//-     assert_eq!(unsafe { (*at).double }, 2 * limit);
//-     HAZARD.store(ptr::null_mut(), Release);
//-     limit
//+     let limit = unsafe { (*at).limit };
//+     HAZARD.store(ptr::null_mut(), Release);
//+     assert_eq!(unsafe { (*at).double }, 2 * limit);
//+     limit
//# bug clears_relaxed: data-race
//-     HAZARD.store(ptr::null_mut(), Release);
//+     HAZARD.store(ptr::null_mut(), Relaxed);
//# bug frees_at_once: use-after-free, data-race
//-     while HAZARD.load(SeqCst) == old {
//-         std::thread::yield_now();
//-     }
//-     drop(unsafe { Box::from_raw(old) });
//+     drop(unsafe { Box::from_raw(old) });
