use crate::chance::Chance;
use crate::submission::{add, flush, total};

pub fn check(chance: &mut Chance) {
    let amounts: [u64; 4] = chance.numbers(1..100).map(u64::from);
    let [a, b, c, d] = amounts;
    let forgetful = std::thread::spawn(move || {
        add(a);
        add(b);
    });
    let tidy = std::thread::spawn(move || {
        add(c);
        flush();
        add(d);
        flush();
        flush();
    });
    forgetful.join().unwrap();
    tidy.join().unwrap();
    assert_eq!(total(), a + b + c + d, "after {amounts:?} were added");
}
