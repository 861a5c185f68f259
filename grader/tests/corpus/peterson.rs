use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

pub struct Peterson {
    wants: [AtomicBool; 2],
    turn: AtomicUsize,
    value: UnsafeCell<u32>,
}

unsafe impl Sync for Peterson {}

impl Peterson {
    pub fn add(&self, me: usize) {
        self.wants[me].store(true, SeqCst);
        self.turn.store(1 - me, SeqCst);
        while self.wants[1 - me].load(SeqCst) && self.turn.load(SeqCst) == 1 - me {
            std::hint::spin_loop();
        }
        unsafe { *self.value.get() += 1 };
        self.wants[me].store(false, SeqCst);
    }
}

#[test]
fn excludes() {
    let p = Peterson { wants: [const { AtomicBool::new(false) }; 2], turn: AtomicUsize::new(0), value: UnsafeCell::new(0) };
    std::thread::scope(|s| {
        s.spawn(|| p.add(0));
        s.spawn(|| p.add(1));
    });
    assert_eq!(unsafe { *p.value.get() }, 2);
}

//# bug acquire_release_only: data-race, panic
//-         self.wants[me].store(true, SeqCst);
//-         self.turn.store(1 - me, SeqCst);
//-         while self.wants[1 - me].load(SeqCst)
//+         use std::sync::atomic::Ordering::*;
//+         self.wants[me].store(true, Release);
//+         self.turn.store(1 - me, Release);
//+         while self.wants[1 - me].load(Acquire)
//# bug turn_first: data-race, panic
//-         self.wants[me].store(true, SeqCst);
//-         self.turn.store(1 - me, SeqCst);
//+         self.turn.store(1 - me, SeqCst);
//+         self.wants[me].store(true, SeqCst);
//# bug own_turn: data-race, panic
//-         self.turn.store(1 - me, SeqCst);
//+         self.turn.store(me, SeqCst);
