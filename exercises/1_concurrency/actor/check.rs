use crate::submission::Account;

pub fn check() {
    let account = Account::new();
    std::thread::scope(|s| {
        s.spawn(|| account.deposit(2));
        s.spawn(|| account.deposit(3));
    });
    assert_eq!(account.balance(), 5);
}
