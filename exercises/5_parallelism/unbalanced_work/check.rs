use crate::submission::total;

pub fn check() {
    assert_eq!(total(&[1, 10, 100], |t| t * 2), 222);
    assert_eq!(total(&[], |t| t), 0);
}
