//! The same submission gets the same verdict every time, also while other programs take all the
//! processor time they can get.

use assert_cmd::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Times that each submission is graded.
const TIMES: usize = 20;

fn verdict(exercise: &str, file: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../exercises");
    let output = Command::cargo_bin("tandem-grader")
        .expect("built")
        .env(
            "TANDEM_CACHE_DIR",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"),
        )
        .args(["check", exercise, "--json", "--file"])
        .arg(format!("{folder}/{file}"))
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let value: serde_json::Value = serde_json::from_str(&text).expect("a verdict");
    let kind = value["findings"][0]["kind"].as_str().unwrap_or("nothing");
    let speed = value["speed"]["judgement"].as_str().unwrap_or("not asked");
    format!(
        "{} {kind} {speed}",
        value["verdict"].as_str().unwrap_or("none")
    )
}

#[test]
fn a_verdict_does_not_depend_on_luck_or_load() {
    let stop = Arc::new(AtomicBool::new(false));
    for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
        let stop = stop.clone();
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                std::hint::black_box((0..1000u64).sum::<u64>());
            }
        });
    }
    let gil = "6_threads_are_not_parallelism/release_the_gil";
    for (exercise, file, right) in [
        (
            "lost_update",
            "2_threading/lost_update/starter.rs".to_owned(),
            "fail panic not asked",
        ),
        (
            "lost_update",
            "2_threading/lost_update/solution.rs".to_owned(),
            "pass nothing not asked",
        ),
        (
            "rendezvous",
            "3_semaphores/rendezvous/bugs/wakes_are_reasons.rs".to_owned(),
            "fail panic not asked",
        ),
        (
            "release_the_gil",
            format!("{gil}/solution.rs"),
            "pass nothing pass",
        ),
        (
            "release_the_gil",
            format!("{gil}/bugs/takes_everything.rs"),
            "fail nothing too-slow",
        ),
    ] {
        for time in 1..=TIMES {
            assert_eq!(verdict(exercise, &file), right, "{file}, time {time}");
        }
    }
    stop.store(true, Ordering::Relaxed);
}
