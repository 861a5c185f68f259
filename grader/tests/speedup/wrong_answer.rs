fn sequential() -> u64 {
    (0..1_000_000u64)
        .map(|i| i.rotate_left(7) ^ 5)
        .fold(0, u64::wrapping_add)
}

// The last part is forgotten.
fn work() -> u64 {
    let n = std::thread::available_parallelism().unwrap().get() as u64;
    let part = |t: u64| {
        move || {
            (t * 1_000_000 / n..(t + 1) * 1_000_000 / n)
                .map(|i| i.rotate_left(7) ^ 5)
                .fold(0, u64::wrapping_add)
        }
    };
    let threads: Vec<_> = (0..n - 1).map(|t| std::thread::spawn(part(t))).collect();
    threads
        .into_iter()
        .map(|t| t.join().unwrap())
        .fold(0, u64::wrapping_add)
}
