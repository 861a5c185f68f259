use std::sync::{Condvar, Mutex};

pub struct Gate {
    free: Mutex<u32>,
    left: Condvar,
}

impl Gate {
    pub fn new() -> Self {
        Gate {
            free: Mutex::new(2),
            left: Condvar::new(),
        }
    }
    pub fn pass<R>(&self, body: impl FnOnce() -> R) -> R {
        let free = self.free.lock().unwrap();
        let mut free = self.left.wait_while(free, |free| *free == 0).unwrap();
        *free -= 1;
        drop(free);
        let _place = Place(self);
        body()
    }
}

struct Place<'a>(&'a Gate);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap() += 1;
        self.0.left.notify_one();
    }
}
