// The work-stealing deque of Chase and Lev (2005), with the orderings of Lê, Pop, Cohen and
// Zappa Nardelli (2013), for at most four tasks.
use std::sync::atomic::{AtomicIsize, AtomicU32, Ordering::*, fence};

const SIZE: usize = 4;

pub struct Deque {
    top: AtomicIsize,
    bottom: AtomicIsize,
    slots: [AtomicU32; SIZE],
}

impl Deque {
    pub const fn new() -> Self {
        Deque { top: AtomicIsize::new(0), bottom: AtomicIsize::new(0), slots: [const { AtomicU32::new(0) }; SIZE] }
    }
    /// By the owner only.
    pub fn push(&self, task: u32) {
        let bottom = self.bottom.load(Relaxed);
        self.slots[bottom as usize % SIZE].store(task, Relaxed);
        fence(Release);
        self.bottom.store(bottom + 1, Relaxed);
    }
    /// By the owner only.
    pub fn pop(&self) -> Option<u32> {
        let bottom = self.bottom.load(Relaxed) - 1;
        self.bottom.store(bottom, Relaxed);
        fence(SeqCst);
        let top = self.top.load(Relaxed);
        if top > bottom {
            self.bottom.store(bottom + 1, Relaxed);
            return None;
        }
        let task = self.slots[bottom as usize % SIZE].load(Relaxed);
        if top == bottom {
            let won = self.top.compare_exchange(top, top + 1, SeqCst, Relaxed).is_ok();
            self.bottom.store(bottom + 1, Relaxed);
            return won.then_some(task);
        }
        Some(task)
    }
    /// By anybody; none where there is nothing, or another was faster.
    pub fn steal(&self) -> Option<u32> {
        let top = self.top.load(Acquire);
        fence(SeqCst);
        let bottom = self.bottom.load(Acquire);
        if top >= bottom {
            return None;
        }
        let task = self.slots[top as usize % SIZE].load(Relaxed);
        self.top.compare_exchange(top, top + 1, SeqCst, Relaxed).is_ok().then_some(task)
    }
}

#[test]
fn every_task_is_taken_once() {
    static TASKS: Deque = Deque::new();
    TASKS.push(1);
    let thief = std::thread::spawn(|| [TASKS.steal(), TASKS.steal()]);
    TASKS.push(2);
    let mut taken: Vec<u32> = [TASKS.pop(), TASKS.pop()].into_iter().flatten().collect();
    taken.extend(thief.join().unwrap().into_iter().flatten());
    while let Some(task) = TASKS.pop() {
        taken.push(task);
    }
    taken.sort();
    assert_eq!(taken, [1, 2]);
}

//# bug pop_without_fence: panic
//-         fence(SeqCst);
//-         let top = self.top.load(Relaxed);
//+         let top = self.top.load(Relaxed);
//# bug steal_without_fence: panic
//-         let top = self.top.load(Acquire);
//-         fence(SeqCst);
//+         let top = self.top.load(Acquire);
//# bug push_without_release: panic
//-         fence(Release);
//-         self.bottom.store(bottom + 1, Relaxed);
//+         self.bottom.store(bottom + 1, Relaxed);
//# bug last_one_without_race: panic
//-             let won = self.top.compare_exchange(top, top + 1, SeqCst, Relaxed).is_ok();
//+             let won = true;
//# bug reads_top_first: panic
//-         let bottom = self.bottom.load(Relaxed) - 1;
//-         self.bottom.store(bottom, Relaxed);
//-         fence(SeqCst);
//-         let top = self.top.load(Relaxed);
//+         let top = self.top.load(SeqCst);
//+         let bottom = self.bottom.load(Relaxed) - 1;
//+         self.bottom.store(bottom, SeqCst);
