//! Counterexamples as files: everything that is needed to run the same execution again.

use crate::explore::{Options, Prepared, prepare_texts};
use crate::verdict::Verdict;
use anyhow::{Context, Result, bail};
use reports::exploration::Mode;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A recorded counterexample.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recording {
    /// The version of this form.
    pub version: u32,
    /// The submission: name and text.
    pub submission: (String, String),
    /// The check: name and text.
    pub check: Option<(String, String)>,
    /// The edition.
    pub edition: String,
    /// The optimisation level.
    pub opt_level: u8,
    /// What `available_parallelism` answered.
    pub threads: usize,
    /// The seed of the inputs that the check draws.
    #[serde(default = "one")]
    pub seed: u64,
    /// Which of the checks failed.
    pub entry: usize,
    /// The schedule.
    pub schedule: Vec<u16>,
    /// What was found.
    pub kind: reports::exploration::Kind,
    /// The compiler that the schedule was found under: another one may place steps differently.
    pub toolchain: String,
}

/// The version of recordings.
const VERSION: u32 = 1;

fn one() -> u64 {
    1
}

/// Where recordings are kept.
fn folder() -> Result<PathBuf> {
    Ok(crate::parts::cache()?.join("replays"))
}

/// What to type for a recording: its name, where it lies in the cache.
pub fn short(path: &str) -> String {
    let path = Path::new(path);
    let kept = folder().is_ok_and(|folder| path.parent() == Some(&folder));
    match path.file_stem() {
        Some(stem) if kept => stem.to_string_lossy().into_owned(),
        _ => path.display().to_string(),
    }
}

impl Recording {
    /// A recording of a finding.
    pub fn new(
        submission: (String, String),
        check: Option<(String, String)>,
        options: &Options,
        entry: usize,
        finding: &crate::verdict::Finding,
    ) -> Self {
        Recording {
            version: VERSION,
            submission,
            check,
            edition: options.edition.clone(),
            opt_level: options.opt_level,
            threads: options.threads,
            seed: options.seed,
            entry,
            schedule: finding.schedule.clone(),
            kind: finding.kind,
            toolchain: toolchain(),
        }
    }

    /// The file of a recording that was named: itself, or that of the cache with this name; without a
    /// name, what was recorded last.
    ///
    /// # Errors
    ///
    /// Nothing was recorded.
    pub fn find(name: Option<&Path>) -> Result<PathBuf> {
        let folder = folder()?;
        let Some(name) = name else {
            let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            return entries
                .max_by_key(|entry| entry.metadata().and_then(|m| m.modified()).ok())
                .map(|entry| entry.path())
                .context("nothing was recorded yet: `check` and `explore` record what they find");
        };
        let kept = folder.join(name).with_extension("json");
        let plain = name.components().count() == 1 && !name.exists();
        Ok(if plain && kept.exists() {
            kept
        } else {
            name.to_owned()
        })
    }

    /// Saves it in the user's cache; returns where.
    ///
    /// # Errors
    ///
    /// The cache cannot be written to.
    pub fn save(&self) -> Result<PathBuf> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let folder = folder()?;
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let text = serde_json::to_string(self)?;
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let stem = Path::new(&self.submission.0)
            .file_stem()
            .map_or("submission".into(), |s| s.to_string_lossy().into_owned());
        let path = folder.join(format!("{stem}-{:08x}.json", hasher.finish() as u32));
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        file.persist(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Reads a recording.
    ///
    /// # Errors
    ///
    /// The file is none.
    pub fn read(path: &Path) -> Result<Recording> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let recording: Recording = serde_json::from_str(&text)
            .with_context(|| format!("{} is no recording", path.display()))?;
        if recording.version != VERSION {
            bail!(
                "{} was recorded by another version of this program",
                path.display()
            );
        }
        Ok(recording)
    }

    /// Runs the execution again.
    ///
    /// # Errors
    ///
    /// The program cannot be built or started.
    pub fn replay(&self, progress: &mut dyn FnMut(&str)) -> Result<Verdict> {
        let ready = match self.prepare(false, progress)? {
            Prepared::Refused(verdict) => return Ok(verdict),
            Prepared::Ready(ready) => ready,
        };
        let mut verdict = ready.explore_one(self.entry, &self.options())?;
        if self.toolchain != toolchain() {
            verdict.notes.push(
                "this was recorded under another compiler, so the execution may differ".into(),
            );
        }
        Ok(verdict)
    }

    /// Builds the program again; `debug`: so that a debugger finds its variables.
    ///
    /// # Errors
    ///
    /// The toolchain is not usable.
    pub fn prepare(&self, debug: bool, progress: &mut dyn FnMut(&str)) -> Result<Prepared> {
        let options = Options {
            debug,
            ..self.options()
        };
        prepare_texts(
            self.submission.clone(),
            self.check.clone(),
            &options,
            progress,
        )
    }

    /// The options of the one execution.
    pub fn options(&self) -> Options {
        Options {
            mode: Mode::Replay(self.schedule.clone()),
            edition: self.edition.clone(),
            opt_level: self.opt_level,
            threads: self.threads,
            seed: self.seed,
            ..Options::default()
        }
    }
}

fn toolchain() -> String {
    let answer = crate::parts::rustc().arg("-V").output();
    answer.map_or_else(
        |_| String::new(),
        |o| String::from_utf8_lossy(&o.stdout).trim().to_owned(),
    )
}
