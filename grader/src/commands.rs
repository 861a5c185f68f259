//! What the commands for exercises do.

mod class;
mod forms;

pub use class::{Class, class};

use anstream::{eprintln, print, println};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use tandem_grader::course::exercise::{self, Exercise};
use tandem_grader::course::progress::Copy;
use tandem_grader::course::{verify, watch};
use tandem_grader::replay::Recording;
use tandem_grader::verdict::{Outcome, Verdict};
use tandem_grader::{files, html, show, source};

/// What a bare `tandem-grader` says.
pub fn welcome() -> Result<u8> {
    println!("tandem-grader finds the interleaving that breaks a concurrent Rust program.\n");
    match Copy::around(Path::new(".")) {
        Ok(copy) => {
            let exercises = exercise::carried()?;
            let solved = exercises.iter().filter(|e| copy.reached(e).solved).count();
            println!(
                "You have solved {solved} of {} exercises here.\n",
                exercises.len()
            );
            println!("  tandem-grader next     the next task");
            println!("  tandem-grader check    checks it");
            println!("  tandem-grader watch    checks it whenever you save");
            println!("  tandem-grader hint     helps a little");
        }
        Err(_) => {
            println!("  tandem-grader init DIR       a working copy of the exercises: begin here");
            println!(
                "  tandem-grader explore FILE   any Rust file with `#[test]` functions or `fn main`"
            );
        }
    }
    println!("\n`tandem-grader help` shows all commands.");
    Ok(0)
}

/// Makes a working copy.
pub fn init(folder: &Path) -> Result<u8> {
    let exercises = exercise::carried()?;
    let (_, written) = Copy::make(folder, &exercises)?;
    println!(
        "{} exercises are in {} ({written} files written, none changed).",
        exercises.len(),
        folder.display()
    );
    println!("Go there, and type `tandem-grader next`.");
    Ok(0)
}

/// Lists the exercises.
pub fn list() -> Result<u8> {
    let exercises = exercise::carried()?;
    let copy = Copy::around(Path::new(".")).ok();
    let mut topic = String::new();
    for exercise in &exercises {
        if exercise.topic != topic {
            topic.clone_from(&exercise.topic);
            println!("{topic}");
        }
        let solved = copy.as_ref().is_some_and(|c| c.reached(exercise).solved);
        let level = "*".repeat(exercise.about.difficulty as usize);
        println!(
            "  {} {:24} {:5} {}",
            if solved { "x" } else { " " },
            exercise.name,
            level,
            exercise.about.title
        );
    }
    Ok(0)
}

/// Shows the next task.
pub fn next() -> Result<u8> {
    let exercises = exercise::carried()?;
    let copy = Copy::around(Path::new("."))?;
    let Some(exercise) = copy.next(&exercises) else {
        println!("All {} exercises are solved.", exercises.len());
        return Ok(0);
    };
    println!("{}\n", exercise.task.trim());
    println!(
        "Edit {}, and type `tandem-grader check`.",
        copy.file(exercise).display()
    );
    Ok(0)
}

/// Shows one more hint.
pub fn hint(name: Option<&str>) -> Result<u8> {
    let exercises = exercise::carried()?;
    let mut copy = Copy::around(Path::new("."))?;
    let exercise = chosen(&copy, &exercises, name)?;
    let shown = (copy.reached(exercise).hints + 1).min(exercise.hints.len());
    for (number, hint) in exercise.hints.iter().take(shown).enumerate() {
        println!("{}. {}", number + 1, hint.trim());
    }
    if shown == exercise.hints.len() {
        println!("That was the last hint.");
    }
    copy.reach(exercise, |r| r.hints = shown)?;
    Ok(0)
}

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
    let name = stem.or_else(|| arguments.what.clone());
    let exercise = match (&name, &copy) {
        (Some(name), _) => exercise::find(&exercises, name)?,
        (None, Some(copy)) => chosen(copy, &exercises, None)?,
        (None, None) => bail!(
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
    let verdict = judge(exercise, &path, seed, !arguments.json)?;
    if let Some(mut copy) = copy
        && own.is_some_and(|own| path.canonicalize().ok() == own.canonicalize().ok())
    {
        copy.reach(exercise, |r| {
            r.checks += 1;
            r.solved |= verdict.verdict == Outcome::Pass;
        })?;
    }
    let texts = [
        (path.display().to_string(), source::read(&path)?),
        (
            format!("{}/check.rs", exercise.name),
            exercise.check.clone(),
        ),
    ];
    let texts = texts.into_iter().collect();
    if let Some(file) = &arguments.html {
        let page = html::page(&verdict, &texts, &exercise.about.title);
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
        tell(exercise, &verdict, &texts);
    }
    Ok(verdict.verdict.exit_status())
}

/// Checks a file against an exercise, and records what it finds.
fn judge(exercise: &Exercise, path: &Path, seed: u64, color: bool) -> Result<Verdict> {
    let submission = (path.display().to_string(), source::read(path)?);
    let options = exercise.options(
        seed,
        color && std::io::IsTerminal::is_terminal(&std::io::stdout()),
    );
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

fn tell(exercise: &Exercise, verdict: &Verdict, texts: &show::Texts) {
    let width = std::env::var("COLUMNS")
        .ok()
        .and_then(|c| c.parse().ok())
        .unwrap_or(120);
    println!("{} · {}\n", exercise.name, exercise.about.title);
    print!("{}", show::verdict(verdict, texts, width));
    match verdict.verdict {
        Outcome::Pass => println!("\nSolved. `tandem-grader next` shows the next task."),
        Outcome::Fail => println!("\n`tandem-grader hint {}` helps a little.", exercise.name),
        _ => {}
    }
}

/// Writes the beginning of an exercise.
pub fn new(folder: &Path) -> Result<u8> {
    if folder.exists() {
        bail!("{} exists already: nothing was written", folder.display());
    }
    let name = folder
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .context("name a folder")?;
    for (file, text) in TEMPLATE {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(&path, text.replace("NAME", &name))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let topic = folder.parent().unwrap_or(Path::new("."));
    println!(
        "{} files are in {}. Edit them, and hold them to their promises:\n  tandem-grader verify --dir {} {name}",
        TEMPLATE.len(),
        folder.display(),
        topic
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
            .display()
    );
    Ok(0)
}

/// An exercise that keeps its promises, to begin with.
const TEMPLATE: &[(&str, &str)] = &[
    ("exercise.toml", include_str!("template/exercise.toml")),
    ("README.md", include_str!("template/README.md")),
    ("starter.rs", include_str!("template/starter.rs")),
    ("solution.rs", include_str!("template/solution.rs")),
    ("check.rs", include_str!("template/check.rs")),
    ("hints/1.md", "Where does it go wrong, and when?\n"),
    ("hints/2.md", "Which steps must not be interrupted?\n"),
    (
        "hints/3.md",
        "There is one atomic operation that does all of it.\n",
    ),
    ("bugs/gives_up.rs", include_str!("template/gives_up.rs")),
    (
        "bugs/locks_too_late.rs",
        include_str!("template/locks_too_late.rs"),
    ),
    (
        "bugs/stores_twice.rs",
        include_str!("template/stores_twice.rs"),
    ),
];

/// Checks an exercise whenever its file is saved.
pub fn watch(name: Option<&str>) -> Result<u8> {
    let exercises = exercise::carried()?;
    let keys = watch::Keys::read();
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stdout());
    let mut name = name.map(str::to_owned);
    loop {
        let mut copy = Copy::around(Path::new("."))?;
        let Some(exercise) = name.as_deref().map_or_else(
            || Ok(copy.next(&exercises)),
            |n| exercise::find(&exercises, n).map(Some),
        )?
        else {
            println!("All {} exercises are solved.", exercises.len());
            return Ok(0);
        };
        let path = copy.file(exercise);
        let since = watch::saved(&path);
        let verdict = judge(exercise, &path, 1, true)?;
        copy.reach(exercise, |r| {
            r.checks += 1;
            r.solved |= verdict.verdict == Outcome::Pass;
        })?;
        if terminal {
            // Cleared only when the new text is there: no flicker.
            print!("\x1b[H\x1b[2J");
        }
        let texts = std::iter::once((path.display().to_string(), source::read(&path)?)).collect();
        tell(exercise, &verdict, &texts);
        let solved = exercises.iter().filter(|e| copy.reached(e).solved);
        println!(
            "\n{} of {} solved · {}   [Enter] again  [n] next  [h] hint  [q] quit",
            solved.count(),
            exercises.len(),
            path.display()
        );
        name = Some(exercise.name.clone());
        loop {
            match keys.wait(&path, since) {
                watch::Event::Typed(line) => match line.as_str() {
                    "q" => return Ok(0),
                    "h" => {
                        hint(name.as_deref())?;
                        continue;
                    }
                    "n" => name = None,
                    _ => {}
                },
                watch::Event::Saved => {}
                watch::Event::Ended => return Ok(0),
            }
            break;
        }
        if terminal {
            print!("checking …");
            std::io::Write::flush(&mut std::io::stdout())?;
        }
    }
}

/// Holds exercises to their promises.
pub fn verify(folder: Option<&Path>, names: &[String]) -> Result<u8> {
    let exercises = exercises(folder)?;
    for name in names {
        exercise::find(&exercises, name)?;
    }
    let mut failed = 0;
    for exercise in exercises
        .iter()
        .filter(|e| names.is_empty() || names.contains(&e.name))
    {
        let wrong = verify::verify(exercise)?;
        println!(
            "{} {}/{}",
            if wrong.is_empty() { "ok  " } else { "FAIL" },
            exercise.topic,
            exercise.name
        );
        for fault in &wrong {
            println!("       {fault}");
        }
        failed += usize::from(!wrong.is_empty());
    }
    if failed > 0 {
        eprintln!("{failed} exercises do not keep their promises");
    }
    Ok(u8::from(failed > 0))
}

/// Explains a kind of finding.
pub fn explain(kind: &str) -> Result<u8> {
    use tandem_grader::explain;
    match explain::text(kind) {
        Some(text) => println!("{text}"),
        None => bail!(
            "there is no finding {kind:?}; there are {}",
            explain::KINDS.join(", ")
        ),
    }
    Ok(0)
}
