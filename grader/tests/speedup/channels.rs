use std::sync::mpsc::sync_channel;
use std::thread;

fn step(x: u64) -> u64 {
    (0..400).fold(x, |y, _| {
        y.wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407)
            ^ (y >> 7)
    })
}

fn sequential() -> u64 {
    (0..40_000u64)
        .map(|x| step(step(step(x))))
        .fold(0, u64::wrapping_add)
}

// Three stages: not more than three times as fast, on any number of cores.
fn work() -> u64 {
    let (to_second, second) = sync_channel(16);
    let (to_third, third) = sync_channel(16);
    thread::scope(|s| {
        s.spawn(move || {
            (0..400u64).for_each(|b| {
                to_second
                    .send((b * 100..b * 100 + 100).map(step).collect::<Vec<_>>())
                    .unwrap()
            })
        });
        s.spawn(move || {
            second.iter().for_each(|v: Vec<u64>| {
                to_third
                    .send(v.into_iter().map(step).collect::<Vec<_>>())
                    .unwrap()
            })
        });
        third.iter().flatten().map(step).fold(0, u64::wrapping_add)
    })
}
