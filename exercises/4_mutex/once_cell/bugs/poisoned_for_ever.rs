use std::sync::Mutex;

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
        *self.value.lock().unwrap().get_or_insert_with(make)
    }
}
