//! A verdict: what is reported, as data. Its JSON form is the program's interface.

use crate::speedup::{Judgement, Speedup};
use serde::{Deserialize, Serialize};

/// The version of the JSON form; it changes when a field changes its meaning.
pub const VERSION: u32 = 1;

/// What became of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing was found.
    Pass,
    /// Something was found.
    Fail,
    /// The submission does not compile, or does what is not modelled.
    Refused,
    /// The exploration itself failed.
    Error,
}

impl Outcome {
    /// The exit status of the program.
    pub fn exit_status(self) -> u8 {
        match self {
            Outcome::Pass => 0,
            Outcome::Fail => 1,
            Outcome::Refused => 2,
            Outcome::Error => 3,
        }
    }
}

/// A place in the sources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Line {
    /// The file, as it was given.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1; 0: unknown.
    pub column: u32,
    /// The function, where known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub function: Option<String>,
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One thread's part in a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The thread.
    pub thread: usize,
    /// What it does: `writes`, `waits for the lock`.
    pub what: String,
    /// The name of what it is about, where known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<String>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<Line>,
    /// The calls that led there, innermost first.
    pub stack: Vec<Line>,
    /// Who holds what it waits for, and since where.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub held_by: Option<(usize, Option<Line>)>,
}

impl Part {
    /// What the holder does with what this one waits for.
    pub fn holds(&self) -> &'static str {
        if self.what.ends_with("initialisation") {
            "is in"
        } else {
            "holds"
        }
    }
}

/// One step of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number.
    pub step: usize,
    /// The thread.
    pub thread: usize,
    /// What it did, with values: `store flag = 1 (release)`.
    pub text: String,
    /// The operation alone.
    pub operation: String,
    /// The name of what it is about, where known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<String>,
    /// The value read or written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<u64>,
    /// The memory ordering.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub order: Option<String>,
    /// Whether a newer value existed.
    pub stale: bool,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<Line>,
}

/// What is wrong, and how it comes about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The kind: `data-race`, `deadlock`.
    pub kind: reports::exploration::Kind,
    /// One sentence.
    pub message: String,
    /// The check that failed, where there are several.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub check: Option<String>,
    /// What each thread has to do with it.
    pub parts: Vec<Part>,
    /// Whether it was seen with real threads, whose schedule is not known.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub real_threads: bool,
    /// The choices that lead to it.
    pub schedule: Vec<u16>,
    /// How often a running thread was interrupted.
    pub preemptions: u32,
    /// The steps.
    pub events: Vec<Step>,
    /// The names of the threads.
    pub threads: Vec<String>,
    /// What the program printed in that execution.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub printed: String,
    /// The file that replays it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub replay: Option<String>,
}

/// What came of runs with real threads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threads {
    /// Whether they say anything: not where this machine cannot run them, or they take too long.
    pub judged: bool,
    /// Runs that came to their end.
    pub runs: u64,
    /// In a sentence.
    pub message: String,
}

/// The whole answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The version of this form.
    pub version: u32,
    /// What became of it.
    pub verdict: Outcome,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// The seed of inputs and random choices: with it, they are the same again.
    #[serde(default)]
    pub seed: u64,
    /// Executions run.
    pub executions: u64,
    /// Whether these were all there are, up to `preemptions`.
    pub exhaustive: bool,
    /// Up to how many preemptions all executions were run; none: without a limit.
    pub preemptions: Option<u32>,
    /// Processor time of the exploration, in seconds.
    pub seconds: f64,
    /// Why it was refused or failed, in the compiler's words or ours.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub message: String,
    /// What is worth knowing and no failure.
    pub notes: Vec<String>,
    /// Advice on style, which changes nothing.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub advice: Vec<String>,
    /// What came of runs with real threads at full size, where there were to be any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub threads: Option<Threads>,
    /// Whether it gets faster with more cores, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub speed: Option<Box<Speedup>>,
}

impl Verdict {
    /// Without findings.
    pub fn new(verdict: Outcome, message: impl Into<String>) -> Self {
        Verdict {
            version: VERSION,
            verdict,
            findings: Vec::new(),
            seed: 0,
            executions: 0,
            exhaustive: false,
            preemptions: None,
            seconds: 0.0,
            message: message.into(),
            notes: Vec::new(),
            advice: Vec::new(),
            threads: None,
            speed: None,
        }
    }

    /// Adds what was measured: a program that is too slow fails.
    pub fn add_speed(&mut self, speed: Speedup) {
        if matches!(
            speed.judgement,
            Judgement::TooSlow | Judgement::WrongAnswer | Judgement::Broken
        ) {
            self.verdict = Outcome::Fail;
        }
        self.speed = Some(Box::new(speed));
    }

    /// Whether its answer at full size was wrong, or there was none.
    pub fn answers_wrongly(&self) -> bool {
        let judgement = self.speed.as_ref().map(|s| s.judgement);
        matches!(judgement, Some(Judgement::WrongAnswer | Judgement::Broken))
    }

    /// When something was found.
    pub fn after(&self) -> String {
        match self.executions {
            0 => "before any schedule was run to its end".into(),
            1 => "under the first schedule".into(),
            n => format!("after {n} schedules"),
        }
    }

    /// What was explored, in one sentence.
    pub fn explored(&self) -> String {
        let n = self.executions;
        match (self.exhaustive, self.preemptions) {
            (true, None) => format!("all {n} interleavings that can differ were run"),
            (true, Some(p)) => {
                format!("{n} schedules were run, among them all with up to {p} preemptions")
            }
            (false, _) => format!("{n} schedules were run, not all"),
        }
    }
}
