use crate::submission::{Account, transfer};
use std::sync::Mutex;

pub fn check() {
    let a = Account {
        number: 1,
        balance: Mutex::new(10),
    };
    let b = Account {
        number: 2,
        balance: Mutex::new(10),
    };
    std::thread::scope(|s| {
        s.spawn(|| transfer(&a, &b, 7));
        s.spawn(|| transfer(&b, &a, 1));
        s.spawn(|| transfer(&a, &b, 7));
    });
    let (a, b) = (*a.balance.lock().unwrap(), *b.balance.lock().unwrap());
    assert_eq!(a + b, 20, "money was lost or made");
    assert!(a >= 0 && b >= 0, "an account is below zero");
}
