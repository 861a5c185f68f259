//! What leads a student from one exercise to the next.

use super::chosen;
use anstream::{print, println};
use anyhow::{Result, bail};
use std::path::Path;
use tandem_grader::course::exercise::{self, Exercise};
use tandem_grader::course::progress::Copy;
use tandem_grader::{explain, terminal};

/// What a bare `tandem-grader` says.
pub fn welcome() -> Result<u8> {
    println!("tandem-grader finds the interleaving that breaks a concurrent Rust program.\n");
    match Copy::around(Path::new(".")) {
        Ok(copy) => {
            let exercises = exercise::carried()?;
            println!("{}", solved(&copy, &exercises));
            if let Some(next) = copy.next(&exercises) {
                println!("The next one: {} · {}", next.name, next.about.title);
            }
            println!();
            println!("  tandem-grader next     shows its task");
            println!("  tandem-grader check    checks your file");
            println!("  tandem-grader watch    checks it whenever you save");
            println!("  tandem-grader hint     helps a little, more each time");
            println!("  tandem-grader list     shows all exercises");
        }
        Err(_) => {
            println!("Begin here:\n");
            println!("  tandem-grader init concurrency   makes a folder with exercises");
            println!("\nOr check a file of your own, with `#[test]` functions or `fn main`:\n");
            println!("  tandem-grader explore FILE       searches its interleavings");
            println!(
                "  tandem-grader speedup FILE       says whether it gets faster with more cores"
            );
        }
    }
    println!("\n`tandem-grader help` shows all commands.");
    Ok(0)
}

/// How many are solved.
pub fn solved(copy: &Copy, exercises: &[Exercise]) -> String {
    let solved = exercises.iter().filter(|e| copy.reached(e).solved).count();
    format!(
        "You have solved {solved} of {} exercises here.",
        exercises.len()
    )
}

/// Makes a working copy.
pub fn init(folder: &Path) -> Result<u8> {
    let exercises = exercise::carried()?;
    let (_, written) = Copy::make(folder, &exercises)?;
    let kept = 2 * exercises.len() - written;
    println!(
        "{} exercises are in {}: {written} files were written{}.",
        exercises.len(),
        folder.display(),
        match kept {
            0 => String::new(),
            kept => format!(", {kept} were there and stay as they are"),
        }
    );
    println!("\n  cd {}\n  tandem-grader next", folder.display());
    Ok(0)
}

/// Lists the exercises.
pub fn list() -> Result<u8> {
    let exercises = exercise::carried()?;
    let copy = Copy::around(Path::new(".")).ok();
    let next = copy.as_ref().and_then(|c| c.next(&exercises));
    let mut topic = String::new();
    for exercise in &exercises {
        if exercise.topic != topic {
            topic.clone_from(&exercise.topic);
            println!("{topic}");
        }
        let solved = copy.as_ref().is_some_and(|c| c.reached(exercise).solved);
        let is_next = next.is_some_and(|next| next.name == exercise.name);
        let mark = match (solved, is_next) {
            (true, _) => "x",
            (_, true) => ">",
            _ => " ",
        };
        let level = "*".repeat(exercise.about.difficulty as usize);
        println!(
            "  {mark} {:24} {level:5} {}",
            exercise.name, exercise.about.title
        );
    }
    match copy {
        Some(copy) => println!("\n{} x: solved, >: next", solved(&copy, &exercises)),
        None => println!("\n`tandem-grader init DIR` makes a folder with them."),
    }
    Ok(0)
}

/// Shows the next task.
pub fn next(name: Option<&str>) -> Result<u8> {
    let exercises = exercise::carried()?;
    let copy = Copy::around(Path::new("."))?;
    if name.is_none() && copy.next(&exercises).is_none() {
        println!("All {} exercises are solved.", exercises.len());
        return Ok(0);
    }
    let exercise = chosen(&copy, &exercises, name)?;
    print!("{}", terminal::page(&exercise.task));
    println!(
        "\nEdit {}, and type `tandem-grader check`.",
        terminal::path(&copy.file(exercise))
    );
    Ok(0)
}

/// Shows one more hint.
pub fn hint(name: Option<&str>) -> Result<u8> {
    let exercises = exercise::carried()?;
    let mut copy = Copy::around(Path::new("."))?;
    let exercise = chosen(&copy, &exercises, name)?;
    let shown = (copy.reached(exercise).hints + 1).min(exercise.hints.len());
    println!("{} · {}\n", exercise.name, exercise.about.title);
    print!("{}", terminal::page(&hints(exercise, shown)));
    copy.reach(exercise, |r| r.hints = shown)?;
    Ok(0)
}

/// The first hints of an exercise.
pub fn hints(exercise: &Exercise, shown: usize) -> String {
    let mut text = String::new();
    for (number, hint) in exercise.hints.iter().take(shown).enumerate() {
        text += &format!("{}. {}\n", number + 1, hint.trim());
    }
    if shown == exercise.hints.len() {
        text += "\nThat was the last hint.\n";
    }
    text
}

/// Explains a kind of finding; without one, says which there are.
pub fn explain(kind: Option<&str>) -> Result<u8> {
    let Some(kind) = kind else {
        for kind in explain::KINDS {
            let text = explain::text(kind).unwrap_or_default();
            let first = text.split(['.', '\n']).next().unwrap_or_default();
            // Broken lines begin below the sentence, not below the kind.
            let line = terminal::fitted(&format!("{:16} {first}", ""));
            println!("{kind:16}{}", &line[16..]);
        }
        println!("\n`tandem-grader explain KIND` says more.");
        return Ok(0);
    };
    match explain::text(kind) {
        Some(text) => println!("{}", terminal::fitted(text)),
        None => bail!(
            "there is no finding {kind:?}; there are {}",
            explain::KINDS.join(", ")
        ),
    }
    Ok(0)
}
