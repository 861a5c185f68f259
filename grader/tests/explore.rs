//! `tandem-grader explore` and `replay`, as processes.

use assert_cmd::Command;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn grader() -> Command {
    let mut command = Command::cargo_bin("tandem-grader").expect("built with the tests");
    // One cache for all tests of this package: built once.
    command.env(
        "TANDEM_CACHE_DIR",
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"),
    );
    command
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Files(tempfile::tempdir().expect("a temporary folder"))
    }
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("a writable folder");
        path
    }
}

/// Explores a file with its own entries; answers the exit status and the JSON object.
fn explore(text: &str, more: &[&str]) -> (i32, Value) {
    let files = Files::new();
    let path = files.write("solution.rs", text);
    let output = grader()
        .arg("explore")
        .arg(&path)
        .args(["--json"])
        .args(more)
        .output()
        .expect("it runs");
    let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        panic!(
            "{e}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    });
    (output.status.code().expect("an exit status"), json)
}

fn kind(verdict: &Value) -> &str {
    verdict["findings"][0]["kind"].as_str().unwrap_or("none")
}

const LOST_UPDATE: &str = "use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
static COUNT: AtomicU32 = AtomicU32::new(0);
fn main() {
    let t = std::thread::spawn(|| COUNT.store(COUNT.load(SeqCst) + 1, SeqCst));
    COUNT.store(COUNT.load(SeqCst) + 1, SeqCst);
    t.join().unwrap();
    assert_eq!(COUNT.load(SeqCst), 2);
}
";

#[test]
fn a_correct_program_passes_and_all_its_interleavings_were_run() {
    let text = LOST_UPDATE.replace(
        "COUNT.store(COUNT.load(SeqCst) + 1, SeqCst)",
        "{ COUNT.fetch_add(1, SeqCst); }",
    );
    let (status, verdict) = explore(&text, &[]);
    assert_eq!(
        (status, &verdict["verdict"]),
        (0, &"pass".into()),
        "{verdict}"
    );
    assert_eq!(verdict["exhaustive"], true);
    assert_eq!(verdict["findings"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_lost_update_is_found_and_shown_step_by_step() {
    let (status, verdict) = explore(LOST_UPDATE, &[]);
    assert_eq!((status, kind(&verdict)), (1, "panic"), "{verdict}");
    let events = verdict["findings"][0]["events"].as_array().expect("events");
    let load = events
        .iter()
        .find(|e| e["operation"] == "load")
        .expect("a load");
    assert_eq!(load["object"], "COUNT");
    assert!(
        load["line"]["file"]
            .as_str()
            .is_some_and(|f| f.ends_with("solution.rs"))
    );
    assert!(
        verdict["findings"][0]["preemptions"].as_u64() <= Some(1),
        "it is shortened"
    );
}

#[test]
fn a_check_reaches_the_submission() {
    let files = Files::new();
    let submission = files.write("mine.rs", "\u{feff}pub fn add(c: &std::sync::Mutex<u32>) { let v = *c.lock().unwrap(); *c.lock().unwrap() = v + 1; } #[cfg(test)] mod tests { use crate::add; #[test] fn t() { add(&Default::default()) } }");
    let check = files.write(
        "check.rs",
        "use crate::submission::add; use std::sync::Mutex;
        pub fn check() { let c = Mutex::new(0); std::thread::scope(|s| { s.spawn(|| add(&c)); add(&c); }); assert_eq!(*c.lock().unwrap(), 2); }",
    );
    let assert = grader()
        .arg("explore")
        .arg(&submission)
        .arg("--check")
        .arg(&check)
        .assert()
        .code(1);
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    for part in ["panic", "mine.rs:1", "T1"] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
}

#[test]
fn each_kind_of_fault_is_named() {
    let cases: [(&str, &str); 11] = [
        ("data-race", "static mut X: u32 = 0; fn main() { let t = std::thread::spawn(|| unsafe { X += 1 }); unsafe { X += 1 } t.join().unwrap(); }"),
        ("deadlock", "use std::sync::Mutex; static A: Mutex<()> = Mutex::new(()); static B: Mutex<()> = Mutex::new(());
            fn main() { let t = std::thread::spawn(|| { let _a = A.lock(); let _b = B.lock(); }); { let _b = B.lock(); let _a = A.lock(); } t.join().unwrap(); }"),
        ("lost-wake-up", "use std::sync::{Mutex, Condvar}; static M: Mutex<bool> = Mutex::new(false); static C: Condvar = Condvar::new();
            fn main() { let t = std::thread::spawn(|| { *M.lock().unwrap() = true; C.notify_one(); });
            let seen = *M.lock().unwrap(); if !seen { let g = M.lock().unwrap(); drop(C.wait(g).unwrap()); } t.join().unwrap(); }"),
        ("livelock", "use std::sync::atomic::{AtomicBool, Ordering::SeqCst}; static F: AtomicBool = AtomicBool::new(false);
            fn main() { let t = std::thread::spawn(|| while !F.load(SeqCst) { std::hint::spin_loop(); }); t.join().unwrap(); }"),
        ("livelock", "fn main() { let mut x = std::hint::black_box(1u64); while x != 0 { x = std::hint::black_box(x | 1); } }"),
        ("use-after-free", "struct P(*mut u32); unsafe impl Send for P {}
            fn main() { let p = Box::into_raw(Box::new(1)); unsafe { drop(Box::from_raw(p)); std::hint::black_box(*p); } let _ = P(p); }"),
        ("double-free", "fn main() { let p = Box::into_raw(Box::new(1)); let p = std::hint::black_box(p); unsafe { drop(Box::from_raw(p)); drop(Box::from_raw(std::hint::black_box(p))); } }"),
        ("leaked-thread", "fn main() { std::thread::spawn(|| std::thread::park()); }"),
        ("lock-held", "use std::sync::Mutex; static A: Mutex<()> = Mutex::new(()); fn main() { std::mem::forget(A.lock()); }"),
        ("stack-overflow", "fn deep(n: u64) -> u64 { let a = std::hint::black_box([n; 64]); if n == 0 { 0 } else { deep(n - 1) + a[3] } } fn main() { std::hint::black_box(deep(1 << 40)); }"),
        ("panic", "fn main() { let _ = std::thread::spawn(|| panic!(\"nobody joins\")); }"),
    ];
    for (expected, text) in cases {
        let (status, verdict) = explore(text, &[]);
        assert_eq!((status, kind(&verdict)), (1, expected), "{text}\n{verdict}");
    }
}

#[test]
fn expected_panics_are_no_findings() {
    let (status, verdict) = explore(
        "use std::sync::Mutex;
        #[test] fn poisoned() {
            let m = Mutex::new(1);
            let r = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| { let _g = m.lock().unwrap(); panic!(\"on purpose\"); }));
            assert!(r.is_err() && m.is_poisoned());
            assert!(std::thread::spawn(|| panic!(\"joined\")).join().is_err());
        }
        #[test] #[should_panic] fn panics() { panic!(\"as it should\") }",
        &[],
    );
    assert_eq!(
        (status, verdict["verdict"].as_str()),
        (0, Some("pass")),
        "{verdict}"
    );
}

#[test]
fn what_is_not_modelled_is_refused_with_its_line() {
    for (line, text) in [
        (
            2,
            "\nuse std::fs::File; fn main() { let _ = File::open(\"x\"); }",
        ),
        (1, "fn main() { std::process::exit(0) }"),
        (
            1,
            "unsafe extern \"C\" { fn getpid() -> i32; } fn main() { unsafe { getpid(); } }",
        ),
        (1, "fn main() { unsafe { std::arch::asm!(\"nop\") } }"),
        (1, "extern crate core as std; fn main() {}"),
        (
            3,
            "use std as s;\nfn main() {\n    let _ = s::env::var(\"HOME\");\n}",
        ),
        // What only the expanded program shows.
        (
            5,
            "macro_rules! foreign { ($abi:literal $name:ident) => { unsafe extern $abi { fn $name() -> i32; } } }
            foreign!(\"C\" getpid);
            fn number() -> i32 {
                // The next line is the one.
                unsafe { getpid() }
            }
            fn main() { assert!(number() > 0); }",
        ),
        (
            2,
            "macro_rules! call { ($name:ident) => { core::arch::$name!(\"nop\") } }
            fn main() { unsafe { call!(asm) } }",
        ),
        (
            3,
            "fn main() {
                let path = std::path::Path::new(\"x\");
                assert!(!path.exists());
            }",
        ),
        (
            3,
            "fn main() {
                let mut line = String::new();
                std::io::stdin().read_line(&mut line).unwrap();
            }",
        ),
    ] {
        let (status, verdict) = explore(text, &[]);
        let message = verdict["message"].as_str().unwrap_or_default();
        assert_eq!(
            (status, verdict["verdict"].as_str()),
            (2, Some("refused")),
            "{text}\n{verdict}"
        );
        assert!(
            message.contains(&format!("solution.rs:{line}")),
            "{text}\n{message}"
        );
    }
}

#[test]
fn programs_may_be_large() {
    let text = "use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        #[test] fn threads_and_stacks() {
            // More than half a stack of 1 MiB, at any optimisation level.
            fn deep(n: u32) -> u32 {
                let frame = std::hint::black_box([n; 30]);
                if n == 0 { 0 } else { deep(n - 1).max(frame[7]) }
            }
            std::thread::scope(|s| for _ in 0..200 {
                s.spawn(|| COUNT.fetch_add(deep(2500), SeqCst));
            });
            assert_eq!(COUNT.load(SeqCst), 200 * 2500);
        }
        #[test] fn steps() {
            std::thread::scope(|s| for _ in 0..2 {
                s.spawn(|| (0..60_000).for_each(|_| { COUNT.fetch_add(1, SeqCst); }));
            });
            assert_eq!(COUNT.load(SeqCst), 120_000);
        }
        #[test] fn a_fault_among_many_threads() {
            std::thread::scope(|s| for _ in 0..64 {
                s.spawn(|| COUNT.store(COUNT.load(SeqCst) + 1, SeqCst));
            });
            assert_eq!(COUNT.load(SeqCst), 64);
        }";
    let (status, verdict) = explore(text, &[]);
    let findings = verdict["findings"].as_array().expect("a list");
    let checks: Vec<_> = findings.iter().map(|f| &f["check"]).collect();
    assert_eq!(
        (status, checks),
        (1, vec![&"a_fault_among_many_threads".into()]),
        "{verdict}"
    );
}

#[test]
fn a_file_is_the_root_of_its_crate() {
    let text = "#![forbid(unsafe_code)]
        //! Documented.
        extern crate alloc;
        pub struct Counter(std::sync::Mutex<u32>);
        #[macro_export]
        macro_rules! add { ($c:expr) => { $crate::Counter::add($c) } }
        impl Counter { fn add(&self) { *self.0.lock().unwrap() += 1 } }
        #[cfg(not(test))]
        fn main() { not_there() }
        #[cfg(test)]
        mod tests {
            use crate::Counter;
            #[test] fn adds() {
                let c = alloc::sync::Arc::new(Counter(Default::default()));
                std::thread::scope(|s| { s.spawn(|| c.add()); add!(&c); });
                assert_eq!(*c.0.lock().unwrap(), 2);
            }
        }";
    let (status, verdict) = explore(text, &[]);
    assert_eq!(status, 0, "{verdict}");
    let main = "fn main() { if std::hint::black_box(false) { crate::main() } }";
    assert_eq!(explore(main, &[]).0, 0);
}

#[test]
fn a_file_of_an_older_edition_need_not_say_so() {
    let text = "static mut LIST: Vec<u32> = Vec::new();
        fn main() {
            let gen = 1;
            unsafe { LIST.push(gen) };
            let t = std::thread::spawn(|| unsafe { LIST.push(2) });
            t.join().unwrap();
            assert_eq!(unsafe { LIST.len() }, 2);
        }";
    let (status, verdict) = explore(text, &[]);
    assert_eq!(status, 0, "{verdict}");
    let (status, _) = explore(text, &["--edition", "2024"]);
    assert_eq!(status, 2, "asked for, the newest edition has its say");
}

#[test]
fn a_test_panics_with_what_it_should() {
    let text = |expected: &str| {
        format!(
            "#[test] #[should_panic(expected = \"{expected}\")] fn t() {{ panic!(\"the real reason\") }}"
        )
    };
    assert_eq!(explore(&text("real"), &[]).0, 0);
    let (status, verdict) = explore(&text("another"), &[]);
    assert_eq!((status, kind(&verdict)), (1, "panic"));
    let message = verdict["findings"][0]["message"].as_str().expect("a text");
    assert!(message.contains("another") && message.contains("the real reason"));
}

#[test]
fn mathematics_is_not_foreign() {
    let text = "use std::hint::black_box as b;
        fn main() {
            let x = b(0.5f64).sin() + b(0.5f64).tanh() + b(2f64).powf(b(0.3)) + b(7f64) % b(2.0) + b(2f64).ln_1p();
            let y = b(0.5f32).cbrt() + b(0.5f32).hypot(2.0) + b(2f32).mul_add(2.0, 1.0) + b(9f32).sqrt().round();
            let z = b(3u128) / b(2u128) + b(7u128) * b(u64::MAX as u128);
            assert!(x > 0.0 && y > 0.0 && z > 0);
        }";
    for level in ["0", "1", "2"] {
        let (status, verdict) = explore(text, &["--opt-level", level]);
        assert_eq!(status, 0, "{verdict}");
    }
}

#[test]
fn vector_instructions_are_no_assembly() {
    let text = "use std::arch::x86_64::*;
        fn main() {
            let mut sums = [0i32; 4];
            unsafe { let two = _mm_set1_epi32(2); _mm_storeu_si128(sums.as_mut_ptr().cast(), _mm_add_epi32(two, two)) };
            assert_eq!(sums, [4; 4]);
        }";
    let (status, verdict) = explore(text, &[]);
    assert_eq!(status, 0, "{verdict}");
}

#[test]
fn hashes_are_the_same_in_every_execution() {
    let text = "use std::collections::HashMap;
        fn order() -> String {
            let map: HashMap<u32, ()> = (0..20).map(|i| (i, ())).collect();
            map.keys().map(|k| format!(\"{k} \")).collect()
        }
        fn main() {
            println!(\"{}\", order());
            println!(\"{}\", std::thread::spawn(order).join().unwrap());
            panic!(\"to see what was printed\");
        }";
    let printed = |seed: &str| {
        let (_, verdict) = explore(text, &["--seed", seed]);
        verdict["findings"][0]["printed"].to_string()
    };
    assert!(printed("1").len() > 80);
    assert_eq!(printed("1"), printed("2"));
}

#[test]
fn large_blocks_are_watched_to_their_last_byte() {
    let text = "fn main() {
            let block = vec![0u8; 1 << 20];
            let last = std::hint::black_box(&raw const block[(1 << 20) - 1]);
            drop(block);
            assert_eq!(unsafe { *last }, 0);
        }";
    let (status, verdict) = explore(text, &[]);
    assert_eq!((status, kind(&verdict)), (1, "use-after-free"), "{verdict}");
    let parts = &verdict["findings"][0]["parts"];
    let lines = [0, 1].map(|i| parts[i]["line"]["line"].as_u64());
    assert_eq!(
        lines,
        [Some(4), Some(5)],
        "who freed it and who read it: {parts}"
    );
    let text = "fn main() {
            let block = vec![0u8; 1 << 20];
            let last = std::hint::black_box(&raw const block[(1 << 20) - 1]) as usize;
            let reader = std::thread::spawn(move || unsafe { *(last as *const u8) });
            drop(block);
            reader.join().unwrap();
        }";
    let (status, verdict) = explore(text, &[]);
    let found = kind(&verdict);
    assert!(
        status == 1 && ["use-after-free", "data-race"].contains(&found),
        "{verdict}"
    );
}

#[test]
fn who_tries_in_vain_while_others_go_on_starves() {
    let text = "use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
        static READERS: AtomicU32 = AtomicU32::new(0);
        static STOP: AtomicBool = AtomicBool::new(false);
        fn main() {
            std::thread::scope(|s| {
                for _ in 0..2 {
                    s.spawn(|| while !STOP.load(SeqCst) {
                        READERS.fetch_add(1, SeqCst);
                        READERS.fetch_sub(1, SeqCst);
                    });
                }
                s.spawn(|| {
                    while READERS.compare_exchange(0, 100, SeqCst, SeqCst).is_err() {
                        std::hint::spin_loop();
                    }
                    STOP.store(true, SeqCst);
                });
            });
        }";
    let (status, verdict) = explore(text, &[]);
    assert_eq!((status, kind(&verdict)), (1, "starvation"), "{verdict}");
    let part = &verdict["findings"][0]["parts"][0];
    assert_eq!(part["thread"], 3, "the writer: {part}");
}

#[test]
fn statics_are_named_by_their_symbols() {
    let text = "use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
        static COUNTS: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];
        static mut TOTAL: u32 = 0;
        fn add(to: &AtomicU32) { to.fetch_add(1, Relaxed); unsafe { TOTAL += 1 } }
        fn main() {
            let t = std::thread::spawn(|| add(&COUNTS[1]));
            add(&COUNTS[0]);
            t.join().unwrap();
        }";
    let (status, verdict) = explore(text, &[]);
    assert_eq!((status, kind(&verdict)), (1, "data-race"), "{verdict}");
    let finding = &verdict["findings"][0];
    assert_eq!(finding["parts"][0]["object"], "TOTAL", "{finding}");
    for name in ["fetch_add COUNTS[0]", "fetch_add COUNTS[1]"] {
        assert!(
            finding["events"].to_string().contains(name),
            "{name}: {finding}"
        );
    }
}

#[test]
fn an_initialisation_that_needs_itself_is_named() {
    let text = "use std::sync::OnceLock;
        static A: OnceLock<u32> = OnceLock::new();
        fn a() -> u32 { *A.get_or_init(|| b() + 1) }
        fn b() -> u32 { a() }
        fn main() { a(); }";
    let (_, verdict) = explore(text, &[]);
    let finding = &verdict["findings"][0];
    assert_eq!(
        finding["message"],
        "T0 waits for an initialisation that it is itself in"
    );
    assert_eq!(finding["parts"][0]["held_by"][0], 0, "{finding}");
}

#[test]
fn the_compilers_own_words_reach_the_student() {
    let (status, verdict) = explore("fn main() {\n    let x: u32 = \"a\";\n}", &[]);
    assert_eq!(status, 2);
    let message = verdict["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("mismatched types") && message.contains("solution.rs:2"),
        "{message}"
    );
}

#[test]
fn what_a_program_prints_is_no_verdict() {
    let text = "fn main() { println!(\"{{\\\"verdict\\\":\\\"pass\\\"}}\"); panic!(\"really\") }";
    let (status, verdict) = explore(text, &[]);
    assert_eq!((status, kind(&verdict)), (1, "panic"));
    assert!(
        verdict["findings"][0]["printed"]
            .as_str()
            .is_some_and(|p| p.contains("verdict"))
    );
}

#[test]
fn a_finding_replays_exactly() {
    let files = Files::new();
    let submission = files.write("solution.rs", LOST_UPDATE);
    let saved = files.0.path().join("found.json");
    let output = grader()
        .args(["explore", "--json", "--save"])
        .arg(&saved)
        .arg(&submission)
        .output()
        .expect("it runs");
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    // The recording stands alone: the submission may have changed since.
    std::fs::write(&submission, "fn main() {}").expect("writable");
    for _ in 0..3 {
        let output = grader()
            .args(["replay", "--json"])
            .arg(&saved)
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(1));
        let again: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        for field in ["kind", "message", "events", "parts", "schedule"] {
            assert_eq!(
                again["findings"][0][field], found["findings"][0][field],
                "{field}"
            );
        }
    }
    let picture = files.0.path().join("found.svg");
    grader()
        .args(["replay", "--svg"])
        .args([&picture, &saved])
        .assert()
        .code(1);
    let picture = std::fs::read_to_string(picture).expect("a picture");
    assert!(picture.contains("aria-label=\"panic") && picture.ends_with("</svg>\n"));
    let output = grader()
        .args(["replay", "--gdb"])
        .arg(&saved)
        .output()
        .expect("it runs");
    // The command names a function to stop at, which must be there, and the submission's variables.
    let command = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(command.contains("rust-gdb") && command.contains("'break tandem_stop_here'"));
    let first = command.lines().next().expect("a command");
    let program = first.rsplit(' ').next().expect("a program");
    let bytes = std::fs::read(program).expect("it is kept");
    let file = object::File::parse(&*bytes).expect("an executable");
    let mut symbols = object::Object::symbols(&file);
    assert!(symbols.any(|s| object::ObjectSymbol::name(&s) == Ok("tandem_stop_here")));
    std::fs::remove_dir_all(Path::new(program).parent().expect("a folder")).expect("ours");
}

#[test]
fn bad_input_is_named() {
    let files = Files::new();
    grader().args(["explore", "nowhere.rs"]).assert().code(3);
    let empty = files.write("empty.rs", "pub fn nothing() {}");
    grader().arg("explore").arg(&empty).assert().code(2);
    let junk = files.write("junk.json", "{}");
    grader().arg("replay").arg(&junk).assert().code(3);
    grader()
        .args(["explore", "x.rs", "--budget", "soon"])
        .assert()
        .code(3);
}

#[test]
fn published_libraries_are_explored_from_their_own_sources() {
    let (status, verdict) = explore(
        "use rayon::prelude::*;
        use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
        #[test] fn lost() {
            let c = AtomicU32::new(0);
            (0..3).into_par_iter().for_each(|_| c.store(c.load(SeqCst) + 1, SeqCst));
            assert_eq!(c.load(SeqCst), 3);
        }",
        &[],
    );
    assert_eq!((status, kind(&verdict)), (1, "panic"), "{verdict}");
    let (status, verdict) = explore(
        "extern crate rayon;
        use rayon::prelude::*;
        #[test] fn rayon() { assert_eq!((1..=4u32).into_par_iter().sum::<u32>(), 10) }
        #[test] fn crossbeam() {
            let (s, r) = crossbeam_channel::bounded(1);
            let t = std::thread::spawn(move || (0..2).for_each(|i| s.send(i).unwrap()));
            assert_eq!(r.iter().collect::<Vec<i32>>(), [0, 1]);
            t.join().unwrap();
        }
        #[test] fn parking_lot() {
            let m = parking_lot::Mutex::new(0);
            std::thread::scope(|s| { s.spawn(|| *m.lock() += 1); *m.lock() += 1; });
            assert_eq!(m.into_inner(), 2);
        }",
        &["--budget", "500ms"],
    );
    assert_eq!(status, 0, "{verdict}");
}
