use std::sync::Mutex;

pub struct Account {
    pub number: u32,
    pub balance: Mutex<i32>,
}

pub fn transfer(from: &Account, to: &Account, amount: i32) -> bool {
    let (first, second) = if from.number < to.number {
        (from, to)
    } else {
        (to, from)
    };
    let lower = first.balance.lock().unwrap();
    let higher = second.balance.lock().unwrap();
    let (mut source, mut target) = if from.number < to.number {
        (lower, higher)
    } else {
        (higher, lower)
    };
    if *source < amount {
        return false;
    }
    *source -= amount;
    *target += amount;
    true
}
