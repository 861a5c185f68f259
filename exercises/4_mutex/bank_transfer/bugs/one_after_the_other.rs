use std::sync::Mutex;

pub struct Account {
    pub number: u32,
    pub balance: Mutex<i32>,
}

pub fn transfer(from: &Account, to: &Account, amount: i32) -> bool {
    let before = *from.balance.lock().unwrap();
    if before < amount {
        return false;
    }
    *from.balance.lock().unwrap() = before - amount;
    *to.balance.lock().unwrap() += amount;
    true
}
