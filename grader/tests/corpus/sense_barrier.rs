// A sense-reversing barrier (Herlihy and Shavit, The Art of Multiprocessor Programming, 17.3).
use core::hint::spin_loop;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use std::cell::UnsafeCell;

const N: usize = 2;

pub struct SenseBarrier {
    left: AtomicUsize,
    sense: AtomicBool,
}

impl SenseBarrier {
    pub const fn new() -> Self {
        SenseBarrier { left: AtomicUsize::new(N), sense: AtomicBool::new(false) }
    }
    pub fn wait(&self, own: &mut bool) {
        *own = !*own;
        if self.left.fetch_sub(1, AcqRel) == 1 {
            self.left.store(N, Relaxed);
            self.sense.store(*own, Release);
        } else {
            while self.sense.load(Acquire) != *own {
                spin_loop();
            }
        }
    }
}

struct Grid([UnsafeCell<u32>; N]);
unsafe impl Sync for Grid {}

static BARRIER: SenseBarrier = SenseBarrier::new();
static GRID: Grid = Grid([UnsafeCell::new(1), UnsafeCell::new(2)]);

fn worker(me: usize) -> u32 {
    let mut sense = false;
    let mut sum = 0;
    for _ in 0..2 {
        sum += unsafe { *GRID.0[1 - me].get() };
        BARRIER.wait(&mut sense);
        unsafe { *GRID.0[me].get() += 10 };
        BARRIER.wait(&mut sense);
    }
    sum
}

#[test]
fn phases_do_not_mix() {
    let other = std::thread::spawn(|| worker(1));
    assert_eq!((worker(0), other.join().unwrap()), (14, 12));
}

//# bug without_sense: data-race, livelock, panic
//-         *own = !*own;
//+         *own = true;
//# bug opens_before_it_is_ready: livelock, data-race, panic
//-             self.left.store(N, Relaxed);
//-             self.sense.store(*own, Release);
//+             self.sense.store(*own, Release);
//+             self.left.store(N, Relaxed);
//# bug relaxed_arrival: data-race
//-         if self.left.fetch_sub(1, AcqRel) == 1 {
//+         if self.left.fetch_sub(1, Relaxed) == 1 {
//# bug relaxed_opening: data-race
//-             self.sense.store(*own, Release);
//+             self.sense.store(*own, Relaxed);
//# bug one_barrier_a_round: data-race
//-         BARRIER.wait(&mut sense);
//-         unsafe { *GRID.0[me].get() += 10 };
//-         BARRIER.wait(&mut sense);
//+         unsafe { *GRID.0[me].get() += 10 };
//+         BARRIER.wait(&mut sense);
