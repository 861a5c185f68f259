use std::thread;
fn data() -> Vec<u64> {
    (0..8_000_000u64)
        .map(|i| i.wrapping_mul(2654435761) % 1000)
        .collect()
}
fn f(x: u64) -> u64 {
    let mut y = x;
    for _ in 0..6 {
        y = y
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407)
            ^ (y >> 7);
    }
    y
}
static DATA: std::sync::LazyLock<Vec<u64>> = std::sync::LazyLock::new(data);
fn sequential() -> u64 {
    DATA.iter().map(|&x| f(x)).fold(0, u64::wrapping_add)
}
fn work() -> u64 {
    let n = thread::available_parallelism().unwrap().get();
    let chunk = DATA.len().div_ceil(n);
    thread::scope(|s| {
        let hs: Vec<_> = DATA
            .chunks(chunk)
            .map(|c| s.spawn(move || c.iter().map(|&x| f(x)).fold(0u64, u64::wrapping_add)))
            .collect();
        hs.into_iter()
            .map(|h| h.join().unwrap())
            .fold(0, u64::wrapping_add)
    })
}
