use std::sync::{Condvar, Mutex, RwLock};

pub struct Cache {
    value: RwLock<(u32, u32)>,
    writers: Mutex<u32>,
    idle: Condvar,
}

impl Cache {
    pub fn update(&self, by: u32) {
        *self.writers.lock().unwrap() += 1;
        {
            let mut value = self.value.write().unwrap();
            value.0 += by;
            value.1 += by;
        }
        *self.writers.lock().unwrap() -= 1;
        self.idle.notify_all();
    }
    pub fn read(&self) -> (u32, u32) {
        let value = self.value.read().unwrap();
        (value.0, value.1)
    }
    pub fn wait_idle(&self) {
        let mut writers = self.writers.lock().unwrap();
        while *writers > 0 {
            writers = self.idle.wait(writers).unwrap();
        }
    }
}

#[test]
fn readers_see_whole_updates() {
    let cache = Cache { value: RwLock::new((0, 0)), writers: Mutex::new(0), idle: Condvar::new() };
    std::thread::scope(|s| {
        s.spawn(|| cache.update(1));
        s.spawn(|| cache.update(2));
        let (a, b) = cache.read();
        assert_eq!(a, b);
        cache.wait_idle();
    });
    assert_eq!(cache.read(), (3, 3));
}

//# bug two_writes: panic
//-             value.0 += by;
//-             value.1 += by;
//+             value.0 += by;
//+             drop(value);
//+             self.value.write().unwrap().1 += by;
//# bug read_then_write: panic
//-             let mut value = self.value.write().unwrap();
//-             value.0 += by;
//-             value.1 += by;
//+             let old = *self.value.read().unwrap();
//+             *self.value.write().unwrap() = (old.0 + by, old.1 + by);
//# bug upgrade: deadlock
//-             let mut value = self.value.write().unwrap();
//+             let seen = self.value.read().unwrap();
//+             let mut value = self.value.write().unwrap();
//+             drop(seen);
//# bug reads_twice: panic
//-         let value = self.value.read().unwrap();
//-         (value.0, value.1)
//+         let first = self.value.read().unwrap().0;
//+         (first, self.value.read().unwrap().1)
//# bug no_notify: deadlock, lost-wake-up
//-         self.idle.notify_all();
//+ 
