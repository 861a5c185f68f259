//! Temporary folders that are gone when they are not needed any more, however the program ends.
//!
//! All of a process lie in one, its session, which holds a locked file. The lock ends with the process,
//! also where that is killed: whoever starts later finds a session that nobody has locked, and removes
//! it.

use anyhow::{Context, Result};
use std::fs::{File, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};
use std::time::Duration;
use tempfile::TempDir;

/// What the names of sessions begin with.
const PREFIX: &str = "tandem-session-";
/// The file that its process has locked.
const LOCK: &str = "lock";
/// The file in one that nobody removes.
const KEPT: &str = "kept";
/// A session that is so old has its lock, if it ever gets one.
const YOUTH: Duration = Duration::from_secs(60);

/// A temporary folder, removed when it is dropped.
pub struct Folder {
    // Dropped first: it lies in the session.
    folder: TempDir,
    session: Arc<Session>,
}

impl Folder {
    /// A folder that nobody but the owner and the sandbox reads.
    ///
    /// # Errors
    ///
    /// There is no room for temporary files.
    pub fn new(prefix: &str) -> Result<Folder> {
        let session = session()?;
        let folder = tempfile::Builder::new()
            .prefix(prefix)
            .tempdir_in(session.folder.path())
            .context("no temporary folder")?;
        // Under another user's identity, the job must get in; the name cannot be guessed.
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        Ok(Folder { folder, session })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves it to whoever wants it: nobody removes it any more.
    pub fn keep(mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        let _ = File::create(self.session.folder.path().join(KEPT));
        self.path().to_owned()
    }
}

struct Session {
    folder: TempDir,
    _lock: File,
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.folder.path().join(KEPT).exists() {
            self.folder.disable_cleanup(true);
        }
    }
}

static SESSION: Mutex<Weak<Session>> = Mutex::new(Weak::new());
static SWEPT: Once = Once::new();

/// The session of this process; it ends with the last folder in it.
fn session() -> Result<Arc<Session>> {
    SWEPT.call_once(sweep);
    let mut present = SESSION.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(session) = present.upgrade().filter(|s| s.folder.path().exists()) {
        return Ok(session);
    }
    // Whoever sweeps just now may take it for one that is left over.
    for _ in 0..100 {
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o711))
            .tempdir()
            .context("no temporary folder")?;
        let Ok(lock) = File::create(folder.path().join(LOCK)) else {
            continue;
        };
        if locked(&lock) && lock.metadata()?.nlink() > 0 {
            let session = Arc::new(Session {
                folder,
                _lock: lock,
            });
            *present = Arc::downgrade(&session);
            return Ok(session);
        }
    }
    anyhow::bail!("no temporary folder")
}

/// Locks a file, unless another one has.
fn locked(file: &File) -> bool {
    // SAFETY: a descriptor that is open.
    unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) == 0 }
}

/// Removes the sessions of processes that were killed.
fn sweep() {
    // SAFETY: no arguments.
    let user = unsafe { libc::geteuid() };
    let entries = std::fs::read_dir(std::env::temp_dir());
    for entry in entries.into_iter().flatten().flatten() {
        let own = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry
                .path()
                .symlink_metadata()
                .is_ok_and(|m| m.is_dir() && m.uid() == user);
        if !own {
            continue;
        }
        if entry.path().join(KEPT).exists() {
            continue;
        }
        let left = match File::open(entry.path().join(LOCK)) {
            Ok(lock) => locked(&lock),
            // Whoever removed it was killed on the way, or is just doing it.
            Err(_) => age(&entry.path()).is_some_and(|age| age > YOUTH),
        };
        if left {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn age(path: &Path) -> Option<Duration> {
    path.metadata().ok()?.modified().ok()?.elapsed().ok()
}

/// Removes all folders of this process, before it is ended by a signal.
pub(super) fn remove() {
    let present = SESSION.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(session) = present.upgrade()
        && !session.folder.path().join(KEPT).exists()
    {
        // What another thread just writes may make it fail once.
        for _ in 0..10 {
            if std::fs::remove_dir_all(session.folder.path()).is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}
