/// Merges two sorted halves of `data`.
fn merge(data: &mut [u32], middle: usize) {
    let left = data[..middle].to_vec();
    let right = data[middle..].to_vec();
    let (mut l, mut r) = (left.into_iter().peekable(), right.into_iter().peekable());
    for slot in data {
        let from_left = match (l.peek(), r.peek()) {
            (Some(a), Some(b)) => a <= b,
            (left, _) => left.is_some(),
        };
        *slot = if from_left { l.next() } else { r.next() }.unwrap_or_default();
    }
}

pub fn sort(data: &mut [u32]) {
    if data.len() < 2 {
        return;
    }
    let middle = data.len() / 2;
    let (left, right) = data.split_at_mut(middle);
    if left.len() > 2048 {
        rayon::join(|| sort(left), || ());
        rayon::join(|| sort(right), || ());
    } else {
        sort(left);
        sort(right);
    }
    merge(data, middle);
}
