//! The engine's memory model against the axioms: litmus tests by name, and random programs.

mod model;

use model::{Op, Ord, Program, outcomes, source};
use reports::exploration::Mode;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use tandem_grader::child::{self, Answer};
use tandem_grader::explore::{Options, Prepared, Ready, prepare_texts};

/// Compiles the programs into one, a test each.
fn compile(programs: &[Program]) -> Box<Ready> {
    // SAFETY: set before any other thread of this process reads it.
    unsafe {
        std::env::set_var(
            "TANDEM_CACHE_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"),
        )
    };
    let mut text = String::from("use std::sync::atomic::{AtomicU64, Ordering, fence};\n");
    for (number, program) in programs.iter().enumerate() {
        text += &format!("#[test]\nfn p{number}() {{\n{}\n}}\n", source(program));
    }
    let prepared = prepare_texts(
        ("programs.rs".into(), text),
        None,
        &Options::default(),
        &mut |_| (),
    );
    match prepared.expect("a toolchain") {
        Prepared::Ready(ready) => ready,
        Prepared::Refused(verdict) => panic!("{}", verdict.message),
    }
}

/// All outcomes of a program that the engine's systematic search reaches.
fn explored(ready: &Ready, check: usize) -> BTreeSet<String> {
    let options = Options {
        mode: Mode::Exhaustive(None),
        budget: Duration::from_secs(120),
        ..Options::default()
    };
    let mut request = ready.request(check, &options).expect("random numbers");
    request.collect = true;
    match child::run(ready.executable(), &request, Duration::from_secs(600)).expect("it starts") {
        Answer::<reports::exploration::Exploration>::Given(exploration) => {
            assert!(
                exploration.counterexample.is_none(),
                "{:?}",
                exploration.counterexample
            );
            assert!(
                exploration.exhaustive,
                "program {check} is too large: {} executions",
                exploration.executions
            );
            exploration
                .outcomes
                .into_iter()
                .map(|(printed, _)| printed)
                .collect()
        }
        _ => panic!("program {check} did not answer"),
    }
}

fn compare(programs: &[Program]) {
    let ready = compile(programs);
    let mut wrong = Vec::new();
    for (number, program) in programs.iter().enumerate() {
        let (engine, axioms) = (explored(&ready, number), outcomes(program));
        if engine != axioms {
            let missing: Vec<_> = axioms.difference(&engine).collect();
            let invented: Vec<_> = engine.difference(&axioms).collect();
            wrong.push(format!(
                "{program:?}\n  missing {missing:?}\n  invented {invented:?}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} differ:\n{}",
        wrong.len(),
        programs.len(),
        wrong.join("\n")
    );
}

use Op::{Add, Fence, Load, Store};
use Ord::{AcqRel, Acquire, Relaxed, Release, SeqCst};

const LOADS: [Ord; 3] = [Relaxed, Acquire, SeqCst];
const STORES: [Ord; 3] = [Relaxed, Release, SeqCst];

/// Whether an outcome's loads are these, whatever the locations hold in the end.
fn allows(program: &Program, loads: &[u64]) -> bool {
    outcomes(program)
        .iter()
        .any(|o| o.starts_with(&format!("{loads:?} ")))
}

#[test]
fn the_axioms_say_what_the_table_says() {
    let mp = |s, l| {
        vec![
            vec![Store(0, 1, Relaxed), Store(1, 1, s)],
            vec![Load(1, l), Load(0, Relaxed)],
        ]
    };
    for s in STORES {
        for l in LOADS {
            assert_eq!(
                allows(&mp(s, l), &[1, 0]),
                s == Relaxed || l == Relaxed,
                "message passing {s:?} {l:?}"
            );
        }
    }
    let sb = |s, l| {
        vec![
            vec![Store(0, 1, s), Load(1, l)],
            vec![Store(1, 1, s), Load(0, l)],
        ]
    };
    for s in STORES {
        for l in LOADS {
            assert_eq!(
                allows(&sb(s, l), &[0, 0]),
                !(s == SeqCst && l == SeqCst),
                "store buffering {s:?} {l:?}"
            );
        }
    }
    let fences = |f| {
        vec![
            vec![Store(0, 1, Relaxed), Fence(f), Load(1, Relaxed)],
            vec![Store(1, 1, Relaxed), Fence(f), Load(0, Relaxed)],
        ]
    };
    assert!(!allows(&fences(SeqCst), &[0, 0]) && allows(&fences(AcqRel), &[0, 0]));
    // C++20 allows load buffering of relaxed operations; the engine's order of execution does not.
    let lb = vec![
        vec![Load(0, Relaxed), Store(1, 1, Relaxed)],
        vec![Load(1, Relaxed), Store(0, 1, Relaxed)],
    ];
    assert!(!allows(&lb, &[1, 1]));
    let corr = vec![
        vec![Store(0, 1, Relaxed), Store(0, 2, Relaxed)],
        vec![Load(0, Relaxed), Load(0, Relaxed)],
    ];
    assert!(!allows(&corr, &[2, 1]) && allows(&corr, &[1, 2]));
    let iriw = |s, l| {
        vec![
            vec![Store(0, 1, s)],
            vec![Store(1, 1, s)],
            vec![Load(0, l), Load(1, l)],
            vec![Load(1, l), Load(0, l)],
        ]
    };
    assert!(
        allows(&iriw(Release, Acquire), &[1, 0, 1, 0])
            && !allows(&iriw(SeqCst, SeqCst), &[1, 0, 1, 0])
    );
    let two = vec![
        vec![Store(0, 1, Relaxed), Store(1, 2, Relaxed)],
        vec![Store(1, 1, Relaxed), Store(0, 2, Relaxed)],
    ];
    assert!(
        outcomes(&two).contains("[] [1, 1]"),
        "modification order may differ from the order of execution"
    );
}

#[test]
fn litmus_tests_have_exactly_the_outcomes_of_the_axioms() {
    let mut programs: Vec<Program> = Vec::new();
    for s in STORES {
        for l in LOADS {
            programs.push(vec![
                vec![Store(0, 1, Relaxed), Store(1, 1, s)],
                vec![Load(1, l), Load(0, Relaxed)],
            ]);
            programs.push(vec![
                vec![Store(0, 1, s), Load(1, l)],
                vec![Store(1, 1, s), Load(0, l)],
            ]);
            programs.push(vec![
                vec![Load(0, l), Store(1, 1, s)],
                vec![Load(1, l), Store(0, 1, s)],
            ]);
            programs.push(vec![
                vec![Store(0, 1, s)],
                vec![Store(1, 1, s)],
                vec![Load(0, l), Load(1, l)],
                vec![Load(1, l), Load(0, l)],
            ]);
            programs.push(vec![
                vec![Store(0, 1, s), Store(0, 2, s)],
                vec![Load(0, l), Load(0, l)],
            ]);
            programs.push(vec![
                vec![Store(0, 1, s)],
                vec![Store(0, 2, s)],
                vec![Load(0, l), Load(0, l)],
                vec![Load(0, l), Load(0, l)],
            ]);
            programs.push(vec![
                vec![Store(0, 1, s)],
                vec![Load(0, l), Store(1, 1, s)],
                vec![Load(1, l), Load(0, l)],
            ]);
            programs.push(vec![
                vec![Store(0, 1, s), Store(1, 2, s)],
                vec![Store(1, 1, s), Store(0, 2, s)],
            ]);
            programs.push(vec![
                vec![Store(0, 1, Relaxed), Store(1, 1, s)],
                vec![Add(1, 1, Relaxed)],
                vec![Load(1, l), Load(0, Relaxed)],
            ]);
        }
    }
    for f in [Acquire, Release, AcqRel, SeqCst] {
        for g in [Acquire, Release, AcqRel, SeqCst] {
            programs.push(vec![
                vec![Store(0, 1, Relaxed), Fence(f), Store(1, 1, Relaxed)],
                vec![Load(1, Relaxed), Fence(g), Load(0, Relaxed)],
            ]);
            programs.push(vec![
                vec![Store(0, 1, Relaxed), Fence(f), Load(1, Relaxed)],
                vec![Store(1, 1, Relaxed), Fence(g), Load(0, Relaxed)],
            ]);
        }
    }
    compare(&programs);
}

/// Numbers by chance (splitmix64, Steele and others 2014).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
    fn program(&mut self) -> Program {
        let threads = 2 + self.below(2);
        let mut value = 0;
        let mut next = || {
            value += 1;
            value
        };
        let mut program = Vec::new();
        for _ in 0..threads {
            let length = 1 + self.below(if threads == 2 { 4 } else { 3 });
            let mut thread = Vec::new();
            for _ in 0..length {
                let location = self.below(2);
                thread.push(match self.below(9) {
                    0..=3 => Load(location, LOADS[self.below(3)]),
                    4..=6 => Store(location, next(), STORES[self.below(3)]),
                    7 => Add(
                        location,
                        10 * next(),
                        [Relaxed, Acquire, Release, AcqRel, SeqCst][self.below(5)],
                    ),
                    _ => Fence([Acquire, Release, AcqRel, SeqCst][self.below(4)]),
                });
            }
            program.push(thread);
        }
        program
    }
}

#[test]
fn random_programs_have_exactly_the_outcomes_of_the_axioms() {
    let seed = std::env::var("TANDEM_FUZZ_SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(20);
    let count = std::env::var("TANDEM_FUZZ_COUNT")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(150);
    let mut chance = Chance(seed);
    let programs: Vec<Program> = (0..count).map(|_| chance.program()).collect();
    compare(&programs);
}
