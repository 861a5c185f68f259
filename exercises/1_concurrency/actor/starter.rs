use std::sync::{Arc, Mutex};

pub struct Account {
    balance: Arc<Mutex<u32>>,
}

impl Account {
    pub fn new() -> Self {
        Account {
            balance: Arc::new(Mutex::new(0)),
        }
    }
    pub fn deposit(&self, amount: u32) {
        let before = *self.balance.lock().unwrap();
        *self.balance.lock().unwrap() = before + amount;
    }
    pub fn balance(&self) -> u32 {
        *self.balance.lock().unwrap()
    }
}
