//! Asks the clock of this machine. It only confirms: on a small or busy machine it cannot be
//! trusted, and a canary, whose speedup is known, shows whether it can.

use super::build::Built;
use super::{Clock, Options, Speedup, seeds};
use crate::child::{self, Answer};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Rounds of reference, attempt and canary.
const ROUNDS: usize = 5;
/// The least speedup of the canary on two cores; on an idle machine it is 2.
const CANARY: f64 = 1.6;
/// Model and clock agree where neither is beyond this multiple of the other.
const AGREEMENT: f64 = 1.6;

#[derive(Serialize)]
struct Request {
    // First: the program looks for numbers before the token only.
    seeds: Vec<u64>,
    token: String,
}

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("only sent"))
    }
}

impl fibers::Request for Request {
    fn token(&self) -> &str {
        &self.token
    }
}

#[derive(Deserialize)]
struct Times {
    /// Reference, attempt, canary on one thread, canary on two; in nanoseconds.
    rounds: Vec<[u64; 4]>,
}

/// Measures on this machine; none where it has one core only, or where the program does not answer.
///
/// # Errors
///
/// The program cannot be started.
pub fn ask(built: &Built, speedup: &Speedup, options: &Options) -> Result<Option<Clock>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let predicted = speedup
        .curve
        .iter()
        .filter(|p| p.cores <= cores)
        .max_by_key(|p| p.cores);
    let (Some(predicted), true) = (predicted, cores > 1) else {
        return Ok(None);
    };
    let request = Request {
        seeds: seeds(options.seed, 1000, ROUNDS),
        token: child::token()?,
    };
    let length = Duration::from_secs_f64(speedup.reference_ms / 1e3);
    let patience = Duration::from_secs(10) + length * 40;
    let Answer::<Times>::Given(times) = child::run(&built.native, &request, patience)? else {
        return Ok(None);
    };
    let median = |of: fn(&[u64; 4]) -> f64| {
        let mut ratios: Vec<f64> = times.rounds.iter().map(of).collect();
        ratios.sort_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied().unwrap_or(0.0)
    };
    let canary = median(|r| r[2] as f64 / r[3].max(1) as f64);
    let measured = median(|r| r[0] as f64 / r[1].max(1) as f64);
    let trusted = canary >= CANARY && predicted.cores == cores;
    // Where both say that more cores do not help, how little does not matter.
    let agree = (measured < 1.2 && predicted.speedup < 1.2)
        || (measured / predicted.speedup).max(predicted.speedup / measured) <= AGREEMENT;
    Ok(Some(Clock {
        cores,
        canary,
        speedup: trusted.then_some(measured),
        predicted: predicted.speedup,
        agrees: trusted.then_some(agree),
    }))
}
