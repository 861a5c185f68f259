use std::thread;
fn f(x: u64) -> u64 {
    let mut y = x;
    for _ in 0..60 {
        y = y
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407)
            ^ (y >> 7);
    }
    y
}
fn sequential() -> u64 {
    (0..20_000u64).map(f).fold(0, u64::wrapping_add)
}
fn work() -> u64 {
    let mut t = 0u64;
    for b in 0..200u64 {
        t = t.wrapping_add(thread::scope(|s| {
            let hs: Vec<_> = (0..4)
                .map(|k| {
                    s.spawn(move || {
                        (b * 100 + k * 25..b * 100 + k * 25 + 25)
                            .map(f)
                            .fold(0, u64::wrapping_add)
                    })
                })
                .collect();
            hs.into_iter()
                .map(|h| h.join().unwrap())
                .fold(0, u64::wrapping_add)
        }));
    }
    t
}
