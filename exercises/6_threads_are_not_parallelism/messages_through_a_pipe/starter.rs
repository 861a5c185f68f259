use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};

/// What two processes have between them: bytes, and not many at a time.
pub struct Pipe {
    state: Mutex<(VecDeque<u8>, bool)>,
    changed: Condvar,
    capacity: usize,
}

impl Pipe {
    pub fn new(capacity: usize) -> Self {
        Pipe {
            state: Mutex::default(),
            changed: Condvar::new(),
            capacity,
        }
    }
    /// Writes some of the bytes, at least one, and tells how many. Waits while the pipe is
    /// full.
    pub fn write(&self, bytes: &[u8]) -> usize {
        let state = self.state.lock().unwrap();
        let state = self.changed.wait_while(state, |s| s.0.len() >= self.capacity);
        let mut state = state.unwrap();
        let count = bytes.len().min(self.capacity - state.0.len());
        state.0.extend(&bytes[..count]);
        self.changed.notify_all();
        count
    }
    /// Reads some bytes, at least one, and tells how many; 0 at the end. Waits while the
    /// pipe is empty.
    pub fn read(&self, bytes: &mut [u8]) -> usize {
        let state = self.state.lock().unwrap();
        let mut state = self.changed.wait_while(state, |s| s.0.is_empty() && !s.1).unwrap();
        let count = bytes.len().min(state.0.len());
        for (slot, byte) in bytes.iter_mut().zip(state.0.drain(..count)) {
            *slot = byte;
        }
        self.changed.notify_all();
        count
    }
    /// Nothing more is written.
    pub fn close(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }
}

pub fn send(pipe: &Pipe, message: &[u8]) {
    pipe.write(&(message.len() as u32).to_le_bytes());
    pipe.write(message);
}

/// None: the end.
pub fn receive(pipe: &Pipe) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    if pipe.read(&mut length) == 0 {
        return None;
    }
    let mut message = vec![0; u32::from_le_bytes(length) as usize];
    pipe.read(&mut message);
    Some(message)
}
