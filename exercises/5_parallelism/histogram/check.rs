use crate::submission::{bucket, histogram};

pub fn check() {
    let numbers: Vec<u64> = (0..3).map(|i| i * i + 1).collect();
    let mut right = [0; 16];
    numbers.iter().for_each(|&x| right[bucket(x)] += 1);
    assert_eq!(histogram(&numbers), right);
    assert_eq!(histogram(&[]), [0; 16]);
}
