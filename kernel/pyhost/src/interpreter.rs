//! Which Python.

use std::path::{Path, PathBuf};

/// The oldest minor version of Python 3 that cells can use.
const OLDEST: u32 = 9;

/// A running interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// Its executable.
    pub path: PathBuf,
    /// Its version, `3.11.7` for example.
    pub version: String,
    /// Whether it has a global interpreter lock.
    pub gil: bool,
}

/// Why Python cells cannot run, or a request failed.
#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    /// Nothing to start.
    #[error(
        "there is no `python3` on the PATH. Install Python 3.9 or later, or name one with `%python PATH`"
    )]
    NoPython,
    /// It does not start.
    #[error("{path} cannot be started: {error}")]
    Start {
        /// Which.
        path: PathBuf,
        /// What was wrong.
        error: String,
    },
    /// Too old.
    #[error("{path} is Python {version}; Python cells need 3.9 or later")]
    TooOld {
        /// Which.
        path: PathBuf,
        /// Its version.
        version: String,
    },
    /// The host said no.
    #[error("{0}")]
    Request(String),
}

/// The interpreter to use: the one that was named, or `python3` of the PATH.
pub fn find(named: Option<&Path>) -> Result<PathBuf, PythonError> {
    if let Some(path) = named {
        // A folder is taken for a virtual environment.
        let inside = path.join("bin/python3");
        let path = if inside.exists() {
            inside
        } else {
            path.to_owned()
        };
        return match path.exists() || !path.display().to_string().contains('/') {
            true => Ok(path),
            false => Err(PythonError::Start {
                path,
                error: "there is no such file".to_owned(),
            }),
        };
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .map(|folder| folder.join("python3"))
        .find(|file| file.exists())
        .ok_or(PythonError::NoPython)
}

/// Whether cells can use this version.
pub fn check(interpreter: &Interpreter) -> Result<(), PythonError> {
    let mut numbers = interpreter
        .version
        .split('.')
        .map(|number| number.parse().unwrap_or(0));
    let (major, minor): (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if (major, minor) >= (3, OLDEST) {
        return Ok(());
    }
    Err(PythonError::TooOld {
        path: interpreter.path.clone(),
        version: interpreter.version.clone(),
    })
}
