//! Speedup in virtual time: what it says about programs whose speedup is known. All numbers are of
//! virtual time, which the machine that runs the tests does not change.

use assert_cmd::Command;
use serde_json::Value;

fn speedup(program: &str, arguments: &[&str]) -> (Value, i32) {
    speedup_of(&format!("tests/speedup/{program}.rs"), arguments)
}

fn speedup_of(program: &str, arguments: &[&str]) -> (Value, i32) {
    let output = Command::cargo_bin("tandem-grader")
        .unwrap()
        .env(
            "TANDEM_CACHE_DIR",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"),
        )
        .arg("speedup")
        .arg(program)
        .args(["--json", "--no-clock"])
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = serde_json::from_str(&text).unwrap_or_else(|_| {
        panic!(
            "{program}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    (value, output.status.code().unwrap_or(-1))
}

fn on(value: &Value, cores: u64) -> f64 {
    let points = value["curve"].as_array().expect("a curve");
    let point = points.iter().find(|p| p["cores"] == cores);
    point.expect("a point")["speedup"]
        .as_f64()
        .expect("a number")
}

fn causes(value: &Value) -> Vec<String> {
    let causes = value["causes"].as_array().expect("causes");
    causes
        .iter()
        .map(|c| c["kind"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// While it lives, other threads keep every core of this machine busy.
struct Noise(std::sync::Arc<std::sync::atomic::AtomicBool>);

impl Noise {
    fn new() -> Self {
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            let stop = stop.clone();
            std::thread::spawn(move || {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    std::hint::black_box((0..1000u64).sum::<u64>());
                }
            });
        }
        Noise(stop)
    }
}

impl Drop for Noise {
    fn drop(&mut self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn parallel_programs_get_faster() {
    for program in ["sum", "dynamic", "with_rayon"] {
        let (value, status) = speedup(program, &[]);
        assert_eq!(status, 0, "{program}: {value}");
        assert!(on(&value, 8) > 5.0, "{program}: {}", value["curve"]);
        assert!(on(&value, 4) > 2.8, "{program}: {}", value["curve"]);
        assert!(on(&value, 2) > 1.6, "{program}: {}", value["curve"]);
        assert!(on(&value, 8) < 10.0, "{program}: {}", value["curve"]);
    }
}

#[test]
fn what_holds_others_back_is_named() {
    for (program, most, cause) in [
        ("one_lock", 0.5, "lock"),
        ("false_sharing", 0.9, "false-sharing"),
        ("spawn", 0.5, "overhead"),
        ("pretend", 1.4, "sequential"),
        ("uneven", 5.5, "imbalance"),
        ("channels", 3.4, "too-few-threads"),
    ] {
        let (value, status) = speedup(program, &[]);
        assert_eq!(status, 0, "{program}: {value}");
        assert!(on(&value, 8) < most, "{program}: {}", value["curve"]);
        let causes = causes(&value);
        assert!(causes.contains(&cause.into()), "{program}: {causes:?}");
    }
}

#[test]
fn results_kept_from_an_earlier_run_are_no_speedup() {
    let folder = tempfile::tempdir().unwrap();
    let work = "fn slow() -> u64 { (0..4_000_000u64).fold(7, |x, i| std::hint::black_box(x.rotate_left(5) ^ i)) }
        static KEPT: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
        fn work() -> u64 { *KEPT.get_or_init(slow) }\n";
    let file = folder.path().join("kept.rs");
    let measured = |text: &str| {
        std::fs::write(&file, text).unwrap();
        speedup_of(file.to_str().expect("a name"), &[]).0
    };
    // Compared with itself: every run is the first. A kept result takes no time, and would be thousands of
    // times as fast; runs in processes of their own differ by much less.
    let value = measured(work);
    assert!(on(&value, 8) < 4.0, "{}", value["curve"]);
    // What one has computed, the other finds: nothing is left to be measured.
    let value = measured(&(work.to_owned() + "fn sequential() -> u64 { work() }"));
    assert_eq!(value["judgement"], "undecided", "{value}");
    // Faster than so many cores can be.
    let value = measured(
        "fn slow() -> u64 { (0..500_000u64).fold(7, |x, i| std::hint::black_box(x.rotate_left(5) ^ i)) }
        fn work() -> u64 { slow() }
        fn sequential() -> u64 { (0..60).map(|_| slow()).max().unwrap_or(0) }\n",
    );
    assert!(causes(&value).contains(&"less-work".into()), "{value}");
}

#[test]
fn contended_lines_of_the_source_are_named() {
    let (value, _) = speedup("one_lock", &[]);
    let cause = &value["causes"][0];
    assert_eq!(cause["kind"], "lock", "{value}");
    assert!(
        cause["lines"][0]["file"]
            .as_str()
            .is_some_and(|f| f.ends_with("one_lock.rs")),
        "{cause}"
    );
}

#[test]
fn wrong_answers_and_deadlocks_are_no_speedup() {
    let (value, status) = speedup("wrong_answer", &[]);
    assert_eq!(
        (value["judgement"].as_str(), status),
        (Some("wrong-answer"), 1)
    );
    let (value, status) = speedup("deadlock", &[]);
    assert_eq!((value["judgement"].as_str(), status), (Some("broken"), 1));
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (text, word) in [
        ("fn main() {}", "fn work()"),
        ("fn work() { 1 + }", "expected"),
        ("fn work() { std::process::exit(0) }", "process"),
    ] {
        let file = folder.path().join("file.rs");
        std::fs::write(&file, text).unwrap();
        let output = Command::cargo_bin("tandem-grader")
            .unwrap()
            .env(
                "TANDEM_CACHE_DIR",
                concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"),
            )
            .arg("speedup")
            .arg(&file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn a_busy_machine_changes_nothing() {
    let _noise = Noise::new();
    let (value, _) = speedup("dynamic", &[]);
    assert!(on(&value, 8) > 5.0, "{}", value["curve"]);
    let (value, _) = speedup("pretend", &[]);
    assert!(on(&value, 8) < 1.4, "{}", value["curve"]);
}
