//! What is checked with an exercise's large inputs: speed, and real threads. Programs are compiled
//! while others are explored; what takes one core is done beside what takes another one.

use super::exercise::Exercise;
use crate::beside::Beside;
use crate::explore::Options;
use crate::speedup::build::{self, Built, Refused, Task};
use crate::speedup::{self, Demand, Judgement};
use crate::threads::{Program, Ran};
use crate::verdict::{Outcome, Verdict};
use anyhow::{Context, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};

/// A check that has begun. Dropped, it is given up.
pub struct FullSize {
    speed: Option<Speed>,
    program: Program,
    seed: u64,
    /// Nothing comes of it where it is given up in time.
    ran: Beside<Option<Result<Ran>>>,
}

/// Where speed is asked for.
struct Speed {
    demand: Demand,
    options: speedup::Options,
    built: Receiver<Result<std::result::Result<Built, Refused>>>,
}

impl FullSize {
    /// Begins with a submission, where the exercise has large inputs.
    ///
    /// # Errors
    ///
    /// The toolchain is not usable.
    pub fn begin(
        exercise: &Exercise,
        submission: (String, String),
        options: &Options,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Option<FullSize>> {
        let Some(inputs) = exercise.speed.clone() else {
            return Ok(None);
        };
        let demand = exercise.about.speed;
        let file = demand.map_or("large.rs", |_| "speed.rs");
        let task = Task {
            submission,
            speed: Some((format!("{}/{file}", exercise.name), inputs)),
        };
        let measuring = speedup::Options {
            seed: options.seed,
            edition: options.edition.clone(),
            color: options.color,
            ..speedup::Options::default()
        };
        let program = Program::new(&task, &options.edition, progress)?;
        let plan = demand
            .map(|_| build::plan(&task, &measuring, progress))
            .transpose()?;
        let (send, built) = channel();
        let (seed, theirs) = (options.seed, program.clone());
        // One after the other: what is waited for first has both cores.
        let ran = Beside::start(move |given_up| {
            if let Some(plan) = plan {
                let _ = send.send(plan.map_or_else(|r| Ok(Err(r)), |plan| plan.compile(given_up)));
            }
            (!given_up.load(Ordering::Relaxed)).then(|| theirs.run(seed, given_up))
        });
        Ok(Some(FullSize {
            speed: demand.map(|demand| Speed {
                demand,
                options: measuring,
                built,
            }),
            program,
            seed,
            ran,
        }))
    }

    /// Adds to the verdict what comes of it. What is too slow, or answers wrongly in virtual time, is
    /// not run with real threads to the end.
    ///
    /// # Errors
    ///
    /// The toolchain is not usable.
    pub fn judge(self, verdict: &mut Verdict) -> Result<()> {
        let mut running = Some(self.ran);
        let mut measured = None;
        if let Some(speed) = &self.speed {
            let built = match speed.built.recv().context("it was not compiled")?? {
                Ok(built) => built,
                Err(refused) => {
                    verdict.verdict = Outcome::Refused;
                    verdict.message = refused;
                    return Ok(());
                }
            };
            let mut found = speedup::simulate(&built, Some(speed.demand), &speed.options)?;
            if found.judgement == Judgement::TooSlow {
                // The clock may save it, where nothing else runs.
                drop(running.take());
                speedup::ask_clock(&built, &mut found, &speed.options)?;
            }
            verdict.add_speed(found);
            measured = Some((built, &speed.options));
        }
        if verdict.verdict != Outcome::Pass {
            return Ok(());
        }
        let ran = match running.map(Beside::finish).transpose()?.flatten() {
            Some(ran) => ran?,
            None => self.program.run(self.seed, &AtomicBool::new(false))?,
        };
        ran.judge(verdict);
        if let (Outcome::Pass, Some((built, options)), Some(found)) =
            (verdict.verdict, measured, &mut verdict.speed)
            && found.clock.is_none()
        {
            speedup::ask_clock(&built, found, options)?;
        }
        Ok(())
    }
}
