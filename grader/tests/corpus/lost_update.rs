use std::sync::Mutex;

pub struct Counter(Mutex<u32>);

impl Counter {
    pub fn add(&self) {
        let mut value = self.0.lock().unwrap();
        *value += 1;
    }
}

#[test]
fn every_addition_counts() {
    let counter = Counter(Mutex::new(0));
    std::thread::scope(|s| {
        s.spawn(|| counter.add());
        s.spawn(|| counter.add());
    });
    assert_eq!(*counter.0.lock().unwrap(), 2);
}

//# bug two_locks: panic
//-         let mut value = self.0.lock().unwrap();
//-         *value += 1;
//+         let value = *self.0.lock().unwrap();
//+         *self.0.lock().unwrap() = value + 1;
//# bug gives_up: panic
//-         let mut value = self.0.lock().unwrap();
//+         let Ok(mut value) = self.0.try_lock() else { return };
//# bug guard_kept: deadlock, lock-held
//-         *value += 1;
//+         *value += 1;
//+         std::mem::forget(value);
