//! Whether the exercises keep their promises: the starter fails, the solution passes, each wrong
//! answer gets its finding, hints are there, and no text gives the answer away.

use crate::course::exercise::Exercise;
use crate::course::full_size::FullSize;
use crate::explore::{Options, Prepared};
use crate::speedup::Speedup;
use crate::verdict::{Outcome, Verdict};
use anyhow::Result;

/// Seeds under which the solution must pass.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=20;
/// Executions of the solution under each seed.
const EXECUTIONS: u64 = 1000;

/// What is wrong with an exercise; nothing if it keeps its promises.
///
/// # Errors
///
/// The toolchain is not usable.
pub fn verify(exercise: &Exercise) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let named = |text: &str| (format!("{}.rs", exercise.name), text.to_owned());
    let options = exercise.options(1, false);
    let starter = exercise.judge(named(&exercise.starter), &options, &mut |_| ())?;
    if starter.verdict != Outcome::Fail {
        wrong.push(format!(
            "the starter should compile and fail, but: {}",
            said(&starter)
        ));
    }
    match exercise.prepare(named(&exercise.solution), &options, &mut |_| ())? {
        Prepared::Refused(verdict) => {
            wrong.push(format!("the solution should pass, but: {}", said(&verdict)))
        }
        Prepared::Ready(ready) => {
            for seed in SEEDS {
                let verdict = ready.explore(&Options {
                    seed,
                    executions: EXECUTIONS,
                    ..options.clone()
                })?;
                if verdict.verdict != Outcome::Pass {
                    wrong.push(format!(
                        "the solution should pass, but under seed {seed}: {}",
                        said(&verdict)
                    ));
                    break;
                }
            }
            let mut verdict = Verdict::new(Outcome::Pass, "");
            let solution = named(&exercise.solution);
            if let Some(full_size) = FullSize::begin(exercise, solution, &options, &mut |_| ())? {
                full_size.judge(&mut verdict)?;
            }
            if verdict.verdict != Outcome::Pass {
                wrong.push(format!(
                    "the solution should be fast, and right with real threads, but: {}",
                    said(&verdict)
                ));
            }
        }
    }
    for (name, kinds) in &exercise.about.bugs {
        let Some(text) = exercise.bugs.get(name) else {
            wrong.push(format!("bugs/{name}.rs is missing"));
            continue;
        };
        let verdict = exercise.judge(named(text), &options, &mut |_| ())?;
        let mut found: Vec<String> = verdict.findings.iter().map(|f| kind(f.kind)).collect();
        found.extend(verdict.speed.iter().map(|speed| judgement(speed)));
        if !found.iter().any(|k| kinds.contains(k)) {
            wrong.push(format!(
                "bugs/{name}.rs should get {}, but: {}",
                kinds.join(" or "),
                said(&verdict)
            ));
        }
    }
    for name in exercise
        .bugs
        .keys()
        .filter(|name| !exercise.about.bugs.contains_key(*name))
    {
        wrong.push(format!(
            "bugs/{name}.rs stands in no list: exercise.toml must say what it gets"
        ));
    }
    if exercise.about.bugs.len() < 3 {
        wrong.push("there should be at least three wrong answers".into());
    }
    if exercise.hints.len() != 3 {
        wrong.push(format!(
            "there should be three hints, not {}",
            exercise.hints.len()
        ));
    }
    // A line of code of the solution that the starter has not, in a text, gives it away.
    let secret = exercise
        .solution
        .lines()
        .map(str::trim)
        .filter(|l| l.len() > 25 && !exercise.starter.contains(l));
    for line in secret {
        let texts = std::iter::once(&exercise.task).chain(&exercise.hints);
        if texts.into_iter().any(|text| text.contains(line)) {
            wrong.push(format!("a text holds a line of the solution: {line}"));
        }
    }
    Ok(wrong)
}

/// The name of what a verdict found first; empty where it found nothing.
pub fn first(verdict: &Verdict) -> String {
    let slow = verdict
        .speed
        .as_ref()
        .filter(|_| verdict.verdict == Outcome::Fail);
    match (verdict.findings.first(), slow) {
        (Some(finding), _) => kind(finding.kind),
        (None, Some(speed)) => judgement(speed),
        (None, None) => String::new(),
    }
}

/// The name of a kind of finding.
pub fn kind(kind: reports::exploration::Kind) -> String {
    name(kind)
}

/// The name of a judgement on speed.
pub fn judgement(speed: &Speedup) -> String {
    name(speed.judgement)
}

/// As it stands in JSON.
fn name(value: impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn said(verdict: &Verdict) -> String {
    match verdict.findings.first() {
        Some(finding) => format!("{}: {}", kind(finding.kind), finding.message),
        None if verdict.speed.is_some() => verdict
            .speed
            .as_ref()
            .map_or(String::new(), |s| s.message.clone()),
        None if verdict.message.is_empty() => verdict.explored(),
        None => verdict.message.lines().next().unwrap_or_default().into(),
    }
}
