//! The exercises keep their promises, and the commands for them lead a student through.

use assert_cmd::Command;
use std::path::Path;

fn grader() -> Command {
    let mut command = Command::cargo_bin("tandem-grader").expect("built with the tests");
    command.env(
        "TANDEM_CACHE_DIR",
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"),
    );
    command
}

fn text(command: &mut Command) -> (i32, String) {
    let output = command.output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().expect("an exit status"), text)
}

#[test]
fn every_exercise_keeps_its_promises() {
    let (status, text) = text(
        grader()
            .arg("verify")
            .arg("--dir")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../exercises")),
    );
    assert_eq!(status, 0, "{text}");
    assert!(
        text.lines().filter(|l| l.starts_with("ok")).count() >= 14,
        "{text}"
    );
}

#[test]
fn a_student_goes_from_a_wrong_answer_to_a_right_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = folder.path().join("work");
    assert_eq!(text(grader().arg("init").arg(&copy)).0, 0);
    let (_, welcome) = text(grader().current_dir(&copy));
    assert!(welcome.contains("solved 0 of"), "{welcome}");
    let (_, task) = text(grader().arg("next").current_dir(&copy));
    assert!(task.contains("Two tasks at once"), "{task}");
    let (status, report) = text(grader().arg("check").current_dir(&copy));
    assert_eq!(status, 1, "{report}");
    assert!(
        report.contains("deadlock") && report.contains("two_tasks.rs"),
        "{report}"
    );
    let name = report
        .split_once("tandem-grader replay ")
        .expect("a name")
        .1;
    let name = name.split_whitespace().next().expect("a name");
    let (_, again) = text(grader().args(["replay", name]).current_dir(&copy));
    assert!(again.contains("deadlock"), "{again}");
    let (_, first) = text(grader().arg("hint").current_dir(&copy));
    let (_, second) = text(grader().arg("hint").current_dir(&copy));
    assert!(
        second.len() > first.len() && second.contains("2."),
        "{second}"
    );
    let solution = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../exercises/1_concurrency/two_tasks/solution.rs");
    std::fs::copy(solution, copy.join("1_concurrency/two_tasks.rs")).expect("writable");
    let junit = folder.path().join("report.xml");
    let (status, report) = text(
        grader()
            .arg("check")
            .arg("two_tasks")
            .arg("--junit")
            .arg(&junit)
            .current_dir(&copy),
    );
    assert_eq!(status, 0, "{report}");
    assert!(std::fs::read_to_string(junit).is_ok_and(|x| x.contains("failures=\"0\"")));
    let (_, list) = text(grader().arg("list").current_dir(copy.join("1_concurrency")));
    assert!(list.contains("x two_tasks"), "{list}");
    // What is missing is written anew by `init`, as the message says; the rest stays as it is.
    std::fs::remove_file(copy.join("1_concurrency/actor.rs")).expect("there");
    let (status, said) = text(grader().args(["check", "actor"]).current_dir(&copy));
    assert_eq!(status, 3);
    assert!(said.contains("tandem-grader init"), "{said}");
    // A second start keeps what is there.
    assert_eq!(text(grader().arg("init").arg(&copy)).0, 0);
    let (_, list) = text(grader().arg("list").current_dir(&copy));
    assert!(list.contains("x two_tasks"), "{list}");
}

#[test]
fn inputs_follow_from_the_seed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exercises/2_threading/lost_update");
    let found = |seed: &str| {
        let file = folder.join("starter.rs");
        let mut command = grader();
        command.args(["check", "lost_update", "--json", "--seed", seed, "--file"]);
        let output = command.arg(file).output().expect("it runs");
        let verdict: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        verdict["findings"][0].clone()
    };
    let (one, two) = (found("1"), found("2"));
    assert_ne!(one["message"], two["message"]);
    assert_eq!(two["message"], found("2")["message"]);
    // What was found is found again, with the same inputs.
    let recording = two["replay"].as_str().expect("a recording");
    let output = grader().args(["replay", "--json", recording]).output();
    let output = output.expect("it runs");
    let again: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(again["findings"][0]["message"], two["message"]);
}

#[test]
fn what_is_not_there_is_named() {
    let (status, said) = text(grader().args(["check", "lost_updat"]));
    assert_eq!(status, 3);
    assert!(said.contains("did you mean lost_update"), "{said}");
    let (status, said) = text(grader().args(["explain", "data-race"]));
    assert_eq!(status, 0);
    assert!(said.contains("What orders"), "{said}");
    let (_, all) = text(grader().arg("explain"));
    assert!(all.contains("lost-wake-up"), "{all}");
    assert_eq!(text(grader().args(["explain", "Lost wake_up"])).0, 0);
    let (status, said) = text(grader().args(["explain", "bad-luck"]));
    assert_eq!(status, 3);
    let kinds = said.split_once("there are ").expect("a list").1;
    for kind in kinds.trim().split(", ") {
        assert_eq!(text(grader().args(["explain", kind])).0, 0, "{kind}");
    }
    assert!(kinds.contains("false-sharing"), "{kinds}");
    assert_eq!(
        text(grader().args(["check", "lost_update", "--untrusted"])).0,
        3
    );
}

#[test]
fn unsafe_code_is_refused_where_it_is_not_needed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("lost_update.rs");
    std::fs::write(
        &file,
        "pub struct Counter;\nfn f() { unsafe { std::hint::unreachable_unchecked() } }\n",
    )
    .expect("writable");
    let (status, said) = text(grader().arg("check").arg(&file));
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("lost_update.rs:2"), "{said}");
}
