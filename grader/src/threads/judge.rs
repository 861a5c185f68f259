//! What comes of a run with real threads: findings, or why it says nothing.

use super::PATIENCE;
use crate::child::{End, How, Silence};
use crate::source::Source;
use crate::symbols::Symbols;
use crate::verdict::{Finding, Line, Outcome, Part, Threads, Verdict};
use reports::exploration::{Kind, Site};
use serde::Deserialize;
use std::path::Path;

/// The status with which ThreadSanitizer ends a program that it cannot go on with.
const GAVE_UP: i32 = 66;

/// What a program says of its runs.
#[derive(Deserialize)]
pub struct Report {
    /// Whether a race that was planted was seen.
    sees: bool,
    runs: u64,
    /// The seeds of inputs with a wrong answer.
    wrong: Vec<u64>,
    /// The seeds of inputs that it panicked for.
    panicked: Vec<u64>,
    /// What the first panic said, and where.
    panic: String,
    races: Vec<Vec<Access>>,
}

/// One side of a race.
#[derive(Deserialize)]
pub struct Access {
    write: bool,
    atomic: bool,
    frames: Vec<u64>,
}

/// What there is to say of a program that ended before it answered; the fault may be its own.
pub fn ended(end: End, verdict: &mut Verdict) -> Threads {
    const FAULTS: [i32; 6] = [
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGILL,
        libc::SIGFPE,
        libc::SIGABRT,
        libc::SIGTRAP,
    ];
    let kind = match end.how {
        _ if !end.began => None,
        How::Signal(signal) if FAULTS.contains(&signal) => Some(Kind::Crash),
        How::Exited(status) if status != GAVE_UP => Some(Kind::Exit),
        // A limit of ours, or of ThreadSanitizer, which needs many times the memory and the time.
        _ => None,
    };
    let Some(kind) = kind else {
        return not_judged(format!(
            "with real threads under ThreadSanitizer, {}",
            end.how
        ));
    };
    let message = format!("with real threads at full size {}", end.how);
    fail(verdict, finding(kind, message, Vec::new()));
    judged(0, String::new())
}

/// What there is to say of a program that does not come to its end.
pub fn silent(silence: Silence, verdict: &mut Verdict) -> Threads {
    match silence {
        Silence::Still => {
            let message = "with real threads at full size it stands still: no thread goes on";
            fail(verdict, finding(Kind::Deadlock, message.into(), Vec::new()));
            judged(0, String::new())
        }
        // How fast it is, is judged in virtual time.
        Silence::Busy => not_judged(format!(
            "with real threads under ThreadSanitizer, it was still computing after {} s",
            PATIENCE.as_secs()
        )),
        Silence::GivenUp => not_judged("with real threads it was given up".into()),
    }
}

fn judged(runs: u64, more: String) -> Threads {
    Threads {
        judged: true,
        runs,
        message: format!("{runs} runs with real threads at full size came to their end{more}."),
    }
}

/// Nobody fails for that.
pub fn not_judged(why: String) -> Threads {
    Threads {
        judged: false,
        runs: 0,
        message: format!("Not judged: {why}."),
    }
}

fn fail(verdict: &mut Verdict, finding: Finding) {
    verdict.findings.push(finding);
    verdict.verdict = Outcome::Fail;
}

/// Adds the findings of a report; what there is to say in a sentence.
pub fn told(
    report: &Report,
    program: &Path,
    sources: Vec<&Source>,
    verdict: &mut Verdict,
) -> Threads {
    if !report.sees {
        return not_judged(
            "a race that was planted was not seen by ThreadSanitizer on this machine".into(),
        );
    }
    let own = sources.first().map(|s| s.path.clone());
    let mut panic = report.panic.clone();
    for source in &sources {
        panic = panic.replace(&format!("{}:", source.name), &format!("{}:", source.path));
    }
    let mut symbols = Symbols::new(program, sources);
    let mut races: Vec<Vec<Part>> = report
        .races
        .iter()
        .map(|race| {
            let numbered = race.iter().enumerate();
            numbered
                .map(|(thread, access)| part(thread, access, &mut symbols))
                .collect()
        })
        .collect();
    // What libraries do among themselves is no fault of whoever uses them.
    let in_submission = |part: &Part| part.stack.iter().any(|l| Some(&l.file) == own.as_ref());
    let all = races.len();
    races.retain(|parts| parts.iter().any(in_submission));
    let elsewhere = all - races.len();
    for parts in distinct(races) {
        let message = "two threads use the same memory, and nothing orders them; \
                       seen with real threads at full size";
        fail(verdict, finding(Kind::DataRace, message.into(), parts));
    }
    let of = |seeds: &[u64]| {
        let (count, first) = (seeds.len(), seeds.first().copied().unwrap_or_default());
        format!("for {count} of {} inputs (seed {first})", report.runs)
    };
    if !report.wrong.is_empty() {
        let message = format!(
            "with real threads at full size the answer is wrong {}",
            of(&report.wrong)
        );
        fail(verdict, finding(Kind::Panic, message, Vec::new()));
    }
    if !report.panicked.is_empty() {
        let message = format!(
            "with real threads at full size it panics {}: {}",
            of(&report.panicked),
            panic
        );
        fail(verdict, finding(Kind::Panic, message, Vec::new()));
    }
    let mut more = String::new();
    if verdict.verdict != Outcome::Fail {
        more += ", each with another input: no data race was seen by ThreadSanitizer, and every answer was right";
    }
    if elsewhere > 0 {
        more += &format!("; {elsewhere} races were reported outside of the program");
    }
    judged(report.runs, more)
}

/// Races between different lines, those first whose lines are both known.
fn distinct(mut races: Vec<Vec<Part>>) -> Vec<Vec<Part>> {
    let lines = |race: &Vec<Part>| -> Vec<Option<(String, u32)>> {
        let mut lines: Vec<_> = race
            .iter()
            .map(|p| p.line.as_ref().map(|l| (l.file.clone(), l.line)))
            .collect();
        lines.sort();
        lines
    };
    races.sort_by_key(|race| race.iter().filter(|p| p.line.is_none()).count());
    let mut kept: Vec<Vec<Part>> = Vec::new();
    for race in races {
        let its = lines(&race);
        // One whose other line is not known adds nothing to one with the same line.
        let known = |of: &Vec<Part>| {
            its.iter()
                .flatten()
                .all(|l| lines(of).contains(&Some(l.clone())))
        };
        if !kept.iter().any(known) {
            kept.push(race);
        }
    }
    kept
}

fn part(thread: usize, access: &Access, symbols: &mut Symbols<'_>) -> Part {
    // Return addresses: the call is before them.
    let code = |frame: &u64| Site::Code(frame.saturating_sub(1));
    let sites: Vec<Site> = access.frames.iter().map(code).collect();
    let stack: Vec<Line> = sites.iter().flat_map(|s| symbols.lines(s)).collect();
    let what = match (access.write, access.atomic) {
        (true, false) => "writes",
        (false, false) => "reads",
        (true, true) => "writes atomically",
        (false, true) => "reads atomically",
    };
    Part {
        thread,
        what: what.to_owned(),
        object: None,
        line: stack.first().cloned(),
        stack,
        held_by: None,
    }
}

fn finding(kind: Kind, message: String, parts: Vec<Part>) -> Finding {
    Finding {
        kind,
        message,
        check: None,
        parts,
        real_threads: true,
        schedule: Vec::new(),
        preemptions: 0,
        events: Vec::new(),
        threads: Vec::new(),
        printed: String::new(),
        replay: None,
    }
}
