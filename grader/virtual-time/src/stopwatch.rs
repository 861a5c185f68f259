//! Measures how long a thread computes: by the time-stamp counter, which is read in nanoseconds,
//! and corrected by the system's clock of processor time where the thread was interrupted.

use std::arch::x86_64::{_mm_lfence, _rdtsc};

/// Stretches above this length are looked at for interruptions, in nanoseconds.
const LONG: u64 = 15_000;
/// Wall time may be this much longer than processor time without an interruption, in nanoseconds.
const TOLERANCE: u64 = 2_000;

/// A stopwatch for the one thread of the process.
pub struct Stopwatch {
    /// Nanoseconds of a tick.
    tick: f64,
    /// What reading the counter costs, in nanoseconds.
    overhead: u64,
    started: u64,
    base: (u64, u64),
}

fn ticks() -> u64 {
    // SAFETY: every x86-64 processor has it.
    unsafe { _rdtsc() }
}

fn nanoseconds(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: fills in the time.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The same moment in nanoseconds and in ticks: of several attempts the one that took shortest, which
/// nothing has interrupted.
fn moment() -> (u64, u64) {
    let attempt = |_| {
        let before = ticks();
        let wall = nanoseconds(libc::CLOCK_MONOTONIC);
        (ticks() - before, wall, before)
    };
    let (_, wall, ticks) = (0..50).map(attempt).min().unwrap_or_default();
    (wall, ticks)
}

impl Stopwatch {
    /// Measures the counter itself, for 10 milliseconds.
    pub fn calibrated() -> Self {
        let (wall, start) = moment();
        while nanoseconds(libc::CLOCK_MONOTONIC) - wall < 10_000_000 {}
        let (later, end) = moment();
        let tick = (later - wall) as f64 / (end - start) as f64;
        let round = || {
            let start = ticks();
            (0..100).for_each(|_| {
                std::hint::black_box(ticks());
            });
            ticks() - start
        };
        let best = (0..50).map(|_| round()).min().unwrap_or(0);
        let overhead = (best as f64 * tick / 100.0) as u64;
        let mut watch = Stopwatch {
            tick,
            overhead,
            started: 0,
            base: (0, 0),
        };
        watch.rebase();
        watch.start();
        watch
    }

    fn rebase(&mut self) {
        self.base = (nanoseconds(libc::CLOCK_THREAD_CPUTIME_ID), ticks());
    }

    /// A stretch begins.
    #[inline]
    pub fn start(&mut self) {
        // What the engine has still to do when the counter is read would count as the program's.
        // SAFETY: every x86-64 processor has it.
        unsafe { _mm_lfence() };
        self.started = ticks();
    }

    /// A stretch ends: its length in nanoseconds of processor time.
    #[inline]
    pub fn stop(&mut self) -> u64 {
        let now = ticks();
        let wall = self.between(self.started, now);
        if wall < LONG {
            return wall.saturating_sub(self.overhead);
        }
        self.corrected(wall, now)
    }

    #[cold]
    fn corrected(&mut self, wall: u64, now: u64) -> u64 {
        // To ask for the processor time is what the system takes as an occasion to let others run:
        // both moments of a stretch must lie on the same side of that.
        let used = nanoseconds(libc::CLOCK_THREAD_CPUTIME_ID) - self.base.0;
        let lost = self.between(self.base.1, now).saturating_sub(used);
        self.rebase();
        wall.saturating_sub(if lost > TOLERANCE { lost } else { 0 })
    }

    #[inline]
    fn between(&self, from: u64, to: u64) -> u64 {
        (to.saturating_sub(from) as f64 * self.tick) as u64
    }
}
