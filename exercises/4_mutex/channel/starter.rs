use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};

#[derive(Default)]
struct Shared {
    queue: Mutex<VecDeque<u32>>,
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
        self.0.queue.lock().unwrap().push_back(message);
        self.0.changed.notify_one();
    }
}

impl Receiver {
    pub fn receive(&self) -> Option<u32> {
        let queue = self.0.queue.lock().unwrap();
        self.0.changed.wait_while(queue, |q| q.is_empty()).unwrap().pop_front()
    }
}
