//! Submissions that want to harm the grader, or to get a pass for nothing: each ends in a clear
//! answer, none passes, none outlives the grader, and the grader does not fail because of one.

#[path = "hostile/submissions.rs"]
mod submissions;

use assert_cmd::Command;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use submissions::{RIGHT, SAFE, UNSAFE};

/// Grades a file; what is wrong with the grader's answer, if anything.
fn grade(name: &str, file: &Path, arguments: &[&str], temporary: &Path) -> Option<String> {
    let output = Command::cargo_bin("tandem-grader")
        .expect("built")
        .env(
            "TANDEM_CACHE_DIR",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"),
        )
        .args(arguments)
        .arg(file)
        .args(["--untrusted", "--json"])
        .env("TMPDIR", temporary)
        .env("GITHUB_TOKEN", "a-secret-of-the-grader")
        .timeout(std::time::Duration::from_secs(300))
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let fault = |what: &str| {
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        Some(format!("{name}: {what}: {said}{errors}"))
    };
    match output.status.code() {
        Some(1 | 2) => {}
        status => return fault(&format!("exit status {status:?}")),
    }
    let Ok(verdict) = serde_json::from_str::<serde_json::Value>(&said) else {
        return fault("no verdict");
    };
    let told = verdict["findings"]
        .as_array()
        .is_some_and(|f| !f.is_empty())
        || verdict["message"]
            .as_str()
            .is_some_and(|m| !m.trim().is_empty());
    if !told {
        return fault("no word of why");
    }
    if said.contains("root:x:") || said.contains("a-secret-of-the-grader") {
        return fault("a secret got out");
    }
    None
}

/// Processes whose executable or working folder lies below `folder`.
fn left_behind(folder: &Path) -> Vec<String> {
    let mut left = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("there").flatten() {
        for link in ["exe", "cwd"] {
            if let Ok(target) = std::fs::read_link(entry.path().join(link))
                && target.starts_with(folder)
            {
                left.push(target.display().to_string());
            }
        }
    }
    left
}

fn grade_all(cases: &[(&str, String)], arguments: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let temporary = folder.path().join("tmp");
    std::fs::create_dir(&temporary).expect("a folder");
    // Under another identity, submissions must be able to reach their own folder.
    for path in [folder.path(), &temporary] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(path, mode).expect("ours");
    }
    let next = AtomicUsize::new(0);
    let faults = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|s| {
        for worker in 0..2 {
            let (next, faults, folder, temporary) = (&next, &faults, &folder, &temporary);
            s.spawn(move || {
                loop {
                    let Some((name, text)) = cases.get(next.fetch_add(1, Ordering::SeqCst)) else {
                        return;
                    };
                    let file = folder.path().join(format!("submission_{worker}.rs"));
                    std::fs::write(&file, text).expect("written");
                    if let Some(fault) = grade(name, &file, arguments, temporary) {
                        faults.lock().expect("whole").push(fault);
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().expect("whole");
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    let left = left_behind(&temporary);
    assert!(left.is_empty(), "still running: {left:?}");
    let files: Vec<_> = std::fs::read_dir(&temporary)
        .expect("there")
        .flatten()
        .map(|e| e.path())
        .collect();
    assert!(files.is_empty(), "left behind: {files:?}");
}

#[test]
fn hostile_submissions_to_an_exercise_get_nothing() {
    let cases: Vec<(&str, String)> = SAFE
        .iter()
        .map(|(name, items)| (*name, format!("{items}\n{RIGHT}")))
        .collect();
    grade_all(&cases, &["check", "lost_update", "--seed", "1", "--file"]);
}

#[test]
fn endless_texts_get_nothing() {
    let many = |n: usize, text: &str| text.repeat(n);
    let cases = [
        ("nests brackets", many(60_000, "(") + &many(60_000, ")")),
        ("nests blocks", many(60_000, "{") + &many(60_000, "}")),
        ("negates", many(200_000, "!") + "true"),
        ("adds", many(100_000, "1+") + "1"),
        (
            "nests types",
            format!("None::<{}u8{}>", many(30_000, "Option<"), many(30_000, ">")),
        ),
        (
            "chains conditions",
            many(10_000, "if false {} else ") + "{}",
        ),
        ("returns and returns", many(30_000, "return ")),
    ];
    // Should the compiler get through, it is wrong all the same.
    let cases: Vec<(&str, String)> = cases
        .iter()
        .map(|(name, text)| {
            let items = format!("fn hostile() {{ if wrong() {{ panic!() }} let _ = {{ {text}; }}; }} fn wrong() -> bool {{ true }}");
            (*name, format!("{items}\n{RIGHT}"))
        })
        .collect();
    grade_all(&cases, &["check", "lost_update", "--seed", "1", "--file"]);
}

#[test]
fn a_submission_cannot_paint_on_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("paints.rs");
    let text = "fn hostile() { println!(\"\\x1b[2J\"); panic!(\"\\x1b[2J\\x1b[Hnothing found\") }";
    std::fs::write(&file, format!("{text}\n{RIGHT}")).expect("written");
    let output = Command::cargo_bin("tandem-grader")
        .expect("built")
        .env(
            "TANDEM_CACHE_DIR",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"),
        )
        // As on a terminal.
        .env("CLICOLOR_FORCE", "1")
        .args([
            "check",
            "lost_update",
            "--untrusted",
            "--seed",
            "1",
            "--file",
        ])
        .arg(&file)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said:?}");
    assert!(said.contains("\u{fffd}[2J"), "{said:?}");
    assert!(
        !said.contains("\x1b[2J") && said.contains("\x1b[1m"),
        "{said:?}"
    );
}

#[test]
fn hostile_programs_get_nothing() {
    let cases: Vec<(&str, String)> = UNSAFE
        .iter()
        .map(|(name, text)| (*name, (*text).to_owned()))
        .collect();
    grade_all(&cases, &["explore"]);
}

#[test]
fn the_right_solution_passes_in_the_sandbox() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("lost_update.rs");
    std::fs::write(&file, format!("fn hostile() {{}}\n{RIGHT}")).expect("written");
    Command::cargo_bin("tandem-grader")
        .expect("built")
        .env(
            "TANDEM_CACHE_DIR",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"),
        )
        .args([
            "check",
            "lost_update",
            "--untrusted",
            "--seed",
            "1",
            "--file",
        ])
        .arg(&file)
        .assert()
        .code(0);
}
