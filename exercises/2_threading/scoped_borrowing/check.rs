use crate::chance::Chance;
use crate::submission::{Number, extremes};

pub fn check(chance: &mut Chance) {
    let [a, b, c] = chance.numbers(0..200).map(|n| i64::from(n) - 100);
    let numbers = [Number(a), Number(b), Number(c)];
    assert_eq!(extremes(&numbers), (a.min(b).min(c), a.max(b).max(c)));
    assert_eq!(extremes(&numbers[..1]), (a, a));
    assert_eq!(extremes(&[]), (i64::MAX, i64::MIN));
}
