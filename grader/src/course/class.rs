//! The submissions of a class: found in a folder, and graded, each in a process of its own, so that none can end the grading of the others.

pub mod report;

use crate::course::exercise::Exercise;
use crate::course::{marks, verify};
use crate::sandbox::{interrupt, turns};
use crate::verdict::{Outcome, Verdict};
use anyhow::{Context, Result};
use serde::Serialize;
use std::collections::HashSet;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The version of the JSON form of a class's results.
pub const VERSION: u32 = 1;
/// Folders are looked into so deep.
const DEPTH: usize = 8;
/// Each step of a check has its own limit of time; this is more than all of them together.
const PATIENCE: Duration = Duration::from_secs(20 * 60);
/// The most that is read of an answer, in bytes.
const LENGTH: u64 = 64 << 20;

/// One submission of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Whose it is: the name of the file, or of the folder.
    pub name: String,
    /// The file, or why there is none to be graded.
    pub file: std::result::Result<PathBuf, String>,
}

/// What became of one submission.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Whose it is.
    pub name: String,
    /// The file.
    pub file: String,
    /// What became of it.
    pub verdict: Outcome,
    /// The kind of the first finding, or of what is too slow.
    pub finding: String,
    /// In a sentence.
    pub message: String,
    /// Marks out of 100.
    pub marks: f64,
    /// The speedup, where one was measured.
    pub speedup: Option<f64>,
    /// Wall time of the check, in seconds.
    pub seconds: f64,
    /// The page with the report, in the same folder.
    pub page: String,
    /// The verdict as JSON, in the same folder.
    pub json: String,
}

/// The results of a class.
#[derive(Clone, Debug, Serialize)]
pub struct Results {
    /// The version of this form.
    pub version: u32,
    /// The exercise.
    pub exercise: String,
    /// Its title.
    pub title: String,
    /// The seed of the inputs and schedules, the same for all.
    pub seed: u64,
    /// How many submissions there are; those without a row are not graded yet.
    pub submissions: usize,
    /// One for each that was graded.
    pub rows: Vec<Row>,
}

/// The submissions in a folder: each `NAME.rs` in it, and the file in each folder `NAME`, but not in
/// `reports`, which may lie beside them.
///
/// # Errors
///
/// The folder cannot be read.
pub fn submissions(folder: &Path, exercise: &str, reports: &Path) -> Result<Vec<Submission>> {
    let reports = reports.canonicalize().ok();
    let mut found = Vec::new();
    for entry in sorted(folder)? {
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        let kind = entry.symlink_metadata()?.file_type();
        let rust = entry.extension().is_some_and(|e| e == "rs");
        if name.starts_with('.') || reports.is_some() && entry.canonicalize().ok() == reports {
            continue;
        }
        if kind.is_dir() {
            found.push(Submission {
                name: name.into_owned(),
                file: in_folder(&entry, exercise),
            });
        } else if rust {
            let link = || "it is no ordinary file".to_owned();
            found.push(Submission {
                name: name.trim_end_matches(".rs").to_owned(),
                file: kind.is_file().then(|| entry.clone()).ok_or_else(link),
            });
        }
    }
    Ok(found)
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    Ok(paths)
}

/// The file of one student: the one named as the exercise, or the only one.
fn in_folder(folder: &Path, exercise: &str) -> std::result::Result<PathBuf, String> {
    fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
        for path in sorted(folder).unwrap_or_default() {
            // What links lead to is not the student's own.
            let Ok(kind) = path.symlink_metadata().map(|m| m.file_type()) else {
                continue;
            };
            if kind.is_dir() && depth > 0 {
                collect(&path, depth - 1, files);
            } else if kind.is_file() && path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    collect(folder, DEPTH, &mut files);
    let named = |path: &&PathBuf| path.file_stem().is_some_and(|stem| stem == exercise);
    let mut with_name = files.iter().filter(named);
    match (with_name.next(), with_name.next(), files.as_slice()) {
        (Some(file), None, _) | (None, _, [file]) => Ok(file.clone()),
        (_, _, []) => Err("there is no Rust file in the folder".into()),
        _ => Err(format!(
            "there are {} Rust files in the folder; which one? Name it {exercise}.rs",
            files.len()
        )),
    }
}

/// Names of report files: one for each submission, without what a file system or a page minds.
pub fn stems(submissions: &[Submission]) -> Vec<String> {
    let mut used: HashSet<String> = ["index", "results"].map(str::to_owned).into();
    submissions
        .iter()
        .map(|submission| {
            let plain = |c: char| match c {
                c if c.is_alphanumeric() || "_-.".contains(c) => c,
                _ => '_',
            };
            let name: String = submission.name.chars().take(60).map(plain).collect();
            let name = name.trim_start_matches('.').to_owned();
            let numbered = |n: usize| match n {
                1 => name.clone(),
                n => format!("{name}-{n}"),
            };
            (1..)
                .map(numbered)
                .find(|n| !n.is_empty() && used.insert(n.to_lowercase()))
                .unwrap_or_default()
        })
        .collect()
}

/// How to grade.
pub struct Grading<'a> {
    /// The exercise.
    pub exercise: &'a Exercise,
    /// A folder of exercises, instead of those that the program carries.
    pub folder: Option<&'a Path>,
    /// The seed.
    pub seed: u64,
}

impl Grading<'_> {
    /// Grades one submission; nothing that it does makes this fail.
    pub fn grade(&self, submission: &Submission) -> Verdict {
        let file = match &submission.file {
            Ok(file) => file,
            Err(why) => return Verdict::new(Outcome::Refused, why.clone()),
        };
        if let Err(error) = crate::source::read(file) {
            return Verdict::new(Outcome::Refused, format!("{error:#}"));
        }
        self.check(file)
            .unwrap_or_else(|error| Verdict::new(Outcome::Error, format!("{error:#}")))
    }

    /// Runs the command that checks one file.
    fn check(&self, file: &Path) -> Result<Verdict> {
        // Also when the file is replaced while this program runs.
        let mut command = Command::new("/proc/self/exe");
        command.args(["check", &self.exercise.name, "--untrusted", "--json"]);
        command.args(["--seed", &self.seed.to_string(), "--file"]);
        command.arg(file);
        if let Some(folder) = self.folder {
            command.arg("--dir").arg(folder);
        }
        if let Some(turns) = turns::folder() {
            command.env(turns::FOLDER, turns);
        }
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C is for this program, which ends the check then.
        command.process_group(0);
        let mut child = interrupt::start(&mut command).context("cannot start the check")?;
        let said = child.stdout.take().map(read);
        let errors = child.stderr.take().map(read);
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if started.elapsed() > PATIENCE {
                child.kill()?;
                break child.wait()?;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        interrupt::settle();
        let text = |reader: Option<std::thread::JoinHandle<Vec<u8>>>| {
            reader.and_then(|r| r.join().ok()).unwrap_or_default()
        };
        let (said, errors) = (text(said), text(errors));
        serde_json::from_slice(&said).with_context(|| {
            let errors = String::from_utf8_lossy(&errors);
            let last = errors.lines().last().unwrap_or_default();
            format!("the check ended with {status}, without a verdict: {last}")
        })
    }

    /// The row of a verdict.
    pub fn row(
        &self,
        submission: &Submission,
        verdict: &Verdict,
        stem: &str,
        wall: Duration,
    ) -> Row {
        let file = submission.file.as_ref();
        Row {
            name: submission.name.clone(),
            file: file.map_or(String::new(), |f| f.display().to_string()),
            verdict: verdict.verdict,
            finding: verify::first(verdict),
            message: sentence(verdict),
            marks: marks::of(self.exercise, verdict).total(),
            speedup: verdict.speed.as_ref().map(|s| s.speedup),
            seconds: wall.as_secs_f64(),
            page: format!("{stem}.html"),
            json: format!("{stem}.json"),
        }
    }
}

fn read(mut stream: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = (&mut stream).take(LENGTH).read_to_end(&mut bytes);
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
        bytes
    })
}

/// What there is to say in one line.
fn sentence(verdict: &Verdict) -> String {
    let text = match (verdict.findings.first(), &verdict.speed) {
        (Some(finding), _) => finding.message.clone(),
        (None, Some(speed)) => speed.message.clone(),
        (None, None) if matches!(verdict.verdict, Outcome::Refused | Outcome::Error) => {
            verdict.message.clone()
        }
        (None, None) => verdict.explored(),
    };
    let mut text = crate::show::clean(text.trim().lines().next().unwrap_or_default());
    let unjudged = verdict.threads.as_ref().filter(|t| !t.judged);
    if verdict.verdict == Outcome::Pass && unjudged.is_some() {
        text += "; not judged with real threads";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn submissions_are_found_and_their_reports_have_names_of_their_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            std::fs::write(path, "").expect("writable");
        };
        for file in [
            "reports/x.rs",
            "anna.rs",
            "bert/src/x.rs",
            "cleo/sum.rs",
            "cleo/more.rs",
        ] {
            write(file);
        }
        for file in [
            "dora/a.rs",
            "dora/b.rs",
            "emil/notes.txt",
            ".git/x.rs",
            "notes.txt",
            "index.rs",
        ] {
            write(file);
        }
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("fritz.rs")).expect("a link");
        let found =
            submissions(folder.path(), "sum", &folder.path().join("reports")).expect("readable");
        let files: Vec<_> = found
            .iter()
            .map(|s| {
                let file = s
                    .file
                    .as_ref()
                    .map(|f| f.strip_prefix(folder.path()).expect("below"));
                (s.name.as_str(), file.ok().map(|f| f.display().to_string()))
            })
            .collect();
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(
            files,
            [
                ("anna", some("anna.rs")),
                ("bert", some("bert/src/x.rs")),
                ("cleo", some("cleo/sum.rs")),
                ("dora", None),
                ("emil", None),
                ("fritz", None),
                ("index", some("index.rs")),
            ]
        );
        let same = |name: &str| Submission {
            name: name.to_owned(),
            file: Err(String::new()),
        };
        let names = stems(&[same("Anna"), same("anna"), same("../x y"), same("index")]);
        assert_eq!(names, ["Anna", "anna-2", "_x_y", "index-2"]);
    }
}
