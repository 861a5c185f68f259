use std::sync::Mutex;

pub struct Account {
    pub number: u32,
    pub balance: Mutex<i32>,
}

pub fn transfer(from: &Account, to: &Account, amount: i32) -> bool {
    let mut source = from.balance.lock().unwrap();
    let mut target = to.balance.lock().unwrap();
    if *source < amount {
        return false;
    }
    *source -= amount;
    *target += amount;
    true
}
