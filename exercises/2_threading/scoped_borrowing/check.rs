use crate::submission::{Number, extremes};

pub fn check() {
    let numbers = [Number(3), Number(-7), Number(12)];
    assert_eq!(extremes(&numbers), (-7, 12));
    assert_eq!(extremes(&numbers[..1]), (3, 3));
    assert_eq!(extremes(&[]), (i64::MAX, i64::MIN));
}
