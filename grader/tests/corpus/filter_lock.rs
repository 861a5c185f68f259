// Peterson's lock for many: a filter of levels (Herlihy and Shavit, 2.4).
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

const N: usize = 3;

pub struct Filter {
    level: [AtomicUsize; N],
    victim: [AtomicUsize; N],
}

impl Filter {
    pub const fn new() -> Self {
        Filter { level: [const { AtomicUsize::new(0) }; N], victim: [const { AtomicUsize::new(0) }; N] }
    }
    pub fn lock(&self, me: usize) {
        for level in 1..N {
            self.level[me].store(level, SeqCst);
            self.victim[level].store(me, SeqCst);
            for other in (0..N).filter(|&other| other != me) {
                while self.level[other].load(SeqCst) >= level && self.victim[level].load(SeqCst) == me {
                    thread::yield_now();
                }
            }
        }
    }
    pub fn unlock(&self, me: usize) {
        self.level[me].store(0, SeqCst);
    }
}

static LOCK: Filter = Filter::new();
static mut INSIDE: u32 = 0;

fn visit(me: usize) {
    LOCK.lock(me);
    unsafe { INSIDE += 1 };
    LOCK.unlock(me);
}

#[test]
fn one_gets_through() {
    thread::scope(|s| {
        s.spawn(|| visit(1));
        s.spawn(|| visit(2));
        visit(0);
    });
    assert_eq!(unsafe { INSIDE }, 3);
}

//# bug one_level_is_missing: data-race
//-         for level in 1..N {
//+         for level in 1..N - 1 {
//# bug victim_first: data-race
//-             self.level[me].store(level, SeqCst);
//-             self.victim[level].store(me, SeqCst);
//+             self.victim[level].store(me, SeqCst);
//+             self.level[me].store(level, SeqCst);
//# bug waits_though_not_the_victim: livelock
//-                 while self.level[other].load(SeqCst) >= level && self.victim[level].load(SeqCst) == me {
//+                 while self.level[other].load(SeqCst) >= level {
//# bug higher_levels_do_not_count: data-race
//-                 while self.level[other].load(SeqCst) >= level && self.victim[level].load(SeqCst) == me {
//+                 while self.level[other].load(SeqCst) == level && self.victim[level].load(SeqCst) == me {
