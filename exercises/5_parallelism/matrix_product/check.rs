use crate::submission::product;

pub fn check() {
    let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0];
    let b = [2.0, 0.0, 1.0, 1.0, 3.0, 0.0, 0.0, 1.0, 1.0];
    let right = vec![4.0, 9.0, 4.0, 13.0, 21.0, 10.0, 22.0, 34.0, 17.0];
    assert_eq!(product(&a, &b, 3), right);
    assert_eq!(product(&[3.0], &[5.0], 1), vec![15.0]);
    assert!(product(&[], &[], 0).is_empty());
}
