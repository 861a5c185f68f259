use crate::submission::{Process, schedule};

pub fn check() {
    let p = |id, needs| Process { id, needs };
    assert_eq!(schedule(&[p(1, 3), p(2, 1)], 2), [(1, 0, 2), (2, 2, 3), (1, 3, 4)]);
    assert_eq!(
        schedule(&[p(1, 2), p(2, 2)], 1),
        [(1, 0, 1), (2, 1, 2), (1, 2, 3), (2, 3, 4)]
    );
    assert_eq!(schedule(&[p(7, 5)], 9), [(7, 0, 5)]);
    assert_eq!(
        schedule(&[p(1, 0), p(2, 1)], 1),
        [(2, 0, 1)],
        "who needs nothing gets no slice"
    );
    assert!(schedule(&[], 3).is_empty());
    assert!(
        std::panic::catch_unwind(|| schedule(&[p(1, 1)], 0)).is_err(),
        "slices of no length"
    );
}
