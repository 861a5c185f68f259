//! The main function of a program that is measured by the clock. Nothing in it depends on the program:
//! it is compiled once.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::time::Instant;

/// Reads a request, runs rounds with a canary before, between and after them, answers on descriptor
/// 3. A round, which is given its seed, says how long reference and attempt took.
///
/// # Panics
///
/// What is asked is no request.
pub fn main(round: &dyn Fn(u64) -> [u64; 2]) {
    let mut request = String::new();
    let _ = std::io::stdin().read_to_string(&mut request);
    // SAFETY: the parent's pipe.
    let mut answer = unsafe { File::from_raw_fd(3) };
    let (seeds, token) = request.split_once("\"token\":\"").expect("a request");
    let token = token.split('"').next().expect("a token");
    let seeds = seeds
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|n| n.parse::<u64>().ok());
    // The first is not counted: cores that slept wake up.
    let _ = canary();
    let mut canaries = vec![canary()];
    let mut rounds = Vec::new();
    for seed in seeds {
        let [reference, attempt] = round(seed);
        rounds.push(format!("[{reference},{attempt}]"));
        canaries.push(canary());
    }
    let (rounds, canaries) = (rounds.join(","), canaries.join(","));
    let _ = write!(
        answer,
        "{token}{{\"rounds\":[{rounds}],\"canaries\":[{canaries}]}}"
    );
}

/// How long it takes, in nanoseconds.
pub fn timed(body: &mut dyn FnMut()) -> u64 {
    let start = Instant::now();
    body();
    start.elapsed().as_nanos() as u64
}

/// A program whose speedup is known: wall time and processor time on one thread, and on two.
fn canary() -> String {
    let (mut alone, mut both) = (0, 0_i64);
    let one = timed(&mut || alone = spin(12_000_000));
    let two = timed(&mut || {
        both = std::thread::scope(|s| {
            let threads = [(); 2].map(|()| s.spawn(|| spin(6_000_000)));
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or(0))
                .sum()
        });
    });
    format!("[{one},{alone},{two},{both}]")
}

/// Computes; the processor time of this thread for that, in nanoseconds.
fn spin(n: u64) -> i64 {
    unsafe extern "C" {
        fn clock_gettime(clock: i32, time: *mut [i64; 2]) -> i32;
    }
    let mut time = [0; 2];
    let mut processor = || {
        // SAFETY: the time of this thread (3), written to `time`.
        unsafe { clock_gettime(3, &mut time) };
        time[0] * 1_000_000_000 + time[1]
    };
    let start = processor();
    let mut x = n;
    for i in 0..n {
        x = black_box(x.rotate_left(5) ^ i);
    }
    black_box(x);
    processor() - start
}
