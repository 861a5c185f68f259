use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};

#[derive(Default)]
struct Shared {
    state: Mutex<(VecDeque<u32>, bool)>,
    changed: Condvar,
}

#[derive(Clone)]
pub struct Sender(Arc<Shared>);
pub struct Receiver(Arc<Shared>);

pub fn channel() -> (Sender, Receiver) {
    let shared = Arc::new(Shared::default());
    (Sender(shared.clone()), Receiver(shared))
}

impl Sender {
    pub fn send(&self, message: u32) {
        self.0.state.lock().unwrap().0.push_back(message);
        self.0.changed.notify_one();
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().1 = true;
        self.0.changed.notify_one();
    }
}

impl Receiver {
    pub fn receive(&self) -> Option<u32> {
        let state = self.0.state.lock().unwrap();
        let mut state = self.0.changed.wait_while(state, |s| s.0.is_empty() && !s.1).unwrap();
        state.0.pop_front()
    }
}
