use std::sync::Mutex;

pub struct Account {
    number: u32,
    balance: Mutex<i32>,
}

pub fn transfer(from: &Account, to: &Account, amount: i32) -> bool {
    let (first, second) = if from.number < to.number { (from, to) } else { (to, from) };
    let first_guard = first.balance.lock().unwrap();
    let second_guard = second.balance.lock().unwrap();
    let (mut source, mut target) =
        if from.number < to.number { (first_guard, second_guard) } else { (second_guard, first_guard) };
    if *source < amount {
        return false;
    }
    *source -= amount;
    *target += amount;
    true
}

#[test]
fn money_is_neither_lost_nor_made() {
    let a = Account { number: 1, balance: Mutex::new(10) };
    let b = Account { number: 2, balance: Mutex::new(10) };
    std::thread::scope(|s| {
        s.spawn(|| transfer(&a, &b, 7));
        s.spawn(|| transfer(&b, &a, 1));
        s.spawn(|| transfer(&a, &b, 7));
    });
    let (a, b) = (*a.balance.lock().unwrap(), *b.balance.lock().unwrap());
    assert_eq!(a + b, 20);
    assert!(a >= 0 && b >= 0);
}

//# bug no_order: deadlock
//-     let (first, second) = if from.number < to.number { (from, to) } else { (to, from) };
//-     let first_guard = first.balance.lock().unwrap();
//-     let second_guard = second.balance.lock().unwrap();
//-     let (mut source, mut target) =
//-         if from.number < to.number { (first_guard, second_guard) } else { (second_guard, first_guard) };
//+     let mut source = from.balance.lock().unwrap();
//+     let mut target = to.balance.lock().unwrap();
//# bug check_then_act: panic
//-     let first_guard = first.balance.lock().unwrap();
//+     if *from.balance.lock().unwrap() < amount { return false; }
//+     let first_guard = first.balance.lock().unwrap();
//-     if *source < amount {
//+     if false {
//# bug in_two_steps: panic
//-     let first_guard = first.balance.lock().unwrap();
//-     let second_guard = second.balance.lock().unwrap();
//-     let (mut source, mut target) =
//-         if from.number < to.number { (first_guard, second_guard) } else { (second_guard, first_guard) };
//-     if *source < amount {
//-         return false;
//-     }
//-     *source -= amount;
//-     *target += amount;
//+     let (_, _) = (first, second);
//+     let before = *from.balance.lock().unwrap();
//+     if before < amount { return false; }
//+     *from.balance.lock().unwrap() = before - amount;
//+     *to.balance.lock().unwrap() += amount;
