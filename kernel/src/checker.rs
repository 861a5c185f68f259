//! Cells for the checker: `%%interleave` explores a Rust cell under every interleaving, `%%submit`
//! judges it against an exercise, and `%exercise` shows the task.

use serde_json::json;
use tandem_cell::{Cell, CellError, EventKind, MimeBundle, Outcome, Output, Stream};
use tandem_grader::course::exercise::{self, Exercise};
use tandem_grader::explore::{Options, Prepared, prepare_texts};
use tandem_grader::verdict::Verdict;
use tandem_grader::{html, show};

/// The name of the cell's file in reports.
const FILE: &str = "cell.rs";

/// The most choices of a schedule that are kept in a notebook.
const SCHEDULE: usize = 1000;

/// Explores a Rust cell with `#[test]` functions or `fn main`.
pub fn interleave(argument: &str, cell: &Cell, output: &Output) -> Outcome {
    let language = argument.trim();
    if !language.is_empty() && language != "rust" {
        return Outcome::failed(
            "MagicError",
            format!("`%%interleave` knows `rust` and `python`, not `{language}`"),
        );
    }
    let options = Options::default();
    let submission = (FILE.to_owned(), cell.code.clone());
    let verdict = match prepare_texts(submission, None, &options, &mut progress(cell, output)) {
        Ok(Prepared::Ready(ready)) => ready.explore(&options),
        Ok(Prepared::Refused(verdict)) => Ok(verdict),
        Err(error) => Err(error),
    };
    answer(verdict, &[(FILE, &cell.code)], cell, output)
}

/// Judges a Rust cell against an exercise.
pub fn submit(argument: &str, cell: &Cell, output: &Output) -> Outcome {
    let exercise = match find(argument) {
        Ok(exercise) => exercise,
        Err(error) => return Outcome::Failed(error),
    };
    let submission = (FILE.to_owned(), cell.code.clone());
    let verdict = exercise.judge(
        submission,
        &exercise.options(1, false),
        &mut progress(cell, output),
    );
    let check = format!("{}/check.rs", exercise.name);
    answer(
        verdict,
        &[(FILE, &cell.code), (&check, &exercise.check)],
        cell,
        output,
    )
}

/// Shows the task of an exercise, and what to begin with.
///
/// # Errors
///
/// There is no such exercise.
pub fn show_task(argument: &str, cell: &Cell, output: &Output) -> Result<(), CellError> {
    let exercise = find(argument)?;
    let task = exercise.task.trim();
    let cell_text = format!("%%submit {}\n{}", exercise.name, exercise.starter);
    let plain = format!("{task}\n\nBegin with this, in a cell of its own:\n\n{cell_text}");
    // In a notebook the task stands below a heading, and often above the cell to begin with.
    let shown = format!(
        "{}\n\n<details><summary>The cell to begin with</summary>\n\n```rust\n{cell_text}```\n\n</details>\n",
        below(task)
    );
    display(
        json!({"text/markdown": shown, "text/plain": plain}),
        cell,
        output,
    );
    Ok(())
}

/// A text whose headings are those of a part of a page.
fn below(text: &str) -> String {
    let mut code = false;
    let lines = text.lines().map(|line| {
        code ^= line.starts_with("```");
        match line.starts_with('#') && !code {
            true => format!("##{line}"),
            false => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn find(name: &str) -> Result<Exercise, CellError> {
    let found = exercise::carried().and_then(|all| exercise::find(&all, name.trim()).cloned());
    found.map_err(|error| CellError {
        name: "ExerciseError".to_owned(),
        value: error.to_string(),
        traceback: vec![format!("\x1b[1;31mExerciseError\x1b[0m: {error}")],
    })
}

/// What takes time is said while it does.
fn progress<'a>(cell: &'a Cell, output: &'a Output) -> impl FnMut(&str) + 'a {
    move |what| output.text(cell.id, Stream::Stderr, format!("{what} …\n"))
}

/// Shows a verdict. A wrong answer is no error of the notebook: the cells after it go on.
fn answer(
    verdict: anyhow::Result<Verdict>,
    texts: &[(&str, &str)],
    cell: &Cell,
    output: &Output,
) -> Outcome {
    let mut verdict = match verdict {
        Ok(verdict) => verdict,
        Err(error) => return Outcome::failed("CheckerError", format!("{error:#}")),
    };
    // A notebook is no place for hundreds of thousands of choices: a long schedule is a file's.
    for finding in &mut verdict.findings {
        finding.schedule.truncate(SCHEDULE);
    }
    let texts: show::Texts = texts
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    let bundle = json!({
        "text/html": html::fragment(&verdict, &texts),
        "text/plain": show::plain(&verdict, &texts, 100),
        "application/vnd.tandem.verdict+json": verdict,
    });
    display(bundle, cell, output);
    Outcome::Ok
}

/// Shows what a front end can draw.
pub fn display(data: serde_json::Value, cell: &Cell, output: &Output) {
    let data = data.as_object().cloned().unwrap_or_default();
    let bundle = MimeBundle {
        data,
        metadata: Default::default(),
    };
    output.send(
        cell.id,
        EventKind::Display {
            bundle,
            display_id: None,
        },
    );
}
