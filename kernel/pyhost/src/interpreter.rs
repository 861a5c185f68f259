//! Which Python.

use std::path::{Path, PathBuf};
use std::process::Command;

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
    #[error("{path} is {version}; Python cells need 3.9 or later")]
    TooOld {
        /// Which.
        path: PathBuf,
        /// Its version.
        version: String,
    },
    /// The module that serves every ordinary interpreter cannot be loaded by this one.
    #[error("{path} needs a module of its own, which is built when the first Python cell runs")]
    NeedsBridge {
        /// Which.
        path: PathBuf,
    },
    /// That module does not build.
    #[error(
        "{path} cannot run Python cells: the module that serves them does not build for it. \
         CPython 3.9 to 3.14, free-threaded 3.14 and PyPy 3.11 work; choose another interpreter with `%python PATH`.\n{error}"
    )]
    Bridge {
        /// Which.
        path: PathBuf,
        /// The end of what cargo said.
        error: String,
    },
    /// The host said no.
    #[error("{0}")]
    Request(String),
}

impl PythonError {
    /// Says the version of an interpreter that is too old.
    pub(crate) fn too_old(path: PathBuf) -> PythonError {
        let said = Command::new(&path).arg("--version").output();
        let said = said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        let version = said.ok().filter(|version| !version.is_empty());
        PythonError::TooOld {
            path,
            version: version.unwrap_or_else(|| "an old Python".to_owned()),
        }
    }
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
