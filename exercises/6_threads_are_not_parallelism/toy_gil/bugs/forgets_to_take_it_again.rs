use std::sync::{Condvar, Mutex};

#[derive(Default)]
struct State {
    held: bool,
    /// How many wait for it.
    waiting: u32,
    /// How often it was taken.
    taken: u64,
}

/// A global interpreter lock.
#[derive(Default)]
pub struct Gil {
    state: Mutex<State>,
    changed: Condvar,
}

impl Gil {
    pub fn acquire(&self) {
        let mut state = self.state.lock().unwrap();
        state.waiting += 1;
        let mut state = self.changed.wait_while(state, |s| s.held).unwrap();
        state.waiting -= 1;
        state.held = true;
        state.taken += 1;
        self.changed.notify_all();
    }
    pub fn release(&self) {
        self.state.lock().unwrap().held = false;
        self.changed.notify_all();
    }
    /// How many wait for it.
    pub fn waiting(&self) -> u32 {
        self.state.lock().unwrap().waiting
    }
    pub fn checkpoint(&self) {
        let mut state = self.state.lock().unwrap();
        if state.waiting == 0 {
            return;
        }
        let before = state.taken;
        state.held = false;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |s| s.taken == before).unwrap());
    }
}
