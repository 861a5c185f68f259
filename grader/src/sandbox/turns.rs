//! Jobs of graders that work at once: one that measures time has the machine for itself.
//!
//! Two locked files. Who wants to be alone holds the gate while it waits for the others to end, so that
//! no new ones begin.

use anyhow::{Context, Result};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Tells processes of the same work where the files are.
pub const FOLDER: &str = "TANDEM_TURNS";

static HERE: Mutex<Option<PathBuf>> = Mutex::new(None);

/// While it is there, jobs take turns.
pub struct Shared(());

impl Drop for Shared {
    fn drop(&mut self) {
        *HERE.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Has the jobs of this process, and of those that it tells of it, take turns.
pub fn share(folder: &Path) -> Shared {
    *HERE.lock().unwrap_or_else(PoisonError::into_inner) = Some(folder.to_owned());
    Shared(())
}

/// The folder of the files, where jobs take turns.
pub fn folder() -> Option<PathBuf> {
    let here = HERE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    here.or_else(|| std::env::var_os(FOLDER).map(PathBuf::from))
}

/// Held while a job runs.
pub struct Turn {
    _files: Vec<File>,
}

/// For a job that runs beside others.
///
/// # Errors
///
/// The files cannot be written.
pub fn beside() -> Result<Turn> {
    take(libc::LOCK_SH)
}

/// For one that others would disturb.
///
/// # Errors
///
/// The files cannot be written.
pub fn alone() -> Result<Turn> {
    take(libc::LOCK_EX)
}

fn take(kind: i32) -> Result<Turn> {
    let Some(folder) = folder() else {
        return Ok(Turn { _files: Vec::new() });
    };
    let gate = locked(&folder.join("gate"), libc::LOCK_EX)?;
    let turn = locked(&folder.join("turn"), kind)?;
    let mut files = vec![turn];
    if kind == libc::LOCK_EX {
        files.push(gate);
    }
    Ok(Turn { _files: files })
}

fn locked(path: &Path, kind: i32) -> Result<File> {
    let cannot = || format!("cannot lock {}", path.display());
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .with_context(cannot)?;
    // SAFETY: a descriptor that is open.
    while unsafe { libc::flock(file.as_raw_fd(), kind) } != 0 {
        let error = std::io::Error::last_os_error();
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(error).with_context(cannot);
        }
    }
    Ok(file)
}
