use std::sync::{Arc, Mutex};
use std::thread;

fn transfer(from: &Mutex<u32>, to: &Mutex<u32>, amount: u32) {
    let taken = {
        let mut from = from.lock().unwrap();
        *from -= amount;
        amount
    };
    *to.lock().unwrap() += taken;
}

pub fn check() {
    let accounts = Arc::new((Mutex::new(10), Mutex::new(10)));
    let theirs = accounts.clone();
    let thread = thread::spawn(move || transfer(&theirs.0, &theirs.1, 3));
    transfer(&accounts.1, &accounts.0, 2);
    thread.join().unwrap();
    assert_eq!(*accounts.0.lock().unwrap() + *accounts.1.lock().unwrap(), 20);
}
//# bug holds_both: deadlock
//-     let taken = {
//-         let mut from = from.lock().unwrap();
//-         *from -= amount;
//-         amount
//-     };
//-     *to.lock().unwrap() += taken;
//+     let mut from = from.lock().unwrap();
//+     let mut to = to.lock().unwrap();
//+     *from -= amount;
//+     *to += amount;
//# bug looks_first: panic
//-     let taken = {
//-         let mut from = from.lock().unwrap();
//-         *from -= amount;
//-         amount
//-     };
//+     let before = *from.lock().unwrap();
//+     let taken = amount;
//+     *from.lock().unwrap() = before - amount;
