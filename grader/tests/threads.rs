//! Real threads at full size: what shows there only is found, what is right is never accused, and
//! what breaks there is told. As an instructor's own exercise, whose inputs are small in the check.

use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;

const EXERCISE: [(&str, &str); 6] = [
    (
        "exercise.toml",
        "version = 1\ntitle = \"A total\"\ndifficulty = 1\nchecked = \"the total is right\"\n\
         budget_ms = 100\nunsafe_code = true\n[bugs]\n",
    ),
    ("README.md", "Add up."),
    ("starter.rs", ""),
    ("solution.rs", ""),
    (
        "check.rs",
        "pub fn check() { assert_eq!(crate::submission::total(&[1, 2, 3]), 6); }",
    ),
    (
        "large.rs",
        "pub fn input(seed: u64) -> Vec<u64> { (0..4000).map(|i| (seed ^ i) % 97).collect() }
         pub fn reference(numbers: &Vec<u64>) -> u64 { numbers.iter().sum() }
         pub fn attempt(numbers: &Vec<u64>) -> u64 { crate::submission::total(numbers) }",
    ),
];

/// Checks a submission; the exit status and the verdict.
fn check(text: &str) -> (i32, Value) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let exercise = folder.path().join("exercises/topic/total");
    std::fs::create_dir_all(&exercise).expect("writable");
    for (name, text) in EXERCISE {
        std::fs::write(exercise.join(name), text).expect("writable");
    }
    let file = folder.path().join("total.rs");
    std::fs::write(&file, text).expect("writable");
    let output = Command::cargo_bin("tandem-grader")
        .expect("built with the tests")
        .env(
            "TANDEM_CACHE_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"),
        )
        .args(["check", "--json", "--untrusted", "--seed", "1", "--dir"])
        .arg(folder.path().join("exercises"))
        .arg(&file)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let verdict = serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}{errors}"));
    (output.status.code().expect("an exit status"), verdict)
}

/// Small inputs are added up as they should be; `at_full_size` does the others.
fn only_at_full_size(at_full_size: &str) -> String {
    format!(
        "pub fn total(numbers: &[u64]) -> u64 {{\n    if numbers.len() < 100 {{ return numbers.iter().sum(); }}\n    large(numbers)\n}}\n{at_full_size}"
    )
}

const TWO_THREADS: &str = "fn two(numbers: &[u64], each: impl Fn(u64) + Sync) {
    std::thread::scope(|s| for half in numbers.chunks(numbers.len().div_ceil(2)) {
        let each = &each;
        s.spawn(move || half.iter().for_each(|n| each(*n)));
    });
}
";

#[test]
fn a_race_that_only_large_inputs_have_is_found_with_both_lines() {
    // A barrier lets both begin, so that nothing of the threads' own beginning and end orders them.
    let text = only_at_full_size(
        "static mut TOTAL: u64 = 0;
fn large(numbers: &[u64]) -> u64 {
    let both = std::sync::Barrier::new(2);
    let add = |n: u64|
        unsafe { TOTAL += n };
    std::thread::scope(|s| for half in numbers.chunks(numbers.len() / 2) {
        let both = &both;
        s.spawn(move || { both.wait(); half.iter().for_each(|n| add(*n)) });
    });
    unsafe { TOTAL }
}
",
    );
    let (status, verdict) = check(&text);
    assert_eq!(status, 1, "{verdict}");
    let finding = &verdict["findings"][0];
    assert_eq!(finding["kind"], "data-race", "{verdict}");
    let parts = finding["parts"].as_array().expect("parts");
    assert_eq!(parts.len(), 2, "{finding}");
    for part in parts {
        assert_eq!(part["line"]["line"], 9, "{finding}");
        let file = part["line"]["file"].as_str().expect("a file");
        assert!(file.ends_with("total.rs"), "{finding}");
    }
}

#[test]
fn a_wrong_answer_and_a_panic_at_full_size_are_found() {
    let lost = "fn large(numbers: &[u64]) -> u64 {
    let total = std::sync::atomic::AtomicU64::new(0);
    two(numbers, |n| { let t = total.load(SeqCst); std::thread::yield_now(); total.store(t + n, SeqCst) });
    total.into_inner()
}
use std::sync::atomic::Ordering::SeqCst;
";
    let (status, verdict) = check(&(only_at_full_size(lost) + TWO_THREADS));
    assert_eq!(status, 1, "{verdict}");
    let message = verdict["findings"][0]["message"].as_str().expect("words");
    assert!(message.contains("the answer is wrong"), "{verdict}");
    let panics = "fn large(numbers: &[u64]) -> u64 { numbers[numbers.len()] }";
    let (status, verdict) = check(&only_at_full_size(panics));
    assert_eq!(status, 1, "{verdict}");
    let message = verdict["findings"][0]["message"].as_str().expect("words");
    assert!(message.contains("it panics"), "{verdict}");
    assert!(message.contains("total.rs:5: index out of"), "{verdict}");
}

#[test]
fn what_crashes_or_stands_still_at_full_size_does_not_pass() {
    for (text, kind) in [
        (
            "fn large(_: &[u64]) -> u64 { unsafe { *std::hint::black_box(8 as *const u64) } }",
            "crash",
        ),
        (
            "fn large(_: &[u64]) -> u64 { let m = std::sync::Mutex::new(1); let _a = m.lock(); let b = m.lock(); *b.unwrap() }",
            "deadlock",
        ),
    ] {
        let (status, verdict) = check(&only_at_full_size(text));
        assert_eq!(status, 1, "{verdict}");
        assert_eq!(verdict["findings"][0]["kind"], kind, "{verdict}");
    }
}

/// Correct programs, each with what ThreadSanitizer gets wrong without help: fences, the drop of an
/// `Arc`, locks made of futexes, published libraries, threads that have ended.
const CORRECT: &[(&str, &str)] = &[
    (
        "std",
        "pub fn total(numbers: &[u64]) -> u64 {
    use std::sync::{Arc, Condvar, Mutex, RwLock, mpsc};
    let numbers: Arc<Vec<u64>> = Arc::new(numbers.to_vec());
    let (send, receive) = mpsc::channel();
    let half = numbers.len() / 2;
    for range in [0..half, half..numbers.len()] {
        let (numbers, send) = (numbers.clone(), send.clone());
        std::thread::spawn(move || send.send(Box::new(numbers[range].iter().sum::<u64>())).unwrap());
    }
    drop((send, numbers));
    let total = Arc::new((Mutex::new(None), Condvar::new(), RwLock::new(vec![0])));
    let other = total.clone();
    let adds = std::thread::spawn(move || {
        let sum: u64 = receive.iter().map(|n| *n).sum();
        other.2.write().unwrap().push(sum);
        *other.0.lock().unwrap() = Some(sum);
        other.1.notify_one();
    });
    let sum = total.1.wait_while(total.0.lock().unwrap(), |t| t.is_none()).unwrap().unwrap();
    adds.join().unwrap();
    assert_eq!(total.2.read().unwrap().last(), Some(&sum));
    sum
}",
    ),
    (
        "fences",
        "use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::*, fence};
struct Slot { value: UnsafeCell<u64>, full: AtomicBool }
unsafe impl Sync for Slot {}
impl Slot {
    fn turn(&self, full: bool, act: impl FnOnce(*mut u64)) {
        while self.full.load(Relaxed) != full { std::thread::yield_now(); }
        fence(Acquire);
        act(self.value.get());
        fence(Release);
        self.full.store(!full, Relaxed);
    }
}
pub fn total(numbers: &[u64]) -> u64 {
    let slot = Slot { value: UnsafeCell::new(0), full: AtomicBool::new(false) };
    let sum = AtomicU64::new(0);
    std::thread::scope(|s| {
        s.spawn(|| for n in numbers { slot.turn(false, |value| unsafe { *value = *n }) });
        for _ in numbers { slot.turn(true, |value| { sum.fetch_add(unsafe { *value }, Relaxed); }) }
    });
    sum.into_inner()
}",
    ),
    (
        "parking_lot",
        "pub fn total(numbers: &[u64]) -> u64 {
    let total = parking_lot::Mutex::new((0, parking_lot::RwLock::new(0)));
    two(numbers, |n| { let mut total = total.lock(); total.0 += n; *total.1.write() += n; });
    let (total, twin) = total.into_inner();
    assert_eq!(total, *twin.read());
    total
}",
    ),
    (
        "crossbeam",
        "pub fn total(numbers: &[u64]) -> u64 {
    let (send, receive) = crossbeam_channel::bounded(4);
    let queue = crossbeam::queue::SegQueue::new();
    crossbeam::thread::scope(|s| {
        s.spawn(|_| { for n in numbers { send.send(Box::new(*n)).unwrap(); } drop(send); });
        for _ in 0..2 { s.spawn(|_| for n in receive.iter() { queue.push(n) }); }
    }).unwrap();
    std::iter::from_fn(|| queue.pop()).map(|n| *n).sum()
}",
    ),
    (
        "rayon",
        "use rayon::prelude::*;
pub fn total(numbers: &[u64]) -> u64 {
    let (a, b) = numbers.split_at(numbers.len() / 2);
    let (a, b) = rayon::join(|| a.par_iter().sum::<u64>(), || b.par_iter().copied().reduce(|| 0, |a, b| a + b));
    let mut parts = vec![a, b];
    parts.par_sort();
    parts[0] + parts[1]
}",
    ),
];

#[test]
fn correct_programs_are_never_accused() {
    for (name, text) in CORRECT {
        let (status, verdict) = check(&format!("{text}\n#[allow(dead_code)]\n{TWO_THREADS}"));
        assert_eq!(status, 0, "{name}: {verdict}");
        let threads = &verdict["threads"];
        // Wherever the tests run, there is a machine that can run them.
        assert_eq!(
            (&threads["judged"], &threads["runs"]),
            (&true.into(), &5.into()),
            "{name}: {verdict}"
        );
    }
}
