use crate::submission::sort;

pub fn input(seed: u64) -> Vec<u32> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u32
    };
    (0..40_000).map(|_| next()).collect()
}

fn merged(data: &[u32]) -> Vec<u32> {
    if data.len() < 2 {
        return data.to_vec();
    }
    let (left, right) = data.split_at(data.len() / 2);
    let (left, right) = (merged(left), merged(right));
    let (mut l, mut r) = (left.into_iter().peekable(), right.into_iter().peekable());
    let mut all = Vec::with_capacity(data.len());
    for _ in 0..data.len() {
        let from_left = match (l.peek(), r.peek()) {
            (Some(a), Some(b)) => a <= b,
            (left, _) => left.is_some(),
        };
        all.extend(if from_left { l.next() } else { r.next() });
    }
    all
}

pub fn reference(data: &Vec<u32>) -> Vec<u32> {
    merged(data)
}

pub fn attempt(data: &Vec<u32>) -> Vec<u32> {
    let mut data = data.clone();
    sort(&mut data);
    data
}
