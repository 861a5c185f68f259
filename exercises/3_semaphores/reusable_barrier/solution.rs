use std::sync::{Condvar, Mutex};

pub struct Barrier {
    state: Mutex<(usize, usize)>,
    opened: Condvar,
    threads: usize,
}

impl Barrier {
    pub fn new(threads: usize) -> Self {
        Barrier {
            state: Mutex::new((0, 0)),
            opened: Condvar::new(),
            threads,
        }
    }
    pub fn wait(&self) {
        let mut state = self.state.lock().unwrap();
        let round = state.1;
        state.0 += 1;
        if state.0 == self.threads {
            *state = (0, round + 1);
            self.opened.notify_all();
        } else {
            while state.1 == round {
                state = self.opened.wait(state).unwrap();
            }
        }
    }
}
