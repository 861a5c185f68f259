// A queue of many senders and receivers that can be closed, as thread pools are built on.
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

struct State<T> {
    items: VecDeque<T>,
    open: bool,
}

pub struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

impl<T> Queue<T> {
    pub fn new() -> Self {
        Queue { state: Mutex::new(State { items: VecDeque::new(), open: true }), changed: Condvar::new() }
    }
    pub fn send(&self, item: T) -> Result<(), T> {
        let mut state = self.state.lock().unwrap();
        if !state.open {
            return Err(item);
        }
        state.items.push_back(item);
        self.changed.notify_one();
        Ok(())
    }
    pub fn receive(&self) -> Option<T> {
        let mut state = self.state.lock().unwrap();
        loop {
            if let Some(item) = state.items.pop_front() {
                return Some(item);
            }
            if !state.open {
                return None;
            }
            state = self.changed.wait(state).unwrap();
        }
    }
    pub fn close(&self) {
        self.state.lock().unwrap().open = false;
        self.changed.notify_all();
    }
}

#[test]
fn what_was_sent_is_received() -> Result<(), String> {
    let queue = Arc::new(Queue::new());
    let workers: Vec<_> = (0..2)
        .map(|_| {
            let queue = queue.clone();
            thread::spawn(move || std::iter::from_fn(|| queue.receive()).sum::<u32>())
        })
        .collect();
    for item in [1, 2, 3] {
        queue.send(item).map_err(|i| format!("{i} was sent before the queue was closed"))?;
    }
    queue.close();
    let mut sum = 0;
    for worker in workers {
        sum += worker.join().map_err(|_| "a worker panicked".to_owned())?;
    }
    if sum == 6 { Ok(()) } else { Err(format!("{sum} of 6 arrived")) }
}

//# bug close_wakes_one: deadlock, lost-wake-up
//-         self.state.lock().unwrap().open = false;
//-         self.changed.notify_all();
//+         self.state.lock().unwrap().open = false;
//+         self.changed.notify_one();
//# bug closed_queues_lose_items: panic
//-             if let Some(item) = state.items.pop_front() {
//-                 return Some(item);
//-             }
//-             if !state.open {
//-                 return None;
//-             }
//+             if !state.open {
//+                 return None;
//+             }
//+             if let Some(item) = state.items.pop_front() {
//+                 return Some(item);
//+             }
//# bug open_is_looked_at_before: deadlock, lost-wake-up
//-         let mut state = self.state.lock().unwrap();
//-         loop {
//-             if let Some(item) = state.items.pop_front() {
//-                 return Some(item);
//-             }
//-             if !state.open {
//-                 return None;
//-             }
//-             state = self.changed.wait(state).unwrap();
//-         }
//+         loop {
//+             let mut state = self.state.lock().unwrap();
//+             if let Some(item) = state.items.pop_front() {
//+                 return Some(item);
//+             }
//+             if !state.open {
//+                 return None;
//+             }
//+             drop(state);
//+             state = self.state.lock().unwrap();
//+             drop(self.changed.wait(state).unwrap());
//+         }
