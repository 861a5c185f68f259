use rayon::prelude::*;
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
    (0..800_000u64).map(f).fold(0, u64::wrapping_add)
}
fn work() -> u64 {
    (0..800_000u64)
        .into_par_iter()
        .map(f)
        .reduce(|| 0, u64::wrapping_add)
}
