//! The corpus: programs from the textbooks, each correct, and with the faults that students make.
//!
//! A program ends with comments that derive its wrong variants: `//# bug NAME: KINDS`, then lines to
//! take out (`//-`) and to put in (`//+`). Every variant must be found under every seed, as one of
//! its kinds; no correct program may be flagged, at any optimisation level.

mod variants;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tandem_grader::explore::{Options, Prepared, Ready, prepare_texts};
use tandem_grader::verdict::Outcome;
use variants::bugs;

const SEEDS: std::ops::RangeInclusive<u64> = 1..=20;

fn compile(name: &str, text: &str, opt_level: u8) -> Box<Ready> {
    let options = Options {
        opt_level,
        ..Options::default()
    };
    let prepared = prepare_texts(
        (format!("{name}.rs"), text.to_owned()),
        None,
        &options,
        &mut |_| (),
    );
    match prepared.expect("a toolchain") {
        Prepared::Ready(ready) => ready,
        Prepared::Refused(verdict) => panic!("{name}: {}", verdict.message),
    }
}

/// What is wrong with the checker on this program; how many schedules each bug needed.
fn examine(name: &str, text: &str) -> (Vec<String>, Vec<u64>) {
    let mut wrong = Vec::new();
    let mut schedules = Vec::new();
    for opt_level in 0..=2 {
        let ready = compile(name, text, opt_level);
        for seed in SEEDS {
            let options = Options {
                seed,
                executions: 1500,
                ..Options::default()
            };
            let verdict = ready.explore(&options).expect("it starts");
            if verdict.verdict != Outcome::Pass {
                let said = verdict
                    .findings
                    .first()
                    .map_or(verdict.message.clone(), |f| {
                        format!("{:?}: {}", f.kind, f.message)
                    });
                wrong.push(format!(
                    "{name} is correct, but at level {opt_level}, seed {seed}: {said}"
                ));
                break;
            }
        }
    }
    for bug in bugs(name, text) {
        let name = format!("{name}, {}", bug.name);
        let ready = compile(&name.replace(", ", "_"), &bug.text, 1);
        for seed in SEEDS {
            let verdict = ready
                .explore(&Options {
                    seed,
                    // It takes longer than to find the bug, and does the same for all.
                    shorten: seed == *SEEDS.start(),
                    ..Options::default()
                })
                .expect("it starts");
            schedules.push(verdict.executions);
            let kinds: Vec<String> = verdict
                .findings
                .iter()
                .map(|f| {
                    serde_json::to_value(f.kind)
                        .expect("a kind")
                        .as_str()
                        .expect("a name")
                        .to_owned()
                })
                .collect();
            if !kinds.iter().any(|k| bug.kinds.contains(k)) {
                let message = verdict.findings.first().map_or("", |f| &f.message);
                wrong.push(format!(
                    "{name}: seed {seed} found {kinds:?} {message}, not {:?}",
                    bug.kinds
                ));
                break;
            }
        }
    }
    (wrong, schedules)
}

#[test]
fn every_bug_is_found_and_no_correct_program_flagged() {
    // SAFETY: set before any other thread of this process reads it.
    unsafe {
        std::env::set_var(
            "TANDEM_CACHE_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"),
        )
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut programs = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the corpus") {
        let path = entry.expect("readable").path();
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let only = std::env::var("TANDEM_CORPUS").unwrap_or_default();
        if name.contains(&only) {
            programs.insert(name, std::fs::read_to_string(&path).expect("readable"));
        }
    }
    let programs: Vec<_> = programs.into_iter().collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                while let Some((name, text)) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (faults, mut schedules) = examine(name, text);
                    schedules.sort_unstable();
                    let median = schedules.get(schedules.len() / 2).copied().unwrap_or(0);
                    println!(
                        "{name}: {} bugs, found after {median} schedules (median)",
                        bugs(name, text).len()
                    );
                    wrong.lock().expect("not poisoned").extend(faults);
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("not poisoned");
    assert!(
        wrong.is_empty(),
        "{} faults:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
