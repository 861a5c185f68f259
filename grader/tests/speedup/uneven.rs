use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};
const W: usize = 400;
const H: usize = 300;
fn row(y: usize) -> u64 {
    (0..W)
        .map(|x| {
            let (cr, ci) = (
                x as f64 / W as f64 * 3.0 - 2.0,
                y as f64 / H as f64 * 2.0 - 1.0,
            );
            let (mut zr, mut zi, mut n) = (0.0, 0.0, 0u64);
            while zr * zr + zi * zi < 4.0 && n < 300 {
                let t = zr * zr - zi * zi + cr;
                zi = 2.0 * zr * zi + ci;
                zr = t;
                n += 1;
            }
            n
        })
        .sum()
}
fn sequential() -> u64 {
    (0..H).map(row).sum()
}
fn work() -> u64 {
    let n = thread::available_parallelism().unwrap().get();
    thread::scope(|s| {
        let hs: Vec<_> = (0..n)
            .map(|k| s.spawn(move || (k * H / n..(k + 1) * H / n).map(row).sum::<u64>()))
            .collect();
        hs.into_iter().map(|h| h.join().unwrap()).sum()
    })
}
