//! Bugs found, false alarms, schedules and seconds, beside loom, shuttle and native stress, on the
//! same programs: `cargo bench -p tandem-grader --bench peers`. It needs the network once, to build
//! the two peers.
//!
//! The programs are ordinary `std` code. For loom and shuttle the paths `std::sync` and `std::thread`
//! are replaced, which is what their users do by hand; for this checker and for native stress nothing
//! is changed.

#[path = "../tests/variants/mod.rs"]
mod variants;

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tandem_grader::explore::{Options, Prepared, prepare_texts};
use tandem_grader::verdict::Outcome;

/// Wall time that each tool gets for each program.
const BUDGET: Duration = Duration::from_secs(10);
const PEERS: [&str; 3] = ["loom", "shuttle", "native"];

struct Case {
    name: String,
    text: String,
    wrong: bool,
}

/// What a tool said about a program.
struct Said {
    found: bool,
    /// It could not go on, for a reason of its own.
    gave_up: bool,
    schedules: u64,
    seconds: f64,
}

fn cases() -> Result<Vec<Case>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|e| Ok(e?.path()))
        .collect::<Result<_>>()?;
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&file)?;
        let correct = text
            .split("\n//# bug")
            .next()
            .unwrap_or_default()
            .to_owned()
            + "\n";
        cases.push(Case {
            name: name.clone(),
            text: correct,
            wrong: false,
        });
        for bug in variants::bugs(&name, &text) {
            cases.push(Case {
                name: format!("{name}_{}", bug.name),
                text: bug.text,
                wrong: true,
            });
        }
    }
    Ok(cases)
}

const MANIFEST: &str = "[workspace]\n[package]\nname = \"peers\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
    [dependencies]\nloom = \"0.7\"\nshuttle = \"0.8\"\n";

const MAIN: &str = r#"
use std::sync::atomic::{AtomicU64, Ordering};
static RUNS: AtomicU64 = AtomicU64::new(0);
fn report() { eprintln!("runs {}", RUNS.load(Ordering::SeqCst)); }
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (peer, number) = (arguments[1].as_str(), arguments[2].parse::<usize>().unwrap());
    std::panic::set_hook(Box::new(|info| { eprintln!("{info}"); report(); std::process::exit(1) }));
    let budget = std::time::Duration::from_secs(BUDGET);
    match peer {
        "loom" => {
            let mut model = loom::model::Builder::new();
            model.max_duration = Some(budget);
            model.max_branches = 100_000;
            model.check(move || { RUNS.fetch_add(1, Ordering::SeqCst); LOOM[number]() });
        }
        "shuttle" => {
            let mut config = shuttle::Config::new();
            config.max_time = Some(budget);
            config.failure_persistence = shuttle::FailurePersistence::None;
            let runner = shuttle::Runner::new(shuttle::scheduler::RandomScheduler::new(usize::MAX >> 1), config);
            runner.run(move || { RUNS.fetch_add(1, Ordering::SeqCst); SHUTTLE[number]() });
        }
        _ => {
            let start = std::time::Instant::now();
            while start.elapsed() < budget { RUNS.fetch_add(1, Ordering::SeqCst); NATIVE[number]() }
        }
    }
    report();
}
"#;

/// Builds the programs for the peers; the executable.
fn build(cases: &[Case]) -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    std::fs::create_dir_all(folder.join("src"))?;
    std::fs::write(folder.join("Cargo.toml"), MANIFEST)?;
    let mut main = MAIN.replace("BUDGET", &BUDGET.as_secs().to_string());
    for peer in PEERS {
        let mut table = String::new();
        for (number, case) in cases.iter().enumerate() {
            let text = match peer {
                "native" => case.text.clone(),
                _ => case
                    .text
                    .replace("std::sync", &format!("{peer}::sync"))
                    .replace("std::thread", &format!("{peer}::thread")),
            };
            std::fs::write(folder.join(format!("src/{peer}_{number}.rs")), text)?;
            main += &format!("mod {peer}_{number};\n");
            table += &format!("{peer}_{number}::check, ");
        }
        main += &format!("static {}: &[fn()] = &[{table}];\n", peer.to_uppercase());
    }
    std::fs::write(folder.join("src/main.rs"), main)?;
    eprintln!("building loom and shuttle …");
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(&folder)
        .args(["build", "--release", "--quiet", "--target-dir", "target"])
        .env("RUSTFLAGS", "--cap-lints=allow")
        .status()
        .context("cannot run cargo")?;
    if !built.success() {
        bail!("the peers do not build");
    }
    Ok(folder.join("target/release/peers"))
}

/// Runs one program under a peer; a program that hangs has found its bug the hard way.
fn ask(peers: &Path, peer: &str, number: usize) -> Result<Said> {
    let start = Instant::now();
    let mut child = Command::new(peers)
        .args([peer, &number.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if start.elapsed() > BUDGET * 2 {
            child.kill()?;
            child.wait()?;
            break None;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let mut text = String::new();
    if let Some(mut errors) = child.stderr.take() {
        std::io::Read::read_to_string(&mut errors, &mut text)?;
    }
    let schedules = text
        .lines()
        .find_map(|l| l.strip_prefix("runs ")?.parse().ok())
        .unwrap_or(0);
    let gave_up = text.contains("exceeded maximum number of");
    Ok(Said {
        found: !gave_up && status.is_none_or(|s| !s.success()),
        gave_up,
        schedules,
        seconds: start.elapsed().as_secs_f64(),
    })
}

fn ours(case: &Case) -> Result<Said> {
    let start = Instant::now();
    let check = "pub fn check() { crate::submission::check() }\n";
    let options = Options {
        budget: Duration::from_secs(2),
        ..Options::default()
    };
    let named = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let submission = named("case.rs", &case.text);
    let verdict = match prepare_texts(
        submission,
        Some(named("check.rs", check)),
        &options,
        &mut |_| (),
    )? {
        Prepared::Ready(ready) => ready.explore(&options)?,
        Prepared::Refused(verdict) => verdict,
    };
    if matches!(verdict.verdict, Outcome::Refused | Outcome::Error) {
        bail!("{}: {}", case.name, verdict.message);
    }
    Ok(Said {
        found: verdict.verdict == Outcome::Fail,
        gave_up: false,
        schedules: verdict.executions,
        seconds: start.elapsed().as_secs_f64(),
    })
}

fn main() -> Result<()> {
    let cases = cases()?;
    let peers = build(&cases)?;
    println!(
        "{:34} {:>24} {:>24} {:>24} {:>24}",
        "", "tandem", "loom", "shuttle", "native"
    );
    let mut totals = [(0, 0, 0); 4];
    for (number, case) in cases.iter().enumerate() {
        let mut row = format!("{:34}", case.name);
        for (tool, total) in totals.iter_mut().enumerate() {
            let said = match tool {
                0 => ours(case)?,
                _ => ask(&peers, PEERS[tool - 1], number)?,
            };
            let word = match (case.wrong, said.found) {
                _ if said.gave_up => "gives up",
                (true, true) => "found",
                (true, false) => "MISSED",
                (false, true) => "FALSE ALARM",
                (false, false) => "passes",
            };
            total.0 += usize::from(case.wrong && said.found);
            total.1 += usize::from(!case.wrong && said.found);
            total.2 += 1;
            row += &format!(
                " {:>24}",
                format!("{word} {} {:.2} s", said.schedules, said.seconds)
            );
        }
        println!("{row}");
    }
    let wrong = cases.iter().filter(|c| c.wrong).count();
    for (tool, (found, alarms, _)) in ["tandem", "loom", "shuttle", "native"].iter().zip(totals) {
        println!(
            "{tool}: {found} of {wrong} bugs found, {alarms} false alarms in {} correct programs",
            cases.len() - wrong
        );
    }
    println!(
        "(schedules, and wall time from the source, compilation included for tandem; the others are compiled before)"
    );
    Ok(())
}
