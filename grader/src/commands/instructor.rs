//! For those who write exercises.

use super::exercises;
use anstream::{eprintln, println};
use anyhow::{Context, Result, bail};
use std::path::Path;
use tandem_grader::course::{crowd, exercise, verify};

/// Writes the beginning of an exercise.
pub fn new(folder: &Path) -> Result<u8> {
    if folder.exists() {
        bail!("{} exists already: nothing was written", folder.display());
    }
    let name = |folder: &Path| folder.file_name().map(|n| n.to_string_lossy().into_owned());
    let topic = folder.parent().filter(|topic| name(topic).is_some());
    let (Some(name), Some(topic)) = (name(folder), topic) else {
        bail!("an exercise lies in the folder of a topic: `exercises/2_threading/my_exercise`");
    };
    for (file, text) in TEMPLATE {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(&path, text.replace("NAME", &name))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let all = topic.parent().filter(|all| !all.as_os_str().is_empty());
    println!(
        "{} files are in {}. Edit them, and hold them to their promises:\n  tandem-grader verify --dir {} {name}",
        TEMPLATE.len(),
        folder.display(),
        all.unwrap_or(Path::new(".")).display()
    );
    Ok(0)
}

/// An exercise that keeps its promises, to begin with.
const TEMPLATE: &[(&str, &str)] = &[
    ("exercise.toml", include_str!("../template/exercise.toml")),
    ("README.md", include_str!("../template/README.md")),
    ("starter.rs", include_str!("../template/starter.rs")),
    ("solution.rs", include_str!("../template/solution.rs")),
    ("check.rs", include_str!("../template/check.rs")),
    ("hints/1.md", "Where does it go wrong, and when?\n"),
    ("hints/2.md", "Which steps must not be interrupted?\n"),
    (
        "hints/3.md",
        "There is one atomic operation that does all of it.\n",
    ),
    ("bugs/gives_up.rs", include_str!("../template/gives_up.rs")),
    (
        "bugs/locks_too_late.rs",
        include_str!("../template/locks_too_late.rs"),
    ),
    (
        "bugs/stores_twice.rs",
        include_str!("../template/stores_twice.rs"),
    ),
];

/// Holds exercises to their promises.
pub fn verify(folder: Option<&Path>, names: &[String], jobs: Option<usize>) -> Result<u8> {
    let exercises = exercises(folder)?;
    for name in names {
        exercise::find(&exercises, name)?;
    }
    let chosen: Vec<_> = exercises
        .iter()
        .filter(|e| names.is_empty() || names.contains(&e.name))
        .collect();
    let mut failed = 0;
    let hold = |index: usize| verify::verify(chosen[index]);
    crowd::each(chosen.len(), jobs, hold, |index, wrong| {
        let (exercise, wrong) = (chosen[index], wrong?);
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
        Ok(())
    })?;
    if failed > 0 {
        eprintln!("{failed} exercises do not keep their promises");
    }
    Ok(u8::from(failed > 0))
}
