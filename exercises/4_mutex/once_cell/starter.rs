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
        if let Some(value) = *self.value.lock().unwrap() {
            return value;
        }
        let value = make();
        *self.value.lock().unwrap() = Some(value);
        value
    }
}
