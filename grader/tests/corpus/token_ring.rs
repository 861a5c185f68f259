// A token goes round by park and unpark.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Thread};

const N: usize = 3;

struct Ring {
    holder: AtomicUsize,
    rounds: usize,
}

fn member(ring: &Ring, me: usize, next: Thread) -> usize {
    let mut seen = 0;
    for round in 0..ring.rounds {
        while ring.holder.load(Ordering::Acquire) != round * N + me {
            thread::park();
        }
        seen += 1;
        ring.holder.store(round * N + me + 1, Ordering::Release);
        next.unpark();
    }
    seen
}

fn main() {
    let ring = Arc::new(Ring { holder: AtomicUsize::new(0), rounds: 2 });
    let first = thread::current();
    let theirs = ring.clone();
    let last = thread::spawn(move || member(&theirs, 2, first));
    let (theirs, next) = (ring.clone(), last.thread().clone());
    let middle = thread::spawn(move || member(&theirs, 1, next));
    assert_eq!(member(&ring, 0, middle.thread().clone()), 2);
    assert_eq!(middle.join().unwrap() + last.join().unwrap(), 4);
}

//# bug parks_without_looking: deadlock
//-         while ring.holder.load(Ordering::Acquire) != round * N + me {
//-             thread::park();
//-         }
//+         thread::park();
//# bug looks_once: panic, deadlock
//-         while ring.holder.load(Ordering::Acquire) != round * N + me {
//-             thread::park();
//-         }
//+         if ring.holder.load(Ordering::Acquire) != round * N + me {
//+             thread::park();
//+         }
//+         assert_eq!(ring.holder.load(Ordering::Acquire), round * N + me);
//# bug unparks_before_it_hands_on: deadlock
//-         ring.holder.store(round * N + me + 1, Ordering::Release);
//-         next.unpark();
//+         next.unpark();
//+         ring.holder.store(round * N + me + 1, Ordering::Release);
//# bug unparks_the_wrong_one: deadlock
//-         next.unpark();
//+         thread::current().unpark();
