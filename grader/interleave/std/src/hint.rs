//! Hints.

pub use ::std::hint::*;
use ::std::panic::Location;

/// Says that the thread waits for another: it gives way.
#[track_caller]
pub fn spin_loop() {
    interleave::sync::yield_now("spins", Location::caller());
}
