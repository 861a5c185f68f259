use crate::chance::Chance;
use crate::submission::Account;

pub fn check(chance: &mut Chance) {
    let [a, b] = chance.numbers(1..100);
    let account = Account::new();
    std::thread::scope(|s| {
        s.spawn(|| account.deposit(a));
        s.spawn(|| account.deposit(b));
    });
    assert_eq!(account.balance(), a + b, "after deposits of {a} and {b}");
}
