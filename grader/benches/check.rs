//! How long a check takes, for each exercise: `cargo bench -p tandem-grader --bench check`, or with
//! `-- NAME …` for some. Each submission is checked once, as a student does it, with everything built
//! that is built once.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tandem_grader::course::exercise::{self, Exercise};

/// One check.
struct Check {
    wall: f64,
    /// Processor time, of all that it started too.
    processor: f64,
    /// Processor time of the exploration.
    explored: f64,
    verdict: String,
}

impl Check {
    fn beyond(&self) -> f64 {
        self.wall - self.explored
    }
}

fn grader() -> Command {
    Command::new(env!("CARGO_BIN_EXE_tandem-grader"))
}

/// Processor time of all processes that were waited for.
fn processor() -> Duration {
    // SAFETY: plain numbers, which the call fills in.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage);
        usage
    };
    let of = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    of(usage.ru_utime) + of(usage.ru_stime)
}

fn check(exercise: &Exercise, text: &str, folder: &Path) -> Result<Check> {
    let file = folder.join("submission.rs");
    std::fs::write(&file, text)?;
    let (start, before) = (Instant::now(), processor());
    let output = grader()
        .args(["check", &exercise.name, "--json", "--file"])
        .arg(&file)
        .current_dir(folder)
        .output()?;
    let (wall, processor) = (start.elapsed(), processor() - before);
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok(Check {
        wall: wall.as_secs_f64(),
        processor: processor.as_secs_f64(),
        explored: answer["seconds"].as_f64().unwrap_or(0.0),
        verdict: answer["verdict"].as_str().unwrap_or_default().to_owned(),
    })
}

/// The median, and the greatest with its name.
fn summary(mut checks: Vec<(&str, f64)>) -> (f64, f64, &str) {
    checks.sort_by(|a, b| a.1.total_cmp(&b.1));
    let median = checks.get(checks.len() / 2).map_or(0.0, |c| c.1);
    let (name, most) = checks.last().copied().unwrap_or_default();
    (median, most, name)
}

fn main() -> Result<()> {
    let names: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let exercises = exercise::carried()?;
    for name in &names {
        exercise::find(&exercises, name)?;
    }
    if !grader().arg("prepare").status()?.success() {
        bail!("what is built once is not there");
    }
    let folder = tempfile::tempdir()?;
    println!("Seconds.\n");
    println!(
        "| exercise | solution, beyond the exploration | exploration | processor time | finding, median | slowest finding |"
    );
    println!("|---|---|---|---|---|---|");
    let (mut most, mut all) = (0.0_f64, 0.0);
    let mut findings = Vec::new();
    for exercise in exercises
        .iter()
        .filter(|e| names.is_empty() || names.contains(&e.name))
    {
        let solution = check(exercise, &exercise.solution, folder.path())?;
        if solution.verdict != "pass" {
            bail!("{}: {}", exercise.name, solution.verdict);
        }
        let mut found = Vec::new();
        for (name, text) in &exercise.bugs {
            let bug = check(exercise, text, folder.path())?;
            if bug.verdict != "fail" {
                bail!("{}/{name}: {}", exercise.name, bug.verdict);
            }
            found.push((name.as_str(), bug.wall));
        }
        all += solution.wall + found.iter().map(|f| f.1).sum::<f64>();
        most = most.max(solution.beyond());
        findings.extend(found.iter().map(|f| ("", f.1)));
        let (median, slowest, name) = summary(found);
        println!(
            "| {} | {:.1} | {:.1} | {:.1} | {median:.1} | {slowest:.1}, {name} |",
            exercise.name,
            solution.beyond(),
            solution.explored,
            solution.processor,
        );
    }
    let (median, slowest, _) = summary(findings);
    println!(
        "\nSolutions at most {most:.1} s beyond the exploration; findings {median:.1} s (median), at most {slowest:.1} s; \
         {all:.0} s in all."
    );
    Ok(())
}
