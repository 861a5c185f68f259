use crate::submission::{sum, weight};

pub fn check() {
    for length in [0, 1, 2, 3, 5, 8] {
        let numbers: Vec<u64> = (0..length).map(|i| i * 77 + 5).collect();
        let right = numbers.iter().map(|&x| weight(x)).fold(0, u64::wrapping_add);
        assert_eq!(sum(&numbers), right, "the sum of {length} numbers");
    }
}
