//! `tandem doctor`: what is there, what is missing, what that costs, what to type.

use crate::{files, lab};
use serde::Serialize;
use std::path::Path;
use std::process::{Command, ExitCode};

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warning,
    Missing,
}

/// One line of the table.
#[derive(Serialize)]
struct Check {
    name: &'static str,
    state: State,
    found: String,
    /// What its absence costs, and what to type.
    advice: Option<String>,
}

impl Check {
    fn new(name: &'static str, found: Option<String>, absent: State, advice: &str) -> Check {
        let state = if found.is_some() { State::Ok } else { absent };
        Check {
            name,
            state,
            advice: (state != State::Ok).then(|| advice.to_owned()),
            found: found.unwrap_or_else(|| "not found".to_owned()),
        }
    }
}

fn says(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout)
        .lines()
        .next()
        .map(str::to_owned)?;
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// Checks without which nothing works.
fn required() -> Vec<Check> {
    let missing = State::Missing;
    let sysroot = says("rustc", &["--print", "sysroot"]);
    let source = sysroot
        .map(|sysroot| Path::new(&sysroot).join("lib/rustlib/src/rust/library/std"))
        .filter(|source| source.exists())
        .map(|_| "present".to_owned());
    vec![
        Check::new(
            "rustc",
            says("rustc", &["--version"]),
            missing,
            "no Rust cells. Install Rust from https://rustup.rs",
        ),
        Check::new(
            "cargo",
            says("cargo", &["--version"]),
            missing,
            "no Rust cells. Install Rust from https://rustup.rs",
        ),
        Check::new(
            "rust-src",
            source,
            missing,
            "no types for Rust variables. Type `rustup component add rust-src`",
        ),
        Check::new(
            "linker",
            says("cc", &["--version"]),
            missing,
            "no Rust cells. On Debian or Ubuntu type `sudo apt install gcc`",
        ),
        Check::new(
            "python3",
            says(
                "python3",
                &[
                    "-c",
                    "import sys; print(sys.version.split()[0], 'in', sys.executable)",
                ],
            ),
            missing,
            "no Python cells and no JupyterLab. On Debian or Ubuntu type `sudo apt install python3 python3-venv`",
        ),
        Check::new(
            "venv",
            says(
                "python3",
                &["-c", "import venv, ensurepip; print('present')"],
            ),
            missing,
            "`tandem lab` cannot make its environment. On Debian or Ubuntu type `sudo apt install python3-venv`",
        ),
    ]
}

fn optional() -> Vec<Check> {
    let warning = State::Warning;
    let gil = says(
        "python3",
        &[
            "-c",
            "import sys; print('yes' if getattr(sys, '_is_gil_enabled', lambda: True)() else 'no: free-threaded')",
        ],
    );
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let paranoid = std::fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").ok();
    let allowed = paranoid
        .as_deref()
        .and_then(|level| level.trim().parse::<i32>().ok())
        // SAFETY: no arguments, cannot fail.
        .filter(|level| *level <= 2 || unsafe { libc::geteuid() } == 0)
        .map(|level| format!("allowed (perf_event_paranoid {level})"));
    vec![
        Check::new(
            "C++ compiler",
            says("c++", &["--version"]),
            warning,
            "no %%cpp cells. On Debian or Ubuntu type `sudo apt install g++`",
        ),
        Check::new("GIL", gil, warning, ""),
        Check::new(
            "cores",
            (cores > 1).then(|| cores.to_string()),
            warning,
            "with one core nothing can run in parallel, and comparisons will show that",
        ),
        Check::new(
            "context switches",
            allowed,
            warning,
            "timelines are sampled instead of recorded. Type `sudo sysctl kernel.perf_event_paranoid=2`",
        ),
        Check::new(
            "JupyterLab",
            lab::environment_python().map(|python| format!("in {}", python.display())),
            warning,
            "`tandem lab` installs it at its first start, which needs a network",
        ),
        Check::new(
            "Rust library",
            files::data()
                .join("rust")
                .exists()
                .then(|| "prebuilt".to_owned()),
            warning,
            "the first start builds it, which needs a network and a minute",
        ),
    ]
}

/// `tandem doctor`: exit status 1 if something is missing without which nothing works.
pub fn doctor(json: bool) -> ExitCode {
    let checks: Vec<Check> = required().into_iter().chain(optional()).collect();
    if json {
        let text = serde_json::json!({ "version": 1, "data": files::data(), "checks": checks });
        println!("{text}");
    } else {
        for check in &checks {
            let state = match check.state {
                State::Ok => "ok     ",
                State::Warning => "note   ",
                State::Missing => "MISSING",
            };
            println!("{state}  {:<17} {}", check.name, check.found);
            if let Some(advice) = &check.advice {
                println!("         {:<17} {advice}", "");
            }
        }
    }
    match checks.iter().any(|check| check.state == State::Missing) {
        true => ExitCode::from(1),
        false => ExitCode::SUCCESS,
    }
}

/// Fails with one message if something required is missing.
pub fn require() -> anyhow::Result<()> {
    let missing: Vec<String> = required()
        .into_iter()
        .filter(|check| check.state == State::Missing)
        .map(|check| {
            format!(
                "{} is missing: {}",
                check.name,
                check.advice.unwrap_or_default()
            )
        })
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => anyhow::bail!("{}", missing.join("\n")),
    }
}
