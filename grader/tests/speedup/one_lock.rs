use std::{sync::Mutex, thread};
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
fn sequential() -> u64 {
    let mut h = [0u64; 16];
    for i in 0..300_000u64 {
        h[(f(i) & 15) as usize] += 1;
    }
    h[3]
}
fn work() -> u64 {
    let n = thread::available_parallelism().unwrap().get() as u64;
    let h = Mutex::new([0u64; 16]);
    let per = 300_000 / n;
    thread::scope(|s| {
        for t in 0..n {
            let h = &h;
            s.spawn(move || {
                for i in t * per..if t == n - 1 { 300_000 } else { (t + 1) * per } {
                    h.lock().unwrap()[(f(i) & 15) as usize] += 1;
                }
            });
        }
    });
    h.into_inner().unwrap()[3]
}
