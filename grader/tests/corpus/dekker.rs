// Dekker's mutual exclusion for two, the first one known (1965).
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};

struct Shared<T>(UnsafeCell<T>);
unsafe impl<T> Sync for Shared<T> {}

static WANTS: [AtomicBool; 2] = [AtomicBool::new(false), AtomicBool::new(false)];
static TURN: AtomicUsize = AtomicUsize::new(0);
static COUNT: Shared<u32> = Shared(UnsafeCell::new(0));

fn lock(me: usize) {
    let other = 1 - me;
    WANTS[me].store(true, SeqCst);
    while WANTS[other].load(SeqCst) {
        if TURN.load(SeqCst) != me {
            WANTS[me].store(false, SeqCst);
            while TURN.load(SeqCst) != me {
                std::hint::spin_loop();
            }
            WANTS[me].store(true, SeqCst);
        }
    }
}

fn unlock(me: usize) {
    TURN.store(1 - me, SeqCst);
    WANTS[me].store(false, SeqCst);
}

fn work(me: usize) {
    for _ in 0..2 {
        lock(me);
        unsafe { *COUNT.0.get() += 1 };
        unlock(me);
    }
}

fn main() {
    let other = std::thread::spawn(|| work(1));
    work(0);
    other.join().unwrap();
    assert_eq!(unsafe { *COUNT.0.get() }, 4);
}

//# bug release_and_acquire: data-race
//-     WANTS[me].store(true, SeqCst);
//-     while WANTS[other].load(SeqCst) {
//+     WANTS[me].store(true, Release);
//+     while WANTS[other].load(Acquire) {
//# bug never_steps_back: livelock
//-         if TURN.load(SeqCst) != me {
//+         if TURN.load(SeqCst) == 2 {
//# bug turn_is_not_given: livelock
//-     TURN.store(1 - me, SeqCst);
//-     WANTS[me].store(false, SeqCst);
//+     WANTS[me].store(false, SeqCst);
//# bug looks_first: data-race
//-     WANTS[me].store(true, SeqCst);
//-     while WANTS[other].load(SeqCst) {
//+     while WANTS[other].load(SeqCst) {
//# bug stays_up: livelock
//-             WANTS[me].store(false, SeqCst);
//-             while TURN.load(SeqCst) != me {
//+             while TURN.load(SeqCst) != me {
