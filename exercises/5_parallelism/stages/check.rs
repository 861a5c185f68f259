use crate::submission::run;

pub fn check() {
    let stages: [fn(u64) -> u64; 3] = [|x| x + 1, |x| x * 10, |x| x + 3];
    assert_eq!(run(vec![1, 2], stages), vec![23, 33]);
    assert!(run(vec![], stages).is_empty());
}
