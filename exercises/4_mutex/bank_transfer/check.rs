use crate::chance::Chance;
use crate::submission::{Account, transfer};
use std::sync::Mutex;

pub fn check(chance: &mut Chance) {
    // There is enough for one of the two large transfers, and for the small one back.
    let all = 10 + chance.number(0..100) as i32;
    let (large, small) = (all - all / 4, all / 10);
    let account = |number| Account {
        number,
        balance: Mutex::new(all),
    };
    let (a, b) = (account(1), account(2));
    std::thread::scope(|s| {
        s.spawn(|| transfer(&a, &b, large));
        s.spawn(|| transfer(&b, &a, small));
        s.spawn(|| transfer(&a, &b, large));
    });
    let (a, b) = (*a.balance.lock().unwrap(), *b.balance.lock().unwrap());
    assert_eq!(a + b, 2 * all, "money was lost or made");
    assert!(a >= 0 && b >= 0, "an account is below zero");
    assert_eq!(
        b - all,
        large - small,
        "of two transfers of {large} out of {all}, and one of {small} back"
    );
}
