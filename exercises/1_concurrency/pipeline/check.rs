use crate::submission::squares;

pub fn check() {
    assert_eq!(squares(vec![1, 2, 3]), [1, 4, 9]);
}
