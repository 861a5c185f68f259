use std::sync::{Mutex, PoisonError};

pub struct Lazy {
    value: Mutex<Option<u32>>,
}

impl Lazy {
    pub fn new() -> Self {
        Lazy {
            value: Mutex::new(None),
        }
    }
    pub fn get(&self, make: impl FnOnce() -> u32) -> u32 {
        // A maker that panicked has left nothing behind: the value is as whole as before.
        let mut value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        *value.get_or_insert_with(make)
    }
}
