//! Whether a program gets faster with more cores, and if not, why: measured in virtual time, on
//! simulated machines with up to 64 cores, and confirmed by the clock where the clock can be trusted.

pub mod build;
pub mod clock;
pub mod diagnosis;
mod judge;
pub mod picture;
pub mod show;

use crate::child::{self, Answer};
use crate::verdict::Line;
use anyhow::{Result, anyhow};
use build::{Built, Refused, Task};
use judge::judge;
use reports::measurement::{Interval, Measurement, Request, Round};
use serde::{Deserialize, Serialize};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// The number of cores that the judgement is about.
    pub cores: usize,
    /// The other numbers of cores of the curve.
    pub curve: Vec<usize>,
    /// Rounds on the judged number of cores.
    pub rounds: usize,
    /// The seed of the inputs.
    pub seed: u64,
    /// The edition of the files.
    pub edition: String,
    /// Whether the clock is asked, too.
    pub clock: bool,
    /// Whether the compiler's messages are coloured.
    pub color: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            cores: 8,
            curve: vec![2, 4, 16, 64],
            rounds: 3,
            seed: 1,
            edition: "2024".into(),
            clock: true,
            color: false,
        }
    }
}

/// What is asked of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// On so many cores.
    #[serde(default = "eight")]
    pub cores: usize,
    /// The least speedup that passes.
    pub pass: f64,
    /// The speedup of full marks.
    pub full: f64,
}

fn eight() -> usize {
    8
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// As fast as demanded, or nothing was demanded.
    Pass,
    /// Too slow.
    TooSlow,
    /// It computes something else than the reference.
    WrongAnswer,
    /// It ended, or did not.
    Broken,
    /// Too slow in virtual time, and fast by the clock; or at the border; or too little to be measured:
    /// nobody fails for that.
    Undecided,
}

/// The speedup on so many cores.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Cores of the simulated machine.
    pub cores: usize,
    /// The median.
    pub speedup: f64,
    /// The least and the greatest.
    pub range: (f64, f64),
}

/// Something that costs speed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Its name: `serial`, `lock`, `imbalance`.
    pub kind: String,
    /// The share of the machine's time that it costs, 0 to 1.
    pub share: f64,
    /// In a sentence.
    pub message: String,
    /// Where.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub lines: Vec<Line>,
}

/// A thread of the last round, for the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadRow {
    /// Its name, or number.
    pub name: String,
    /// What it did, from the start of the round, in nanoseconds.
    pub intervals: Vec<Interval>,
}

/// What the clock says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// Cores of this machine.
    pub cores: usize,
    /// The speedup of a program that is known to get twice as fast on two cores.
    pub canary: f64,
    /// The measured speedup, where the canary shows that it can be measured.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub speedup: Option<f64>,
    /// What virtual time predicts for so many cores.
    pub predicted: f64,
    /// Whether both agree, where both are known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agrees: Option<bool>,
    /// Whether the program is surely faster here than virtual time says.
    #[serde(default)]
    pub faster: bool,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speedup {
    /// What came of it.
    pub judgement: Judgement,
    /// In a sentence.
    pub message: String,
    /// Cores that the judgement is about.
    pub cores: usize,
    /// The speedup on them.
    pub speedup: f64,
    /// Marks out of 100, where something was demanded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub marks: Option<u32>,
    /// What was demanded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub demand: Option<Demand>,
    /// The curve.
    pub curve: Vec<Point>,
    /// How long the sequential program takes, in milliseconds.
    pub reference_ms: f64,
    /// The fraction of the work that does not get faster, by Karp and Flatt.
    pub serial_fraction: f64,
    /// What costs speed, the worst first.
    pub causes: Vec<Cause>,
    /// What the clock says, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub clock: Option<Clock>,
    /// The threads of one round.
    pub threads: Vec<ThreadRow>,
    /// How long that round took, in nanoseconds.
    pub length: u64,
    /// What the program printed.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub printed: String,
}

/// A speedup below this share of the one that is asked for is hopeless.
const HOPELESS: f64 = 0.5;
/// The most wall time of one measurement.
const PATIENCE: Duration = Duration::from_secs(60);

/// Compiles and measures.
///
/// # Errors
///
/// The toolchain is not usable. What is wrong with the program is in the answer; what is wrong with
/// its text is in the inner error.
pub fn measure(
    task: &Task,
    demand: Option<Demand>,
    options: &Options,
    progress: &mut dyn FnMut(&str),
) -> Result<std::result::Result<Speedup, Refused>> {
    let plan = match build::plan(task, options, progress)? {
        Ok(plan) => plan,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut built = match plan.compile(&AtomicBool::new(false))? {
        Ok(built) => built,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Err(refused) = built.native()? {
        return Ok(Err(refused));
    }
    let mut speedup = simulate(&built, demand, options)?;
    ask_clock(&mut built, &mut speedup, options)?;
    Ok(Ok(speedup))
}

/// Measures on simulated machines.
///
/// # Errors
///
/// The program cannot be started.
pub fn simulate(built: &Built, demand: Option<Demand>, options: &Options) -> Result<Speedup> {
    let cores = demand.map_or(options.cores, |d| d.cores).clamp(1, 64);
    let rounds = options.rounds.max(1);
    let mut alone = None;
    if !built.sequential {
        let measurement = on_machine(built, 1, options, (rounds, 0.0), None)?;
        if let Some(failed) = broken(&measurement, 1) {
            return Ok(failed);
        }
        let mut times: Vec<u64> = measurement.rounds.iter().map(|r| r.attempt).collect();
        times.sort_unstable();
        alone = times.get(times.len() / 2).copied();
    }
    let hopeless = demand.map_or(0.0, |d| d.pass * HOPELESS);
    let judged = on_machine(built, cores, options, (rounds, hopeless), alone)?;
    let mut speedup = match summary(built, cores, &judged) {
        Ok(speedup) => speedup,
        Err(speedup) => return Ok(*speedup),
    };
    speedup.demand = demand;
    // What is hopeless on some cores is not shown on more.
    let hopeless = judged.rounds.len() < rounds;
    let most = if hopeless { cores } else { usize::MAX };
    let others = options.curve.iter().copied();
    let others: Vec<usize> = others.filter(|c| *c != cores && *c <= most).collect();
    for (other, measurement) in curve(built, &others, options, alone)? {
        match broken(&measurement, other) {
            Some(failed) => return Ok(failed),
            None => speedup.curve.push(point(&measurement, other)),
        }
    }
    speedup.curve.sort_by_key(|p| p.cores);
    judge(&mut speedup);
    Ok(speedup)
}

/// Measures one round on each of several machines, at once: a simulation takes one core of this
/// machine.
fn curve(
    built: &Built,
    others: &[usize],
    options: &Options,
    alone: Option<u64>,
) -> Result<Vec<(usize, Measurement)>> {
    let here = std::thread::available_parallelism().map_or(1, usize::from);
    let mut measured = Vec::new();
    for machines in others.chunks(here) {
        let some = std::thread::scope(|scope| {
            let started: Vec<_> = machines
                .iter()
                .map(|&cores| {
                    scope.spawn(move || on_machine(built, cores, options, (1, 0.0), alone))
                })
                .collect();
            started
                .into_iter()
                .map(|s| s.join().map_err(|_| anyhow!("a simulation was lost"))?)
                .collect::<Result<Vec<_>>>()
        })?;
        measured.extend(machines.iter().copied().zip(some));
    }
    Ok(measured)
}

/// Asks the clock of this machine, which can be trusted only where nothing else runs, and judges
/// anew.
///
/// # Errors
///
/// The program cannot be started.
pub fn ask_clock(built: &mut Built, speedup: &mut Speedup, options: &Options) -> Result<()> {
    let broken = matches!(
        speedup.judgement,
        Judgement::WrongAnswer | Judgement::Broken
    );
    if options.clock && built.sequential && !broken {
        speedup.clock = clock::ask(built, speedup, options)?;
        judge(speedup);
    }
    Ok(())
}

/// Measures on a simulated machine; `alone` is the time on one core where that is the reference. The
/// seeds differ from machine to machine and from round to round, so that no result can be kept for
/// the next; where the input is always the same, each round has a process of its own. Below the speedup
/// `hopeless`, one long round is enough.
fn on_machine(
    built: &Built,
    cores: usize,
    options: &Options,
    (rounds, hopeless): (usize, f64),
    alone: Option<u64>,
) -> Result<Measurement> {
    let seeds = seeds(options.seed, cores as u64, rounds);
    let together = if built.same_input { 1 } else { seeds.len() };
    let mut measurement = Measurement::default();
    for seeds in seeds.chunks(together.max(1)) {
        let earlier = std::mem::take(&mut measurement.rounds);
        measurement = run(built, cores, seeds, hopeless)?;
        measurement.rounds.splice(0..0, earlier);
        if measurement.failure.is_some() {
            break;
        }
    }
    for round in &mut measurement.rounds {
        round.reference = alone.unwrap_or(round.reference);
    }
    Ok(measurement)
}

/// Runs some rounds in one process.
fn run(built: &Built, cores: usize, seeds: &[u64], hopeless: f64) -> Result<Measurement> {
    let request = Request {
        token: child::token()?,
        cores,
        seeds: seeds.to_vec(),
        hopeless,
    };
    let failed = |failure: String| Measurement {
        failure: Some(failure),
        ..Measurement::default()
    };
    Ok(match child::run(&built.timed, &request, PATIENCE)? {
        Answer::Given(measurement) => *measurement,
        Answer::Ended(end) => failed(end.how.to_string()),
        Answer::Silent(_) => failed(format!("it is not done after {} s", PATIENCE.as_secs())),
    })
}

pub(crate) fn seeds(seed: u64, salt: u64, count: usize) -> Vec<u64> {
    // SplitMix64, of Steele, Lea and Flood, OOPSLA 2014.
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (salt << 32);
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    (0..count).map(|_| next()).collect()
}

fn ratio(round: &Round) -> f64 {
    round.reference as f64 / round.attempt.max(1) as f64
}

fn point(measurement: &Measurement, cores: usize) -> Point {
    let mut ratios: Vec<f64> = measurement.rounds.iter().map(ratio).collect();
    ratios.sort_by(f64::total_cmp);
    Point {
        cores,
        speedup: ratios.get(ratios.len() / 2).copied().unwrap_or(0.0),
        range: (
            ratios.first().copied().unwrap_or(0.0),
            ratios.last().copied().unwrap_or(0.0),
        ),
    }
}

fn broken(measurement: &Measurement, cores: usize) -> Option<Speedup> {
    let (judgement, message) = match &measurement.failure {
        Some(failure) => (Judgement::Broken, format!("on {cores} cores, {failure}")),
        None if measurement.rounds.iter().any(|r| !r.equal) => (
            Judgement::WrongAnswer,
            format!("on {cores} cores, its answer differs from the sequential one"),
        ),
        None => return None,
    };
    Some(Speedup {
        judgement,
        message,
        cores,
        speedup: 0.0,
        marks: None,
        demand: None,
        curve: Vec::new(),
        reference_ms: 0.0,
        serial_fraction: 0.0,
        causes: Vec::new(),
        clock: None,
        threads: Vec::new(),
        length: 0,
        printed: measurement.printed.clone(),
    })
}

fn summary(
    built: &Built,
    cores: usize,
    measurement: &Measurement,
) -> std::result::Result<Speedup, Box<Speedup>> {
    if let Some(failed) = broken(measurement, cores) {
        return Err(Box::new(failed));
    }
    let point = point(measurement, cores);
    let round = measurement.rounds.last().cloned().unwrap_or_default();
    // Earlier rounds' threads have nothing in this one: it counts its own.
    let rows = measurement.threads.iter();
    let rows = rows.filter(|t| !t.intervals.is_empty()).enumerate();
    let start = measurement.start;
    let threads = rows
        .map(|(number, t)| ThreadRow {
            name: t.name.clone().unwrap_or_else(|| format!("T{number}")),
            intervals: t
                .intervals
                .iter()
                .map(|i| Interval {
                    from: i.from.saturating_sub(start),
                    to: i.to.saturating_sub(start),
                    activity: i.activity,
                })
                .collect(),
        })
        .collect();
    let serial = match cores {
        1 => 1.0,
        // Karp, Flatt: Measuring parallel processor performance, CACM 33(5), 1990.
        _ => {
            let (s, p) = (point.speedup.max(1e-9), cores as f64);
            (1.0 / s - 1.0 / p) / (1.0 - 1.0 / p)
        }
    };
    Ok(Speedup {
        judgement: Judgement::Pass,
        message: String::new(),
        cores,
        speedup: point.speedup,
        marks: None,
        demand: None,
        curve: vec![point],
        reference_ms: round.reference as f64 / 1e6,
        serial_fraction: serial.clamp(0.0, 1.0),
        causes: diagnosis::causes(built, cores, measurement),
        clock: None,
        threads,
        length: round.attempt,
        printed: measurement.printed.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_differ_between_machines() {
        assert_ne!(seeds(1, 2, 3), seeds(1, 4, 3));
        assert_eq!(seeds(1, 2, 3), seeds(1, 2, 3));
    }
}
