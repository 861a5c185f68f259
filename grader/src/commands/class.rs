//! Grades the submissions of a class.

use crate::commands::exercises;
use anstream::{print, println};
use anyhow::{Context, Result};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tandem_grader::course::class::{self, Grading, Results, Row, Submission, report};
use tandem_grader::course::crowd;
use tandem_grader::course::exercise::{self, Exercise};
use tandem_grader::show::{self, clean};
use tandem_grader::verdict::{Outcome, Verdict};
use tandem_grader::{files, html, source, terminal};

/// Which submissions, and where the reports go.
#[derive(clap::Args)]
pub struct Class {
    /// The exercise.
    exercise: String,
    /// The folder of submissions: `NAME.rs`, or `NAME/` with one Rust file, or with `EXERCISE.rs`,
    /// anywhere in it.
    folder: PathBuf,
    /// The folder of the reports.
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// A folder of exercises, instead of those that the program carries.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The seed of inputs and schedules, the same for all; without it, a new one, so that nobody can
    /// know the inputs. It stands in the results.
    #[arg(long)]
    seed: Option<u64>,
    /// How many are graded at once; without it, as many as there are cores, where there is memory for so
    /// many. The verdicts are the same.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Prints the results as one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// Grades a class.
pub fn class(arguments: &Class) -> Result<u8> {
    let exercises = exercises(arguments.dir.as_deref())?;
    let exercise = exercise::find(&exercises, &arguments.exercise)?;
    let output = arguments
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("{}-report", exercise.name)));
    let submissions = class::submissions(&arguments.folder, &exercise.name, &output)?;
    anyhow::ensure!(
        !submissions.is_empty(),
        "there are no submissions in {}: neither Rust files nor folders",
        arguments.folder.display()
    );
    std::fs::create_dir_all(&output)
        .with_context(|| format!("cannot create {}", output.display()))?;
    let seed = match arguments.seed {
        Some(seed) => seed,
        None => chance()?,
    };
    let grading = Grading {
        exercise,
        folder: arguments.dir.as_deref(),
        seed,
    };
    let mut results = Results {
        version: class::VERSION,
        exercise: exercise.name.clone(),
        title: exercise.about.title.clone(),
        seed,
        submissions: submissions.len(),
        rows: Vec::new(),
    };
    let names = submissions.iter().map(|s| clean(&s.name).chars().count());
    let width = names.max().unwrap_or(4).clamp(4, 32);
    if !arguments.json {
        println!(
            "{} · {}, seed {seed}\n",
            exercise.name, exercise.about.title
        );
        println!("{:width$}  verdict  marks  what", "name");
    }
    let stems = class::stems(&submissions);
    let progress = std::io::stderr().is_terminal();
    let say = |graded: usize| {
        if progress {
            // Not for the writer that takes sequences away where no colours are wanted.
            std::eprint!("\r\x1b[2K[{graded}/{}] …", submissions.len());
            let _ = std::io::stderr().flush();
        }
    };
    let grade = |index: usize| {
        let started = Instant::now();
        let verdict = grading.grade(&submissions[index]);
        (verdict, started.elapsed())
    };
    say(0);
    crowd::each(submissions.len(), arguments.jobs, grade, |index, graded| {
        let (verdict, wall) = graded;
        let submission = &submissions[index];
        let row = grading.row(submission, &verdict, &stems[index], wall);
        write(&output, exercise, submission, &verdict, &row)?;
        if progress {
            std::eprint!("\r\x1b[2K");
        }
        if !arguments.json {
            print!("{}", line(&row, width));
        }
        results.rows.push(row);
        say(results.rows.len());
        // Always whole: whoever interrupts has what there is so far.
        write_all(&output, &results)
    })?;
    if progress {
        std::eprint!("\r\x1b[2K");
    }
    if arguments.json {
        println!("{}", serde_json::to_string(&results)?);
    } else {
        println!("\n{}", report::summary(&results));
        println!("{}", output.join("index.html").display());
    }
    let failed = results.rows.iter().any(|r| r.verdict == Outcome::Error);
    Ok(if failed { 3 } else { 0 })
}

/// A seed that nobody knows.
pub fn chance() -> Result<u64> {
    let mut bytes = [0; 4];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut bytes))
        .context("no random numbers: give a --seed")?;
    Ok(u32::from_le_bytes(bytes).into())
}

fn line(row: &Row, width: usize) -> String {
    use anstyle::{AnsiColor, Style};
    let color = match row.verdict {
        Outcome::Pass => AnsiColor::Green,
        _ => AnsiColor::Red,
    };
    let name: String = clean(&row.name).chars().take(width).collect();
    let finding = match row.finding.as_str() {
        "" => String::new(),
        finding => format!("{finding}: "),
    };
    // What stands before it takes 18 columns, besides the name.
    let room = terminal::width().saturating_sub(width + 18).max(20);
    let what: String = format!("{finding}{}", row.message)
        .chars()
        .take(room)
        .collect();
    format!(
        "{name:width$}  {}{:7}{}  {:5}  {what}\n",
        color.on_default().render(),
        report::word(row.verdict),
        Style::new().render_reset(),
        row.marks,
    )
}

/// The report of one submission.
fn write(
    output: &Path,
    exercise: &Exercise,
    submission: &Submission,
    verdict: &Verdict,
    row: &Row,
) -> Result<()> {
    let mut texts = show::Texts::new();
    texts.insert(
        format!("{}/check.rs", exercise.name),
        exercise.check.clone(),
    );
    if let Ok(file) = &submission.file
        && let Ok(text) = source::read(file)
    {
        texts.insert(file.display().to_string(), text);
    }
    let title = format!("{} · {}", submission.name, exercise.about.title);
    let page = html::page(verdict, &texts, &title);
    files::write(&output.join(&row.page), page.as_bytes())?;
    let json = serde_json::to_vec_pretty(verdict)?;
    files::write(&output.join(&row.json), &json)
}

fn write_all(output: &Path, results: &Results) -> Result<()> {
    files::write(
        &output.join("index.html"),
        report::index(results).as_bytes(),
    )?;
    files::write(&output.join("results.csv"), report::csv(results).as_bytes())?;
    let json = serde_json::to_vec_pretty(results)?;
    files::write(&output.join("results.json"), &json)
}
