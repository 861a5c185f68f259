//! What the commands for exercises do.

mod class;
mod forms;
mod instructor;
mod student;
mod watch;

pub use class::{Class, class};
pub use instructor::{new, verify};
pub use student::{explain, hint, init, list, next, welcome};
pub use watch::watch;

use anstream::{print, println};
use anyhow::{Context, Result, bail};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use tandem_grader::course::exercise::{self, Exercise};
use tandem_grader::course::progress::Copy;
use tandem_grader::course::verify;
use tandem_grader::replay::Recording;
use tandem_grader::verdict::{Outcome, Verdict};
use tandem_grader::{files, html, show, source, terminal};

fn chosen<'a>(copy: &Copy, exercises: &'a [Exercise], name: Option<&str>) -> Result<&'a Exercise> {
    match name {
        Some(name) => exercise::find(exercises, name),
        None => copy
            .next(exercises)
            .context("all exercises are solved: name one"),
    }
}

/// What to check, and how to answer.
#[derive(clap::Args)]
pub struct Check {
    /// The exercise, or its file; without it, the next one.
    what: Option<String>,
    /// The file, where it is not the one of the working copy.
    #[arg(long)]
    file: Option<PathBuf>,
    /// A folder of exercises, instead of those that the program carries.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The seed of inputs and random choices; without it 1, or, for the work of others, one that
    /// nobody can know.
    #[arg(long)]
    seed: Option<u64>,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Colours the compiler's messages, also in JSON.
    #[arg(long, hide = true)]
    color: bool,
    /// Writes a page with the report.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Writes a report in JUnit's form.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Writes a report in the form of Gradescope's `results.json`.
    #[arg(long, value_name = "FILE")]
    gradescope: Option<PathBuf>,
    /// For the work of others: refuses where there is no sandbox.
    #[arg(long)]
    pub untrusted: bool,
}

/// The exercises below a folder, or those that the program carries.
pub(crate) fn exercises(folder: Option<&Path>) -> Result<Vec<Exercise>> {
    match folder {
        Some(folder) => exercise::below(folder),
        None => exercise::carried(),
    }
}

/// Checks a submission.
pub fn check(arguments: &Check) -> Result<u8> {
    let exercises = exercises(arguments.dir.as_deref())?;
    let given = arguments
        .what
        .as_ref()
        .map(PathBuf::from)
        .filter(|p| p.extension().is_some_and(|e| e == "rs"));
    let stem = given
        .as_ref()
        .and_then(|p| p.file_stem())
        .map(|s| s.to_string_lossy().into_owned());
    let copy = Copy::around(Path::new(".")).ok();
    let exercise = match (&stem, &arguments.what, &copy) {
        (Some(stem), Some(what), _) => exercise::find(&exercises, stem).with_context(|| {
            format!(
                "which exercise is {what} for? `tandem-grader check EXERCISE --file {what}` says it; \
                 `tandem-grader explore {what}` takes any file"
            )
        })?,
        (_, Some(name), _) => exercise::find(&exercises, name)?,
        (_, None, Some(copy)) => chosen(copy, &exercises, None)?,
        (_, None, None) => bail!(
            "name an exercise, or go to your working copy (`tandem-grader init DIR` makes one)"
        ),
    };
    let own = copy.as_ref().map(|c| c.file(exercise));
    let Some(path) = arguments.file.clone().or(given).or_else(|| own.clone()) else {
        bail!("name the file with --file, or go to your working copy");
    };
    let seed = match (arguments.seed, arguments.untrusted) {
        (Some(seed), _) => seed,
        (None, true) => class::chance()?,
        (None, false) => 1,
    };
    let place = match &own {
        Some(own) if path.canonicalize().ok() == own.canonicalize().ok() => Place::Own,
        Some(_) => Place::Beside,
        None => Place::Elsewhere,
    };
    if place == Place::Own && !path.exists() {
        bail!(
            "{} is not there; `tandem-grader init {}` writes it anew",
            terminal::path(&path),
            copy.map_or(String::new(), |c| c.folder.display().to_string())
        );
    }
    let colored = arguments.color || !arguments.json && std::io::stdout().is_terminal();
    let verdict = judge(exercise, &path, seed, colored)?;
    if let Some(mut copy) = copy
        && place == Place::Own
    {
        copy.reach(exercise, |r| {
            r.checks += 1;
            r.solved |= verdict.verdict == Outcome::Pass;
        })?;
    }
    let texts = texts(exercise, &path)?;
    if let Some(file) = &arguments.html {
        let title = format!("{} · {}", exercise.name, exercise.about.title);
        let page = html::page(&verdict, &texts, &title);
        files::write(file, page.as_bytes())?;
    }
    if let Some(file) = &arguments.junit {
        files::write(file, forms::junit(exercise, &verdict).as_bytes())?;
    }
    if let Some(file) = &arguments.gradescope {
        let results = serde_json::to_string_pretty(&forms::gradescope(exercise, &verdict))?;
        files::write(file, results.as_bytes())?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string(&verdict)?);
    } else {
        let text = report(exercise, &verdict, &texts, terminal::width(), place);
        print!("{}", terminal::fitted(&text));
    }
    Ok(verdict.verdict.exit_status())
}

/// The texts that a report on a file quotes.
fn texts(exercise: &Exercise, path: &Path) -> Result<show::Texts> {
    let check = (
        format!("{}/check.rs", exercise.name),
        exercise.check.clone(),
    );
    Ok([(terminal::path(path), source::read(path)?), check].into())
}

/// Checks a file against an exercise, and records what it finds.
fn judge(exercise: &Exercise, path: &Path, seed: u64, color: bool) -> Result<Verdict> {
    let submission = (terminal::path(path), source::read(path)?);
    let options = exercise.options(seed, color);
    let mut verdict = exercise.judge(submission.clone(), &options, &mut crate::progress)?;
    for finding in verdict.findings.iter_mut().filter(|f| !f.real_threads) {
        let check = Some((
            format!("{}/check.rs", exercise.name),
            exercise.check.clone(),
        ));
        let recording = Recording::new(submission.clone(), check, &options, 0, finding);
        finding.replay = Some(recording.save()?.display().to_string());
    }
    Ok(verdict)
}

/// Where a check was run from: what there is to say behind its report.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The file of the working copy.
    Own,
    /// The same, on the screen of `watch`.
    Watched,
    /// Another one, beside a working copy.
    Beside,
    /// There is no working copy.
    Elsewhere,
}

/// The report on a check, as wide as `width`.
fn report(
    exercise: &Exercise,
    verdict: &Verdict,
    texts: &show::Texts,
    width: usize,
    place: Place,
) -> String {
    let mut text = format!("{} · {}\n\n", exercise.name, exercise.about.title);
    text += &show::verdict(verdict, texts, width);
    let check = format!("> {}/check.rs:", exercise.name);
    let more = match (verdict.verdict, place) {
        (Outcome::Pass, Place::Own) => "Solved. `tandem-grader next` shows the next task.".into(),
        (Outcome::Pass, Place::Watched) => "Solved: n goes on to the next task.".into(),
        (Outcome::Pass, Place::Beside) => {
            "It passes. It is not the file of your working copy, so it does not count there.".into()
        }
        (Outcome::Fail, Place::Own) => format!(
            "`tandem-grader hint {}` helps a little; `tandem-grader explain {}` says what this means.",
            exercise.name,
            verify::first(verdict)
        ),
        (Outcome::Refused, _) if plain(&verdict.message).contains(&check) => {
            "The check cannot be compiled with your file: does it still have everything that it began \
             with, under the same names?"
                .into()
        }
        _ => String::new(),
    };
    if !more.is_empty() {
        text += &format!("\n{more}\n");
    }
    text
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
