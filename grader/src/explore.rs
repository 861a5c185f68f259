//! From a source file to a verdict.

use crate::child::{self, Answer};
use crate::compile::{Compiled, Program, compile};
use crate::parts::{self, Engine, Parts, Published};
use crate::sandbox;
use crate::source::{self, Refusal};
use crate::symbols::Symbols;
use crate::verdict::{Finding, Line, Outcome, Part, Step, Verdict};
use anyhow::Result;
use reports::exploration::{
    Counterexample, Event, Exploration, Failure, Kind, Mode, Party, Request, Site,
};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
    /// The edition of the sources.
    pub edition: String,
    /// The optimisation level.
    pub opt_level: u8,
    /// Whether the compiler's messages are coloured.
    pub color: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            budget: Duration::from_secs(2),
            executions: u64::MAX,
            seed: 1,
            threads: 2,
            mode: Mode::Mixed,
            edition: "2024".into(),
            opt_level: 1,
            color: false,
        }
    }
}

/// The most steps of one execution.
const STEPS: u64 = 400_000;

/// A compiled program, ready to be explored.
pub struct Ready {
    /// What it was made of.
    pub program: Program,
    folder: tempfile::TempDir,
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
        edition: options.edition.clone(),
        opt_level: options.opt_level,
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
    program: Program,
    refusals: Vec<Refusal>,
    parts: &Parts,
    published: &Published,
    options: &Options,
) -> Result<Prepared> {
    let refused = |message: String| Ok(Prepared::Refused(Verdict::new(Outcome::Refused, message)));
    let folder = sandbox::folder("tandem-explore-")?;
    let path = &program.submission.path;
    match compile(&program, parts, published, folder.path(), options.color)? {
        Compiled::Rejected(messages) => refused(messages),
        // What was seen in the text says it better than the compiler can.
        _ if !refusals.is_empty() => {
            let lines: Vec<String> = refusals
                .iter()
                .map(|r| format!("{path}:{}: {}", r.line, r.what))
                .collect();
            refused(format!(
                "This cannot be explored, because what happens outside of the program is not modelled:\n{}\n",
                lines.join("\n")
            ))
        }
        Compiled::Unmodelled(messages) => refused(format!(
            "This compiles, but uses something of the standard library that is not modelled:\n{messages}"
        )),
        Compiled::Program(..)
            if program.check.is_none() && program.submission.entries.is_empty() =>
        {
            refused(format!(
                "{path} has nothing to run: give a check with --check, or add a `#[test]` function or `fn main`"
            ))
        }
        Compiled::Program(executable, warnings) => {
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
        let _ = self.folder.keep();
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
            should_panic: self.program.check.is_none() && entry.is_some_and(|e| e.should_panic),
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
        let sources = std::iter::once(&self.program.submission)
            .chain(&self.program.check)
            .collect();
        let mut symbols = Symbols::new(&self.path, sources);
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
            verdict.findings.push(finding(found, check, &mut symbols));
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
        outcomes: Vec::new(),
    }
}

/// Translates a counterexample into lines and names.
pub fn finding(found: Counterexample, check: Option<String>, symbols: &mut Symbols) -> Finding {
    let names = object_names(&found.events, &found.failure.parties, symbols);
    let parts = found
        .failure
        .parties
        .iter()
        .map(|party| part(party, &names, symbols))
        .collect();
    let mut events = Vec::new();
    for (number, event) in found.events.iter().enumerate() {
        if let Some(step) = step(number, event, &names, symbols) {
            events.push(step);
        }
    }
    let events = fold(events);
    let threads = found
        .names
        .iter()
        .enumerate()
        .map(|(i, name)| match (i, name) {
            (0, _) => "T0 (the check)".to_owned(),
            (_, Some(name)) => format!("T{i} ({name})"),
            _ => format!("T{i}"),
        });
    Finding {
        kind: found.failure.kind,
        message: found.failure.message,
        check,
        parts,
        real_threads: false,
        schedule: found.choices,
        preemptions: found.preemptions,
        events,
        threads: threads.collect(),
        printed: found.printed,
        replay: None,
    }
}

/// The steps without the rounds of loops that go on for ever: what repeats itself stands there
/// once, with the number of rounds.
fn fold(steps: Vec<Step>) -> Vec<Step> {
    const LONGEST: usize = 24;
    let same = |a: &Step, b: &Step| (a.thread, &a.text, &a.line) == (b.thread, &b.text, &b.line);
    let mut folded: Vec<Step> = Vec::new();
    let mut at = 0;
    while at < steps.len() {
        let rounds = |period: usize| {
            let equal = (at + period..steps.len())
                .take_while(|&i| same(&steps[i], &steps[i - period]))
                .count();
            equal / period + 1
        };
        let best = (1..=LONGEST.min(steps.len() - at))
            .map(|p| (p, rounds(p)))
            .find(|&(_, n)| n > 3);
        let Some((period, n)) = best else {
            folded.push(steps[at].clone());
            at += 1;
            continue;
        };
        let first = folded.len();
        folded.extend_from_slice(&steps[at..at + period]);
        folded[first].text += &format!(
            "   ({} {n} times)",
            if period == 1 {
                "this".to_owned()
            } else {
                format!("these {period} steps")
            }
        );
        at += period * n;
    }
    folded
}

/// Names for the objects of an execution: from the text of the lines that use them.
fn object_names(
    events: &[Event],
    parties: &[Party],
    symbols: &mut Symbols,
) -> HashMap<u64, String> {
    let mut names: HashMap<u64, String> = HashMap::new();
    let mut add = |object: u64, line: Option<Line>, operation: &str, symbols: &Symbols| {
        if object != 0
            && let Some(name) = line.and_then(|line| symbols.receiver(&line, operation))
            && names.get(&object).is_none_or(|old| name.len() < old.len())
        {
            names.insert(object, name);
        }
    };
    for event in events {
        let line = symbols.lines(&event.site).into_iter().next();
        add(event.object, line, &event.operation, symbols);
    }
    for party in parties {
        let line = symbols.lines(&party.site).into_iter().next();
        add(party.object, line, &party.what, symbols);
    }
    // Different objects with the same name in the text get numbers.
    let mut objects: Vec<u64> = names.keys().copied().collect();
    objects.sort_unstable();
    let mut used: HashMap<String, u32> = HashMap::new();
    let mut all: HashMap<String, u32> = HashMap::new();
    for object in &objects {
        *all.entry(names[object].clone()).or_default() += 1;
    }
    for object in objects {
        let name = names[&object].clone();
        if all[&name] > 1 {
            let number = used.entry(name.clone()).or_default();
            *number += 1;
            names.insert(object, format!("{name}#{number}"));
        }
    }
    names
}

fn part(party: &Party, names: &HashMap<u64, String>, symbols: &mut Symbols) -> Part {
    Part {
        thread: party.thread,
        what: party.what.clone(),
        object: names.get(&party.object).cloned(),
        line: symbols.line(&party.site, &party.stack),
        stack: symbols.stack(&party.site, &party.stack),
        held_by: party
            .holder
            .as_ref()
            .map(|(thread, site)| (*thread, symbols.line(site, &[]))),
    }
}

/// One step in words; none where it is of no interest to the reader: a library's own counters.
fn step(
    number: usize,
    event: &Event,
    names: &HashMap<u64, String>,
    symbols: &mut Symbols,
) -> Option<Step> {
    let own = symbols.lines(&event.site).into_iter().next();
    if own.is_none() && matches!(event.site, Site::Line(..)) {
        return None;
    }
    let line = own
        .clone()
        .or_else(|| symbols.line(&event.site, &event.stack));
    let object = names.get(&event.object).cloned();
    // Atomic operations without a name of their own are the counters of `Arc` and the like.
    if event.order.is_some() && object.is_none() && event.operation != "fence" {
        return None;
    }
    if event.operation == "fence"
        && own
            .as_ref()
            .and_then(|l| symbols.text(l))
            .is_none_or(|t| !t.contains("fence"))
    {
        return None;
    }
    let order = event.order.map(|o| {
        [
            "relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst",
        ][(o as usize).min(5)]
        .to_owned()
    });
    let mut text = event.operation.clone();
    if let Some(object) = &object {
        text += &format!(" {object}");
    }
    match event.operation.as_str() {
        "spawn" | "join" | "unpark" => {
            text += &event.value.map_or(String::new(), |t| format!(" T{t}"))
        }
        "notify_one" | "notify_all" => {
            text += &event
                .value
                .map_or(String::new(), |n| format!(" (wakes {n})"))
        }
        _ => {
            if let Some(value) = event.value {
                let shown = |v: u64| {
                    if v < 1 << 32 {
                        v.to_string()
                    } else {
                        "pointer".into()
                    }
                };
                match event.old {
                    Some(old) if old != value => {
                        text += &format!(" {} → {}", shown(old), shown(value))
                    }
                    _ => text += &format!(" = {}", shown(value)),
                }
            }
        }
    }
    if let Some(order) = &order {
        text += &format!(" ({order})");
    }
    if event.stale {
        text += if event.operation == "load" {
            " STALE"
        } else {
            " (before others in modification order)"
        };
    }
    Some(Step {
        step: number,
        thread: event.thread,
        text,
        operation: event.operation.clone(),
        object,
        value: event.value,
        order,
        stale: event.stale,
        line,
    })
}
