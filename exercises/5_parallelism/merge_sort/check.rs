use crate::submission::sort;

pub fn check() {
    for length in [0u32, 1, 2, 3, 7] {
        let mut data: Vec<u32> = (0..length).map(|i| i.wrapping_mul(2654435761) >> 7).collect();
        let mut right = data.clone();
        right.sort();
        sort(&mut data);
        assert_eq!(data, right);
    }
}
