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
use anyhow::{Context, Result as Anyhow};
use judge::{Report, ended, not_judged, silent, told};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What of the main function depends on the program.
const MAIN: &str = r#"
#[path = "submission.rs"] pub mod submission;
#[path = "speed.rs"] mod speed;
fn main() {
    ::tandem_threads::main(&|seed| {
        let input = speed::input(seed);
        let expected = speed::reference(&input);
        let attempt = ::std::panic::AssertUnwindSafe(|| speed::attempt(&input));
        let answer = ::std::panic::catch_unwind(attempt);
        answer.ok().map(|answer| answer == expected)
    })
}
"#;

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

/// A program to be run with real threads.
#[derive(Clone)]
pub struct Program {
    parts: Parts,
    task: Task,
    edition: String,
    /// How it is compiled, or why it cannot be.
    arguments: Result<Vec<String>, String>,
}

/// What came of running a program with real threads.
pub struct Ran(Result<(Built, Answer<Report>), Threads>);

/// A compiled program.
struct Built {
    _folder: Folder,
    program: PathBuf,
    /// The submission first.
    sources: [Source; 2],
}

impl Program {
    /// The submission of `task`, which has large inputs.
    ///
    /// # Errors
    ///
    /// The toolchain is not usable.
    pub fn new(task: &Task, edition: &str, progress: &mut dyn FnMut(&str)) -> Anyhow<Program> {
        let parts = parts::provide(progress)?;
        let arguments = match instrument::provide(&parts, progress) {
            Ok(instrumented) => {
                let published = mentions_published(task)
                    .then(|| instrumented.published(&parts, progress))
                    .transpose()?
                    .unwrap_or_default();
                let harness = ("tandem_threads".to_owned(), instrumented.harness());
                let mut arguments = instrumented.flags();
                arguments.extend(instrumented.linked());
                arguments.extend(compile::linked(&[harness]));
                arguments.extend(compile::linked(&published));
                Ok(arguments)
            }
            Err(error) => Err(format!("{error:#}")),
        };
        Ok(Program {
            parts,
            task: task.clone(),
            edition: edition.to_owned(),
            arguments,
        })
    }

    /// Compiles and runs it, unless it is given up: then what comes of it says nothing.
    ///
    /// # Errors
    ///
    /// The toolchain is not usable.
    pub fn run(&self, seed: u64, given_up: &AtomicBool) -> Anyhow<Ran> {
        let built = match self.build(given_up)? {
            Ok(built) => built,
            Err(threads) => return Ok(Ran(Err(threads))),
        };
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
            alone: false,
            stillness: Some(STILLNESS),
            given_up: Some(given_up),
        };
        let answer = child::run_with(&built.program, &request, PATIENCE, extras)?;
        Ok(Ran(Ok((built, answer))))
    }

    /// Compiles it; why it cannot be judged where it does not compile.
    fn build(&self, given_up: &AtomicBool) -> Anyhow<Result<Built, Threads>> {
        let not_run = |why: String| {
            let why = format!("not run with real threads under ThreadSanitizer{why}");
            Ok(Err(not_judged(why)))
        };
        let flags = match &self.arguments {
            Ok(flags) => flags,
            Err(error) => return not_run(format!(": {error}")),
        };
        let (speed_path, speed) = self.task.speed.as_ref().context("no large inputs")?;
        let (path, text) = &self.task.submission;
        let (submission, _) = source::prepare(path, "submission.rs", text.clone(), false);
        let (speed, _) = source::prepare(speed_path, "speed.rs", speed.clone(), false);
        let folder = Folder::new("threads-")?;
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("submission.rs"), &submission.text)?;
        std::fs::write(at("speed.rs"), &speed.text)?;
        std::fs::write(at("main.rs"), MAIN)?;
        let names = ["--crate-name", "submission", "--edition", &self.edition];
        let mut arguments = compile::strings(&names);
        arguments.extend(compile::strings(&["--cap-lints", "allow", "-Copt-level=2"]));
        // Its run is what is waited for longest: it has two cores for a moment.
        arguments.extend(compile::strings(&["-Ccodegen-units=2"]));
        arguments.extend(compile::strings(&["-Cdebuginfo=line-tables-only"]));
        arguments.extend(compile::strings(&["main.rs", "-o", "program"]));
        arguments.extend_from_slice(flags);
        let ended = compile::one(&self.parts, folder.path(), arguments, given_up)?;
        if !ended.status.success() {
            return not_run(format!(
                ", because it does not compile there:\n{}",
                compile::words(&ended, &self.parts)
            ));
        }
        Ok(Ok(Built {
            program: at("program"),
            _folder: folder,
            sources: [submission, speed],
        }))
    }
}

impl Ran {
    /// Adds to the verdict what came of it.
    pub fn judge(self, verdict: &mut Verdict) {
        verdict.threads = Some(match self.0 {
            Err(threads) => threads,
            Ok((built, Answer::Given(report))) => told(
                &report,
                &built.program,
                built.sources.iter().collect(),
                verdict,
            ),
            Ok((_, Answer::Ended(end))) => ended(end, verdict),
            Ok((_, Answer::Silent(silence))) => silent(silence, verdict),
        });
    }
}

fn mentions_published(task: &Task) -> bool {
    let texts = std::iter::once(&task.submission).chain(&task.speed);
    texts
        .into_iter()
        .any(|(_, text)| parts::mentions_published(text))
}
