//! A student's working copy: the files to edit, and what has been reached.

use crate::course::exercise::Exercise;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file that makes a folder a working copy.
const FILE: &str = ".tandem-progress.json";

/// What has been reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The version of this form.
    pub version: u32,
    /// By exercise.
    pub exercises: BTreeMap<String, Reached>,
}

/// What has been reached in one exercise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Whether a check has passed.
    pub solved: bool,
    /// How often it was checked.
    pub checks: u32,
    /// How many hints were shown.
    pub hints: usize,
}

/// A working copy.
pub struct Copy {
    /// Its folder.
    pub folder: PathBuf,
    /// What has been reached.
    pub progress: Progress,
}

impl Copy {
    /// Makes a working copy; files that are there stay as they are. Returns how many were written.
    ///
    /// # Errors
    ///
    /// The folder cannot be written to.
    pub fn make(folder: &Path, exercises: &[Exercise]) -> Result<(Copy, usize)> {
        let mut written = 0;
        for exercise in exercises {
            let place = folder.join(&exercise.topic);
            std::fs::create_dir_all(&place)
                .with_context(|| format!("cannot create {}", place.display()))?;
            for (name, text) in [
                (format!("{}.rs", exercise.name), &exercise.starter),
                (format!("{}.md", exercise.name), &exercise.task),
            ] {
                let path = place.join(name);
                if !path.exists() {
                    std::fs::write(&path, text)
                        .with_context(|| format!("cannot write {}", path.display()))?;
                    written += 1;
                }
            }
        }
        let progress = match std::fs::read(folder.join(FILE)) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(_) => Progress::default(),
        };
        let copy = Copy {
            folder: folder.to_owned(),
            progress: Progress {
                version: 1,
                ..progress
            },
        };
        copy.save()?;
        Ok((copy, written))
    }

    /// The working copy around a folder.
    ///
    /// # Errors
    ///
    /// There is none, or its progress cannot be read.
    pub fn around(folder: &Path) -> Result<Copy> {
        let folder = folder
            .canonicalize()
            .with_context(|| format!("{} is not there", folder.display()))?;
        let Some(root) = folder.ancestors().find(|f| f.join(FILE).exists()) else {
            bail!(
                "this is no working copy of the exercises; make one with `tandem-grader init DIR`, and go there"
            );
        };
        let path = root.join(FILE);
        let bytes =
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let progress = serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is damaged", path.display()))?;
        Ok(Copy {
            folder: root.to_owned(),
            progress,
        })
    }

    /// The file to edit for an exercise.
    pub fn file(&self, exercise: &Exercise) -> PathBuf {
        self.folder
            .join(&exercise.topic)
            .join(format!("{}.rs", exercise.name))
    }

    /// What has been reached in an exercise.
    pub fn reached(&self, exercise: &Exercise) -> Reached {
        self.progress
            .exercises
            .get(&exercise.name)
            .cloned()
            .unwrap_or_default()
    }

    /// Changes what has been reached in an exercise, and saves it.
    ///
    /// # Errors
    ///
    /// The progress cannot be written.
    pub fn reach(&mut self, exercise: &Exercise, change: impl FnOnce(&mut Reached)) -> Result<()> {
        change(
            self.progress
                .exercises
                .entry(exercise.name.clone())
                .or_default(),
        );
        self.save()
    }

    /// The first exercise that is not solved.
    pub fn next<'a>(&self, exercises: &'a [Exercise]) -> Option<&'a Exercise> {
        exercises.iter().find(|e| !self.reached(e).solved)
    }

    fn save(&self) -> Result<()> {
        let path = self.folder.join(FILE);
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)
            .with_context(|| format!("cannot write to {}", self.folder.display()))?;
        serde_json::to_writer_pretty(&mut file, &self.progress)?;
        file.persist(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    }
}
