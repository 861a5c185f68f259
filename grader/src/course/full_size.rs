//! What is checked with an exercise's large inputs: speed, and real threads. Programs are compiled
//! while others are explored; what takes one core is done beside what takes another one.

use super::exercise::Exercise;
use crate::beside::Beside;
use crate::explore::Options;
use crate::speedup::build::{self, Built, Refused, Task};
use crate::speedup::{self, Demand, Judgement};
use crate::threads::{Program, Ran};
use crate::verdict::{Outcome, Verdict};
use anyhow::Result;
use std::sync::atomic::AtomicBool;

/// A check that has begun. Dropped, it is given up.
pub struct FullSize {
    speed: Option<Speed>,
    program: Program,
    seed: u64,
    ran: Beside<Result<Ran>>,
}

/// Where speed is asked for.
struct Speed {
    demand: Demand,
    options: speedup::Options,
    built: Beside<Result<std::result::Result<Built, Refused>>>,
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
        let mut speed = None;
        if let Some(demand) = demand {
            let plan = build::plan(&task, &measuring, progress)?;
            let compile = |given_up: &AtomicBool| match plan {
                Ok(plan) => plan.compile(given_up),
                Err(refused) => Ok(Err(refused)),
            };
            speed = Some(Speed {
                demand,
                options: measuring,
                built: Beside::start(compile),
            });
        }
        let (seed, theirs) = (options.seed, program.clone());
        Ok(Some(FullSize {
            speed,
            program,
            seed,
            ran: Beside::start(move |given_up| theirs.run(seed, given_up)),
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
        if let Some(speed) = self.speed {
            let mut built = match speed.built.finish()?? {
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
                speedup::ask_clock(&mut built, &mut found, &speed.options)?;
            }
            verdict.add_speed(found);
            measured = Some((built, speed.options));
        }
        if verdict.verdict != Outcome::Pass {
            return Ok(());
        }
        let ran = match running {
            Some(running) => running.finish()??,
            None => self.program.run(self.seed, &AtomicBool::new(false))?,
        };
        ran.judge(verdict);
        if let (Outcome::Pass, Some((mut built, options)), Some(found)) =
            (verdict.verdict, measured, &mut verdict.speed)
            && found.clock.is_none()
        {
            speedup::ask_clock(&mut built, found, &options)?;
        }
        Ok(())
    }
}
