use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
};
const N: u64 = 2_000_000;
fn sequential() -> u64 {
    let c = AtomicU64::new(0);
    for i in 0..N {
        c.fetch_add(i & 3, Relaxed);
    }
    c.into_inner()
}
fn work() -> u64 {
    let n = thread::available_parallelism().unwrap().get() as u64;
    let cs: Vec<AtomicU64> = (0..n).map(|_| AtomicU64::new(0)).collect();
    thread::scope(|s| {
        for t in 0..n {
            let c = &cs[t as usize];
            s.spawn(move || {
                for i in t * N / n..(t + 1) * N / n {
                    c.fetch_add(i & 3, Relaxed);
                }
            });
        }
    });
    cs.iter().map(|c| c.load(Relaxed)).sum()
}
