//! Asks the clock of this machine. It only confirms: on a small or busy machine it cannot be
//! trusted, and a canary, whose speedup is known, shows whether it can.
//!
//! A verdict must not depend on what else this machine does. Other programs only ever make times
//! longer. So that a program is slower by the clock than in virtual time is told, and decides
//! nothing; that it is faster saves it from failing, where the shortest time of the reference shows it.

use super::build::Built;
use super::{Clock, Options, Speedup, seeds};
use crate::child::{self, Answer, Extras, Seeds};
use anyhow::{Error, Result};
use serde::Deserialize;
use std::time::Duration;

/// Rounds of reference and attempt, each between two canaries.
const ROUNDS: usize = 5;
/// The least speedup of the canary on two cores; on an idle machine it is 2.
const CANARY: f64 = 1.75;
/// The least share of the time that a thread of the canary must have had a core: with less, other
/// programs were running, and what a round beside it took says nothing.
const SHARE: f64 = 0.9;
/// Rounds that must lie between good canaries.
const QUIET: usize = 3;
/// That a program is faster than it was judged counts only where it is found so many times in a row.
const TIMES: usize = 3;
/// Model and clock agree where neither is beyond this multiple of the other.
const AGREEMENT: f64 = 1.6;

#[derive(Deserialize)]
struct Times {
    /// Reference and attempt, in nanoseconds.
    rounds: Vec<[u64; 2]>,
    /// Before the first round, and after each.
    canaries: Vec<Canary>,
}

/// A program whose speedup is known: wall time and processor time on one thread, and the same on
/// two threads; in nanoseconds.
#[derive(Deserialize)]
struct Canary(u64, u64, u64, u64);

impl Canary {
    fn speedup(&self) -> f64 {
        self.0 as f64 / self.2.max(1) as f64
    }

    fn is_quiet(&self) -> bool {
        let share = |processor: u64, wall: u64| processor as f64 / wall.max(1) as f64;
        self.speedup() >= CANARY
            && share(self.1, self.0) >= SHARE
            && share(self.3, self.2) >= 2.0 * SHARE
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Measures on this machine; none where it has one core only, or where the program does not answer.
///
/// # Errors
///
/// The program cannot be compiled or started.
pub fn ask(built: &mut Built, speedup: &Speedup, options: &Options) -> Result<Option<Clock>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let predicted = speedup
        .curve
        .iter()
        .filter(|p| p.cores <= cores)
        .max_by_key(|p| p.cores);
    let (Some(predicted), true) = (predicted, cores > 1) else {
        return Ok(None);
    };
    let program = built.native()?.map_err(Error::msg)?;
    let mut said = None;
    for time in 0..TIMES {
        let request = Seeds {
            seeds: seeds(options.seed, 1000 + time as u64, ROUNDS),
            token: child::token()?,
        };
        let length = Duration::from_secs_f64(speedup.reference_ms / 1e3);
        let patience = Duration::from_secs(10) + length * 40;
        let extras = Extras {
            alone: true,
            ..Extras::default()
        };
        let answer = child::run_with(&program, &request, patience, extras)?;
        let Answer::<Times>::Given(times) = answer else {
            return Ok(None);
        };
        let clock = compare(&times, predicted.speedup, cores, predicted.cores);
        let faster = clock.faster;
        said = Some(clock);
        if !faster {
            break;
        }
    }
    Ok(said)
}

fn compare(times: &Times, predicted: f64, cores: usize, predicted_cores: usize) -> Clock {
    let quiet = |round: usize| {
        let beside = times.canaries.get(round..=round + 1);
        beside.is_some_and(|beside| beside.iter().all(Canary::is_quiet))
    };
    let rounds: Vec<[u64; 2]> = (0..times.rounds.len())
        .filter(|&round| quiet(round))
        .map(|round| times.rounds[round])
        .collect();
    let trusted = rounds.len() >= QUIET && predicted_cores == cores;
    let ratio = |[reference, attempt]: [u64; 2]| reference as f64 / attempt.max(1) as f64;
    let measured = median(rounds.iter().copied().map(ratio));
    // A disturbed reference looks like a fast attempt: the shortest was disturbed least.
    let shortest = rounds.iter().map(|r| r[0]).min().unwrap_or(0);
    let sure = median(rounds.iter().map(|r| ratio([shortest, r[1]])));
    // Where both say that more cores do not help, how little does not matter.
    let agree = (measured < 1.2 && predicted < 1.2)
        || (measured / predicted).max(predicted / measured) <= AGREEMENT;
    Clock {
        cores,
        canary: median(times.canaries.iter().map(Canary::speedup)),
        speedup: trusted.then_some(measured),
        predicted,
        agrees: trusted.then_some(agree),
        faster: trusted && sure >= 1.2 && sure / predicted > AGREEMENT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(canaries: [Canary; 4], rounds: [[u64; 2]; 3]) -> Times {
        Times {
            rounds: rounds.into(),
            canaries: canaries.into(),
        }
    }

    const fn quiet() -> Canary {
        Canary(20_000, 19_900, 10_100, 20_000)
    }

    #[test]
    fn a_quiet_machine_confirms_or_contradicts() {
        let canaries = || [quiet(), quiet(), quiet(), quiet()];
        let twice = times(canaries(), [[200, 100]; 3]);
        assert_eq!(compare(&twice, 1.9, 2, 2).agrees, Some(true));
        let once = times(canaries(), [[200, 190]; 3]);
        let clock = compare(&once, 1.9, 2, 2);
        assert_eq!((clock.agrees, clock.faster), (Some(false), false));
        assert!(compare(&twice, 1.0, 2, 2).faster);
    }

    #[test]
    fn a_disturbed_reference_saves_nobody() {
        let canaries = [quiet(), quiet(), quiet(), quiet()];
        let times = times(canaries, [[200, 100], [200, 100], [110, 100]]);
        assert!(!compare(&times, 1.0, 2, 2).faster);
    }

    #[test]
    fn rounds_beside_a_disturbed_canary_do_not_count() {
        // Half a core for each thread: the ratio looks well, the processor time does not.
        let disturbed = || Canary(40_000, 20_000, 20_000, 20_000);
        let times = times([quiet(), disturbed(), quiet(), quiet()], [[200, 190]; 3]);
        assert_eq!(compare(&times, 1.9, 2, 2).agrees, None);
    }
}
