//! Runs a submission with real threads at full size, under ThreadSanitizer (Serebryany and others,
//! 2009 and 2012), on the stable compiler. The explorer sees every interleaving of a small input;
//! this sees a few of a large one, and what is not modelled.
//!
//! The standard library that a toolchain ships is not instrumented, and its locks would look like
//! races: [`instrument`] makes one that is.

mod instrument;
mod judge;

use crate::child::{self, Answer, Extras, Seeds};
use crate::compile;
use crate::parts::{self, Parts};
use crate::sandbox::Folder;
use crate::source::{self, Source};
use crate::speedup::build::Task;
use crate::verdict::{Threads, Verdict};
use anyhow::{Context, Result as Anyhow, anyhow};
use judge::{ended, not_judged, silent, told};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const MAIN: &str = concat!(
    "#[path = \"submission.rs\"] pub mod submission;\n#[path = \"speed.rs\"] mod speed;\n",
    include_str!("threads/main.rs")
);

/// Runs, each with another input and other disturbances of the schedule.
const RUNS: u64 = 5;
/// ThreadSanitizer keeps something of its own in a temporary file, in bytes.
const FILES: u64 = 1 << 20;
/// How long all runs may take together.
const PATIENCE: Duration = Duration::from_secs(30);
/// A program none of whose threads has computed for so long, nor waited for a core, will not go on.
const STILLNESS: Duration = Duration::from_secs(5);

/// Makes what is made once for each toolchain.
///
/// # Errors
///
/// This toolchain lacks something, or published libraries cannot be fetched.
pub fn prepare(parts: &Parts, progress: &mut dyn FnMut(&str)) -> Anyhow<()> {
    let instrumented = instrument::provide(parts, progress)?;
    instrumented.published(parts, progress).map(|_| ())
}

/// A program that is being compiled to run with real threads, beside other work. Dropped, it is given
/// up.
pub struct Building {
    thread: Option<JoinHandle<Anyhow<Result<Built, Threads>>>>,
    given_up: Arc<AtomicBool>,
}

/// A compiled program.
struct Built {
    _folder: Folder,
    program: PathBuf,
    /// The submission first.
    sources: [Source; 2],
}

impl Building {
    /// Begins with the submission of `task`, which has large inputs.
    ///
    /// # Errors
    ///
    /// The toolchain is not usable.
    pub fn start(task: &Task, edition: &str, progress: &mut dyn FnMut(&str)) -> Anyhow<Building> {
        let given_up = Arc::new(AtomicBool::new(false));
        let parts = parts::provide(progress)?;
        let work: Box<dyn FnOnce() -> Anyhow<Result<Built, Threads>> + Send> =
            match instrument::provide(&parts, progress) {
                Ok(instrumented) => {
                    let published = mentions_published(task)
                        .then(|| instrumented.published(&parts, progress))
                        .transpose()?
                        .unwrap_or_default();
                    let mut arguments = instrumented.flags();
                    arguments.extend(instrumented.linked());
                    arguments.extend(compile::linked(&published));
                    let (task, edition) = (task.clone(), edition.to_owned());
                    let given_up = given_up.clone();
                    Box::new(move || build(&parts, &task, &edition, arguments, &given_up))
                }
                Err(error) => {
                    let why = format!("not run with real threads under ThreadSanitizer: {error:#}");
                    Box::new(move || Ok(Err(not_judged(why))))
                }
            };
        Ok(Building {
            thread: Some(std::thread::spawn(work)),
            given_up,
        })
    }

    /// Runs it, and adds to the verdict what comes of it.
    ///
    /// # Errors
    ///
    /// The toolchain is not usable.
    pub fn run(mut self, seed: u64, verdict: &mut Verdict) -> Anyhow<()> {
        let thread = self.thread.take().context("it was compiled")?;
        let built = thread
            .join()
            .map_err(|_| anyhow!("the compiler was lost"))??;
        verdict.threads = Some(match built {
            Ok(built) => run(&built, seed, verdict)?,
            Err(threads) => threads,
        });
        Ok(())
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
        // Its folder must be gone before this program ends.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn mentions_published(task: &Task) -> bool {
    let texts = std::iter::once(&task.submission).chain(&task.speed);
    texts
        .into_iter()
        .any(|(_, text)| parts::mentions_published(text))
}

/// Compiles it; why it cannot be judged where it does not compile.
fn build(
    parts: &Parts,
    task: &Task,
    edition: &str,
    flags: Vec<String>,
    given_up: &AtomicBool,
) -> Anyhow<Result<Built, Threads>> {
    let (speed_path, speed) = task.speed.as_ref().context("no large inputs")?;
    let (path, text) = &task.submission;
    let (submission, _) = source::prepare(path, "submission.rs", text.clone(), false);
    let (speed, _) = source::prepare(speed_path, "speed.rs", speed.clone(), false);
    let folder = Folder::new("threads-")?;
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("submission.rs"), &submission.text)?;
    std::fs::write(at("speed.rs"), &speed.text)?;
    std::fs::write(at("main.rs"), MAIN)?;
    let names = ["--crate-name", "submission", "--edition", edition];
    let mut arguments = compile::strings(&names);
    arguments.extend(compile::strings(&["--cap-lints", "allow", "-Copt-level=2"]));
    arguments.extend(compile::strings(&["-Cdebuginfo=line-tables-only"]));
    arguments.extend(compile::strings(&["main.rs", "-o", "program"]));
    arguments.extend(flags);
    let ended = compile::one(parts, folder.path(), arguments, given_up)?;
    if !ended.status.success() {
        return Ok(Err(not_judged(format!(
            "not run with real threads under ThreadSanitizer, because it does not compile there:\n{}",
            compile::words(&ended, parts)
        ))));
    }
    Ok(Ok(Built {
        program: at("program"),
        _folder: folder,
        sources: [submission, speed],
    }))
}

/// Runs it; what there is to say, besides the findings that are added to the verdict.
fn run(built: &Built, seed: u64, verdict: &mut Verdict) -> Anyhow<Threads> {
    let request = Seeds {
        seeds: (1..=RUNS)
            .map(|run| seed.wrapping_mul(1000).wrapping_add(run))
            .collect(),
        token: child::token()?,
    };
    let extras = Extras {
        file_size: FILES,
        processors: 64,
        fixed_addresses: true,
        stillness: Some(STILLNESS),
        alone: false,
    };
    Ok(
        match child::run_with(&built.program, &request, PATIENCE, extras)? {
            Answer::Given(report) => told(
                &report,
                &built.program,
                built.sources.iter().collect(),
                verdict,
            ),
            Answer::Ended(end) => ended(end, verdict),
            Answer::Silent(silence) => silent(silence, verdict),
        },
    )
}
