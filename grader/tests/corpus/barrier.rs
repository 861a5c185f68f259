use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex};

pub struct Barrier {
    state: Mutex<(usize, usize)>,
    opened: Condvar,
    threads: usize,
}

impl Barrier {
    pub fn wait(&self) {
        let mut state = self.state.lock().unwrap();
        let round = state.1;
        state.0 += 1;
        if state.0 == self.threads {
            state.0 = 0;
            state.1 += 1;
            self.opened.notify_all();
        } else {
            while state.1 == round {
                state = self.opened.wait(state).unwrap();
            }
        }
    }
}

#[test]
fn nobody_runs_ahead() {
    let b = Barrier { state: Mutex::new((0, 0)), opened: Condvar::new(), threads: 2 };
    let done = AtomicU32::new(0);
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                for round in 1..=2 {
                    done.fetch_add(1, Ordering::Relaxed);
                    b.wait();
                    assert!(done.load(Ordering::Relaxed) >= 2 * round);
                    b.wait();
                }
            });
        }
    });
}

//# bug not_reusable: panic, deadlock, lost-wake-up
//-             while state.1 == round {
//+             let _ = round;
//+             while state.0 != 0 {
//# bug notify_one_of_many: panic, deadlock, lost-wake-up
//-             while state.1 == round {
//-                 state = self.opened.wait(state).unwrap();
//-             }
//+             let _ = round;
//+             state = self.opened.wait(state).unwrap();
//+             drop(state);
//# bug count_not_reset: panic, deadlock, lost-wake-up
//-             state.0 = 0;
//+ 
