//! Exercises: what the folder of each holds.

use super::full_size::FullSize;
use crate::explore::{Options, Prepared, prepare_texts};
use crate::speedup::Demand;
use crate::verdict::{Outcome, Verdict};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The exercises that the program carries, by path.
const CARRIED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/exercises.rs"));

/// `exercise.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The version of this form: 1.
    pub version: u32,
    /// The title.
    pub title: String,
    /// From 1, easy, to 5.
    pub difficulty: u8,
    /// One line on what is checked.
    pub checked: String,
    /// Processor time of the exploration, in milliseconds.
    #[serde(default = "budget")]
    pub budget_ms: u64,
    /// What `available_parallelism` answers.
    #[serde(default = "threads")]
    pub threads: usize,
    /// Whether `unsafe` may be used.
    #[serde(default)]
    pub unsafe_code: bool,
    /// The speedup that is asked for, where one is: measured with `speed.rs`.
    #[serde(default)]
    pub speed: Option<Demand>,
    /// The edition of the files.
    #[serde(default = "edition")]
    pub edition: String,
    /// For each wrong submission in `bugs/`, the kinds of finding it must get.
    pub bugs: BTreeMap<String, Vec<String>>,
}

fn budget() -> u64 {
    2000
}
fn threads() -> usize {
    2
}
fn edition() -> String {
    "2024".into()
}

/// One exercise.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// Its name.
    pub name: String,
    /// The folder of its topic: `3_semaphores`.
    pub topic: String,
    /// What it is.
    pub about: About,
    /// The task.
    pub task: String,
    /// What the student begins with.
    pub starter: String,
    /// A right answer.
    pub solution: String,
    /// The check.
    pub check: String,
    /// Large inputs, chosen by chance, and the right answers: for real threads, and for measuring
    /// where speed is asked for.
    pub speed: Option<String>,
    /// From a nudge to nearly the answer.
    pub hints: Vec<String>,
    /// Wrong answers, by name.
    pub bugs: BTreeMap<String, String>,
}

/// All exercises that the program carries, in the order of the course.
///
/// # Errors
///
/// One is not complete.
pub fn carried() -> Result<Vec<Exercise>> {
    let files = CARRIED
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    read(&files)
}

/// All exercises below a folder.
///
/// # Errors
///
/// A file cannot be read, or an exercise is not complete.
pub fn below(folder: &Path) -> Result<Vec<Exercise>> {
    fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) -> Result<()> {
        for entry in std::fs::read_dir(folder)
            .with_context(|| format!("cannot read {}", folder.display()))?
        {
            let path = entry?.path();
            if path.is_dir() {
                collect(root, &path, files)?;
            } else if path
                .extension()
                .is_some_and(|e| e == "rs" || e == "md" || e == "toml")
            {
                files.insert(
                    path.strip_prefix(root)?.display().to_string(),
                    crate::source::read(&path)?,
                );
            }
        }
        Ok(())
    }
    let mut files = BTreeMap::new();
    collect(folder, folder, &mut files)?;
    read(&files)
}

fn read(files: &BTreeMap<String, String>) -> Result<Vec<Exercise>> {
    let mut exercises = Vec::new();
    for path in files.keys() {
        let Some(folder) = path.strip_suffix("/exercise.toml") else {
            continue;
        };
        let (topic, name) = folder
            .split_once('/')
            .with_context(|| format!("{path}: not in a topic's folder"))?;
        let file = |name: &str| {
            files
                .get(&format!("{folder}/{name}"))
                .cloned()
                .with_context(|| format!("{folder}/{name} is missing"))
        };
        let about: About = toml::from_str(&files[path])
            .with_context(|| format!("{path} is not as it should be"))?;
        if about.version != 1 {
            bail!("{path}: version {} is not known", about.version);
        }
        let below = |part: &str| {
            let prefix = format!("{folder}/{part}/");
            files
                .iter()
                .filter_map(move |(path, text)| {
                    Some((path.strip_prefix(&prefix)?.to_owned(), text.clone()))
                })
                .collect::<Vec<_>>()
        };
        exercises.push(Exercise {
            name: name.to_owned(),
            topic: topic.to_owned(),
            task: file("README.md")?,
            starter: file("starter.rs")?,
            solution: file("solution.rs")?,
            check: file("check.rs")?,
            speed: match about.speed {
                Some(_) => Some(file("speed.rs")?),
                None => file("large.rs").ok(),
            },
            hints: below("hints").into_iter().map(|(_, text)| text).collect(),
            bugs: below("bugs")
                .into_iter()
                .map(|(name, text)| (name.trim_end_matches(".rs").to_owned(), text))
                .collect(),
            about,
        });
    }
    exercises.sort_by(|a, b| {
        (&a.topic, a.about.difficulty, &a.name).cmp(&(&b.topic, b.about.difficulty, &b.name))
    });
    Ok(exercises)
}

/// The exercise with this name.
///
/// # Errors
///
/// There is none; names that are like it are told.
pub fn find<'a>(exercises: &'a [Exercise], name: &str) -> Result<&'a Exercise> {
    if let Some(exercise) = exercises.iter().find(|e| e.name == name) {
        return Ok(exercise);
    }
    let like: Vec<&str> = exercises
        .iter()
        .map(|e| e.name.as_str())
        .filter(|n| n.contains(name) || name.contains(n))
        .collect();
    match like.as_slice() {
        [] => bail!("there is no exercise {name:?}; `tandem-grader list` shows all"),
        like => bail!(
            "there is no exercise {name:?}; did you mean {}?",
            like.join(" or ")
        ),
    }
}

impl Exercise {
    /// How a submission is explored.
    pub fn options(&self, seed: u64, color: bool) -> Options {
        Options {
            budget: Duration::from_millis(self.about.budget_ms),
            seed,
            threads: self.about.threads,
            edition: self.about.edition.clone(),
            color,
            ..Options::default()
        }
    }

    /// Compiles a submission, given as its name and text, with the exercise's check.
    ///
    /// # Errors
    ///
    /// The toolchain is not usable.
    pub fn prepare(
        &self,
        submission: (String, String),
        options: &Options,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Prepared> {
        if !self.about.unsafe_code
            && let Some(line) = first_unsafe(&submission.1)
        {
            let message = format!(
                "{}:{line}: this exercise needs no `unsafe`, and takes none",
                submission.0
            );
            return Ok(Prepared::Refused(Verdict::new(Outcome::Refused, message)));
        }
        let check = (format!("{}/check.rs", self.name), self.check.clone());
        prepare_texts(submission, Some(check), options, progress)
    }

    /// Checks a submission, given as its name and text.
    ///
    /// # Errors
    ///
    /// The toolchain is not usable.
    pub fn judge(
        &self,
        submission: (String, String),
        options: &Options,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Verdict> {
        let ready = match self.prepare(submission.clone(), options, progress)? {
            Prepared::Refused(verdict) => return Ok(verdict),
            Prepared::Ready(ready) => ready,
        };
        // While one core explores, another one compiles.
        let full_size = FullSize::begin(self, submission.clone(), options, progress)?;
        let mut verdict = ready.explore(options)?;
        if verdict.verdict == Outcome::Pass {
            // Advice is for what works: somebody who looks for a fault is not helped by it.
            verdict.advice = crate::advice::on(&submission.1);
            if let Some(full_size) = full_size {
                full_size.judge(&mut verdict)?;
            }
        }
        Ok(verdict)
    }
}

/// The line of the first `unsafe` in a text; a text that does not parse is the compiler's business.
fn first_unsafe(text: &str) -> Option<usize> {
    struct Finder(Option<usize>);
    impl Finder {
        fn found(&mut self, token: &impl syn::spanned::Spanned) {
            self.0.get_or_insert(token.span().start().line);
        }
    }
    impl<'ast> syn::visit::Visit<'ast> for Finder {
        fn visit_expr_unsafe(&mut self, node: &'ast syn::ExprUnsafe) {
            self.found(&node.unsafe_token);
        }
        fn visit_item_impl(&mut self, node: &'ast syn::ItemImpl) {
            if let Some(token) = &node.unsafety {
                self.found(token);
            }
            syn::visit::visit_item_impl(self, node);
        }
        fn visit_macro(&mut self, node: &'ast syn::Macro) {
            if node
                .tokens
                .to_string()
                .split_whitespace()
                .any(|word| word == "unsafe")
            {
                self.found(node);
            }
        }
    }
    let mut finder = Finder(None);
    syn::visit::Visit::visit_file(&mut finder, &syn::parse_file(text).ok()?);
    finder.0
}
