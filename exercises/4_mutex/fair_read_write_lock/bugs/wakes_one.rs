use std::sync::{Condvar, Mutex};

#[derive(Default)]
struct State {
    readers: u32,
    writing: bool,
    waiting: u32,
}

#[derive(Default)]
pub struct Lock {
    state: Mutex<State>,
    changed: Condvar,
}

impl Lock {
    pub fn read(&self) {
        let state = self.state.lock().unwrap();
        self.changed
            .wait_while(state, |s| s.writing || s.waiting > 0)
            .unwrap()
            .readers += 1;
    }
    pub fn read_done(&self) {
        self.state.lock().unwrap().readers -= 1;
        self.changed.notify_one();
    }
    pub fn write(&self) {
        let mut state = self.state.lock().unwrap();
        state.waiting += 1;
        let mut state = self.changed.wait_while(state, |s| s.writing || s.readers > 0).unwrap();
        state.waiting -= 1;
        state.writing = true;
    }
    pub fn write_done(&self) {
        self.state.lock().unwrap().writing = false;
        self.changed.notify_one();
    }
    pub fn waiting(&self) -> u32 {
        self.state.lock().unwrap().waiting
    }
}
