//! From a source file to a verdict.

use crate::child::{self, Answer};
use crate::compile::{Compiled, Program, compile};
use crate::findings;
use crate::outside;
use crate::parts::{self, Engine, Parts, Published};
use crate::sandbox::{self, Folder};
use crate::source::{self, Refusal};
use crate::symbols::Symbols;
use crate::verdict::{Outcome, Verdict};
use anyhow::{Context, Result};
use reports::exploration::{Counterexample, Exploration, Failure, Kind, Mode, Request};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The editions that are tried, one after the other, where none is given: a file does not say.
const EDITIONS: [&str; 2] = ["2024", "2021"];

/// How to explore.
#[derive(Clone, Debug)]
pub struct Options {
    /// Processor time for each check.
    pub budget: Duration,
    /// The most executions of each check.
    pub executions: u64,
    /// The seed of the random choices.
    pub seed: u64,
    /// What `available_parallelism` answers.
    pub threads: usize,
    /// Which executions to run.
    pub mode: Mode,
    /// The edition of the sources; empty: the newest under which they compile.
    pub edition: String,
    /// The optimisation level.
    pub opt_level: u8,
    /// Whether the compiler's messages are coloured.
    pub color: bool,
    /// Whether a counterexample is shortened and its steps are recorded.
    pub shorten: bool,
    /// Whether a debugger is to find the program's variables.
    pub debug: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            budget: Duration::from_secs(2),
            executions: u64::MAX,
            seed: 1,
            threads: 2,
            mode: Mode::Mixed,
            edition: String::new(),
            opt_level: 1,
            color: false,
            shorten: true,
            debug: false,
        }
    }
}

/// The most steps of one execution.
const STEPS: u64 = 400_000;

/// A compiled program, ready to be explored.
pub struct Ready {
    /// What it was made of.
    pub program: Program,
    folder: Folder,
    path: PathBuf,
    statics: Vec<(u64, u64)>,
    warnings: String,
}

/// A program that can be explored, or why not.
pub enum Prepared {
    /// It can.
    Ready(Box<Ready>),
    /// It cannot.
    Refused(Verdict),
}

/// Reads and compiles a submission with its check.
///
/// # Errors
///
/// A file cannot be read, or the toolchain is not usable.
pub fn prepare(
    submission: &Path,
    check: Option<&Path>,
    options: &Options,
    progress: &mut dyn FnMut(&str),
) -> Result<Prepared> {
    let text = source::read(submission)?;
    let check = check
        .map(|path| Ok::<_, anyhow::Error>((path.display().to_string(), source::read(path)?)))
        .transpose()?;
    prepare_texts(
        (submission.display().to_string(), text),
        check,
        options,
        progress,
    )
}

/// Compiles a submission with its check, given as names and texts.
///
/// # Errors
///
/// The toolchain is not usable.
pub fn prepare_texts(
    submission: (String, String),
    check: Option<(String, String)>,
    options: &Options,
    progress: &mut dyn FnMut(&str),
) -> Result<Prepared> {
    let parts = parts::provide(progress)?;
    let name = file_name(&submission.0);
    let (submission, mut refusals) =
        source::prepare(&submission.0, &name, submission.1, check.is_none());
    let mut program = Program {
        submission,
        check: None,
        edition: String::new(),
        opt_level: options.opt_level,
        debug: options.debug,
    };
    if let Some((path, text)) = check {
        let mut name = file_name(&path);
        if name == program.submission.name {
            name = format!("check_{name}");
        }
        let (check, more) = source::prepare(&path, &name, text, false);
        refusals.extend(more.into_iter().map(|r| Refusal {
            what: format!("(in {path}) {}", r.what),
            ..r
        }));
        program.check = Some(check);
    }
    let texts = std::iter::once(&program.submission).chain(&program.check);
    let published = if texts
        .into_iter()
        .any(|s| parts::mentions_published(&s.text))
    {
        parts::provide_published(&parts, Engine::Interleave, progress)?
    } else {
        Published::default()
    };
    prepare_program(program, refusals, &parts, &published, options)
}

fn prepare_program(
    mut program: Program,
    refusals: Vec<Refusal>,
    parts: &Parts,
    published: &Published,
    options: &Options,
) -> Result<Prepared> {
    let refused = |message: String| Ok(Prepared::Refused(Verdict::new(Outcome::Refused, message)));
    let folder = Folder::new("explore-")?;
    let given = [options.edition.as_str()];
    let editions = if options.edition.is_empty() {
        &EDITIONS[..]
    } else {
        &given
    };
    let mut compiled = None;
    for edition in editions {
        program.edition = (*edition).into();
        let next = compile(&program, parts, published, folder.path(), options.color)?;
        let rejected = matches!(next, Compiled::Rejected(_));
        // Where it compiles in none, the first one's messages count.
        if compiled.is_none() || !rejected {
            compiled = Some(next);
        }
        if !rejected {
            break;
        }
    }
    let path = &program.submission.path;
    match compiled.context("no edition")? {
        Compiled::Rejected(messages) => refused(messages),
        // What was seen in the text says it better than the compiler can.
        _ if !refusals.is_empty() => refused(reaches_outside(path, &refusals)),
        Compiled::Unmodelled(messages) => match useless(parts, options)? {
            Some(why) => Ok(Prepared::Refused(Verdict::new(Outcome::Error, why))),
            None => refused(format!(
                "This compiles, but uses something of the standard library that is not modelled:\n{messages}"
            )),
        },
        Compiled::Program(..)
            if program.check.is_none() && program.submission.entries.is_empty() =>
        {
            refused(format!(
                "{path} has nothing to run: give a check with --check, or add a `#[test]` function or `fn main`"
            ))
        }
        Compiled::Program(executable, warnings) => {
            let sources = program.sources().collect();
            let refusals =
                outside::refusals(&folder.path().join("program.o"), &executable, sources)?;
            if !refusals.is_empty() {
                return refused(reaches_outside(path, &refusals));
            }
            let statics = child::statics(&executable)?;
            Ok(Prepared::Ready(Box::new(Ready {
                program,
                folder,
                path: executable,
                statics,
                warnings,
            })))
        }
    }
}

/// Why nothing can be explored under this toolchain; none: something can.
fn useless(parts: &Parts, options: &Options) -> Result<Option<String>> {
    let (submission, _) = source::prepare("main.rs", "main.rs", "fn main() {}".into(), true);
    let program = Program {
        submission,
        check: None,
        edition: EDITIONS[0].into(),
        opt_level: options.opt_level,
        debug: false,
    };
    let folder = Folder::new("explore-")?;
    let nothing = Published::default();
    Ok(
        match compile(&program, parts, &nothing, folder.path(), false)? {
            Compiled::Program(..) => None,
            Compiled::Rejected(messages) | Compiled::Unmodelled(messages) => Some(format!(
                "this toolchain cannot instrument programs in the way that the checker needs, \
                 not even an empty one; Rust {} can:\n{messages}",
                env!("CARGO_PKG_RUST_VERSION")
            )),
        },
    )
}

fn reaches_outside(path: &str, refusals: &[Refusal]) -> String {
    let lines: Vec<String> = refusals
        .iter()
        .map(|r| format!("{path}:{}: {}", r.line, r.what))
        .collect();
    format!(
        "This cannot be explored, because what happens outside of the program is not modelled:\n{}\n",
        lines.join("\n")
    )
}

fn file_name(path: &str) -> String {
    let name = Path::new(path).file_name().map_or_else(
        || "submission.rs".into(),
        |n| n.to_string_lossy().into_owned(),
    );
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if plain && name.ends_with(".rs") && name != "native.rs" && name != "modelled.rs" {
        name
    } else {
        "submission.rs".into()
    }
}

/// Explores a submission.
///
/// # Errors
///
/// A file cannot be read, or the toolchain is not usable.
pub fn explore(
    submission: &Path,
    check: Option<&Path>,
    options: &Options,
    progress: &mut dyn FnMut(&str),
) -> Result<Verdict> {
    match prepare(submission, check, options, progress)? {
        Prepared::Refused(verdict) => Ok(verdict),
        Prepared::Ready(ready) => ready.explore(options),
    }
}

impl Ready {
    /// The folder of the program, to be kept by whoever wants it.
    pub fn keep(self) -> PathBuf {
        let path = self.path.clone();
        self.folder.keep();
        path
    }

    /// The executable.
    pub fn executable(&self) -> &Path {
        &self.path
    }

    /// The request for one of the program's checks.
    ///
    /// # Errors
    ///
    /// The system has no random numbers.
    pub fn request(&self, check: usize, options: &Options) -> Result<Request> {
        let entry = self.program.submission.entries.get(check);
        Ok(Request {
            token: child::token()?,
            check,
            shorten: options.shorten,
            should_panic: entry
                .filter(|_| self.program.check.is_none())
                .and_then(|e| e.should_panic.clone()),
            budget_ms: options.budget.as_millis() as u64,
            executions: options.executions,
            seed: options.seed,
            mode: options.mode.clone(),
            parallelism: options.threads.max(1),
            steps: STEPS,
            statics: self.statics.clone(),
            weak_memory: true,
            collect: false,
        })
    }

    /// Explores all of the program's checks.
    ///
    /// # Errors
    ///
    /// The program cannot be started.
    pub fn explore(&self, options: &Options) -> Result<Verdict> {
        let checks = if self.program.check.is_some() {
            1
        } else {
            self.program.submission.entries.len()
        };
        let mut verdict = Verdict::new(Outcome::Pass, self.warnings.clone());
        verdict.seed = options.seed;
        verdict.notes.extend(sandbox::notice());
        verdict.exhaustive = true;
        for check in 0..checks {
            self.run(check, options, &mut verdict)?;
        }
        Ok(verdict)
    }

    /// Explores one of the program's checks.
    ///
    /// # Errors
    ///
    /// The program cannot be started.
    pub fn explore_one(&self, check: usize, options: &Options) -> Result<Verdict> {
        let mut verdict = Verdict::new(Outcome::Pass, self.warnings.clone());
        verdict.exhaustive = true;
        self.run(check, options, &mut verdict)?;
        Ok(verdict)
    }

    fn run(&self, check: usize, options: &Options, verdict: &mut Verdict) -> Result<()> {
        let request = self.request(check, options)?;
        let entries = &self.program.submission.entries;
        let name = (self.program.check.is_none() && entries.len() > 1)
            .then(|| entries[check].name.clone());
        let patience = options.budget * 30 + Duration::from_secs(60);
        match child::run(&self.path, &request, patience)? {
            Answer::<Exploration>::Given(exploration) if !exploration.self_test => {
                verdict.verdict = Outcome::Error;
                verdict.message = "a race that was planted to test the checker was not found: this toolchain \
                    instruments programs in another way than expected, and nothing it says can be trusted"
                    .into();
            }
            Answer::Given(exploration) => self.add(verdict, *exploration, name),
            Answer::Ended(end) => {
                let failure = Failure::new(
                    Kind::Exit,
                    format!("the program ended before its check did: {}", end.how),
                );
                self.add(verdict, ended(failure), name);
            }
            Answer::Silent(_) => {
                verdict.verdict = Outcome::Error;
                verdict.message = format!("no answer within {} s", patience.as_secs());
            }
        }
        Ok(())
    }

    fn add(&self, verdict: &mut Verdict, exploration: Exploration, check: Option<String>) {
        verdict.executions += exploration.executions;
        verdict.seconds += exploration.seconds;
        verdict.exhaustive &= exploration.exhaustive;
        verdict.preemptions = verdict.preemptions.max(exploration.bound);
        let mut symbols = Symbols::new(&self.path, self.program.sources().collect());
        // Where it did come to a deadlock, that says it all.
        let closed = exploration
            .counterexample
            .as_ref()
            .is_some_and(|c| c.failure.kind == Kind::Deadlock);
        for order in exploration.lock_orders.iter().filter(|_| !closed) {
            let steps: Vec<String> = order
                .steps
                .iter()
                .map(|step| {
                    let taken = symbols
                        .line(&step.site, &[])
                        .map_or("?".into(), |l| l.to_string());
                    let held = step
                        .holder
                        .as_ref()
                        .and_then(|(_, site)| symbols.line(site, &[]))
                        .map_or("?".into(), |l| l.to_string());
                    format!(
                        "T{} takes one at {held} and then the other at {taken}",
                        step.thread
                    )
                })
                .collect();
            verdict.notes.push(format!(
                "locks are taken in different orders, which can deadlock: {}",
                steps.join("; ")
            ));
        }
        if exploration.truncated > 0 {
            verdict.exhaustive = false;
            verdict.notes.push(format!(
                "{} executions were cut off after {STEPS} steps",
                exploration.truncated
            ));
        }
        if let Some(found) = exploration.counterexample {
            verdict.verdict = Outcome::Fail;
            verdict.exhaustive = false;
            let finding = findings::finding(found, check, exploration.base, &mut symbols);
            verdict.findings.push(finding);
        }
    }
}

fn ended(failure: Failure) -> Exploration {
    Exploration {
        counterexample: Some(Counterexample {
            failure,
            choices: Vec::new(),
            preemptions: 0,
            events: Vec::new(),
            names: Vec::new(),
            printed: String::new(),
        }),
        executions: 0,
        truncated: 0,
        exhaustive: false,
        bound: None,
        longest: 0,
        seconds: 0.0,
        lock_orders: Vec::new(),
        self_test: true,
        base: 0,
        outcomes: Vec::new(),
    }
}
