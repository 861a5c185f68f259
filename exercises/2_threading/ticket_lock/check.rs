use crate::chance::Chance;
use crate::submission::Ticket;

pub fn check(chance: &mut Chance) {
    let amounts: [u32; 3] = chance.distinct(1..100);
    let lock = Ticket::default();
    std::thread::scope(|s| {
        for amount in amounts {
            let lock = &lock;
            s.spawn(move || lock.with(|value| *value += amount));
        }
    });
    let right: u32 = amounts.iter().sum();
    lock.with(|value| assert_eq!(*value, right, "after {amounts:?} were added"));
}
