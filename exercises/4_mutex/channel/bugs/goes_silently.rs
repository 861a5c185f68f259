use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};

#[derive(Default)]
struct Shared {
    state: Mutex<(VecDeque<u32>, usize)>,
    changed: Condvar,
}

pub struct Sender(Arc<Shared>);
pub struct Receiver(Arc<Shared>);

pub fn channel() -> (Sender, Receiver) {
    let shared = Arc::new(Shared::default());
    shared.state.lock().unwrap().1 = 1;
    (Sender(shared.clone()), Receiver(shared))
}

impl Sender {
    pub fn send(&self, message: u32) {
        self.0.state.lock().unwrap().0.push_back(message);
        self.0.changed.notify_one();
    }
}

impl Clone for Sender {
    fn clone(&self) -> Self {
        self.0.state.lock().unwrap().1 += 1;
        Sender(self.0.clone())
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().1 -= 1;
    }
}

impl Receiver {
    pub fn receive(&self) -> Option<u32> {
        let state = self.0.state.lock().unwrap();
        let mut state = self.0.changed.wait_while(state, |s| s.0.is_empty() && s.1 > 0).unwrap();
        state.0.pop_front()
    }
}
