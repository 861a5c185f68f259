//! Keeps what a submission causes away from the machine: its compilation, and its runs.
//!
//! A process in the sandbox has namespaces of its own for users, processes, mounts and the network,
//! sees the files it was given and no others, may not make most system calls, and is ended at its
//! limits of processor time, wall time, memory, processes and output. It works as an ordinary user
//! where the system allows user namespaces, and as root, which it gives up before the program starts: each
//! job that runs then has a user of its own, so that none can use up what another one may have.
//!
//! The set-up happens in a process of its own, for which the program calls itself: see
//! [`main_if_asked`]. [`jail`] is that process.

pub mod interrupt;
mod jail;
mod session;
pub mod turns;
mod watch;

pub use session::Folder;
pub use watch::{Ended, Exceeded, Limits, resident, scheduled, stop, wait, wait_unless};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The hidden command that sets a sandbox up.
const COMMAND: &str = "__sandbox";

/// A program to run in the sandbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The executable.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its working folder.
    pub folder: PathBuf,
    /// Files and folders that it may read.
    pub reads: Vec<PathBuf>,
    /// Folders that it may write to.
    pub writes: Vec<PathBuf>,
    /// Whether it may start processes.
    pub forks: bool,
    /// Whether it has a descriptor 3 to answer on.
    pub answers: bool,
    /// The most processes and threads.
    pub processes: u64,
    /// The most processor time, in seconds.
    pub processor_seconds: u64,
    /// The largest file, in bytes.
    pub file_size: u64,
    /// Whether its memory lies at the same addresses each time, as ThreadSanitizer needs it.
    pub fixed_addresses: bool,
}

/// How the sandbox is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It works here.
    Works,
    /// It does not, for this reason.
    Fails(String),
    /// This program cannot set one up: it never called [`main_if_asked`].
    Absent,
}

static HELPER: OnceLock<PathBuf> = OnceLock::new();
static STATE: OnceLock<State> = OnceLock::new();

/// To be called first in `main`: becomes the process that sets a sandbox up, where the program was
/// called for that, and otherwise makes the sandbox available.
pub fn main_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|a| a == COMMAND) {
        let text = arguments.next().unwrap_or_default();
        match serde_json::from_slice(text.as_encoded_bytes()) {
            Ok(job) => jail::run(&job),
            Err(error) => {
                eprintln!("this is a command for tandem-grader itself: {error}");
                std::process::exit(125)
            }
        }
    }
    // The path stays valid when the file is replaced while the program runs.
    let _ = HELPER.set(PathBuf::from("/proc/self/exe"));
}

/// Whether the sandbox works on this machine; tried once.
pub fn state() -> &'static State {
    STATE.get_or_init(|| {
        if HELPER.get().is_none() {
            return State::Absent;
        }
        let probe = Job {
            program: "/proc/self/exe".into(),
            arguments: Vec::new(),
            folder: "/tmp".into(),
            reads: Vec::new(),
            writes: Vec::new(),
            forks: false,
            answers: false,
            processes: 4,
            processor_seconds: 5,
            file_size: 0,
            fixed_addresses: false,
        };
        match probe_with(&probe) {
            Ok(None) => State::Works,
            Ok(Some(reason)) => State::Fails(reason),
            Err(error) => State::Fails(format!("{error:#}")),
        }
    })
}

/// Sets a sandbox up without running anything in it; why it did not work.
fn probe_with(job: &Job) -> Result<Option<String>> {
    let mut command = Command::new(HELPER.get().context("no helper")?);
    let output = command
        .arg(COMMAND)
        .arg(serde_json::to_string(job)?)
        .env_clear()
        .env(jail::PROBE, "1")
        .stdin(Stdio::null())
        .output()
        .context("cannot start the sandbox")?;
    if output.status.code() == Some(jail::READY) {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Ok(Some(if said.is_empty() {
        format!("its set-up ended with {}", output.status)
    } else {
        said
    }))
}

/// What to say where one's own work runs without a sandbox.
pub fn notice() -> Option<String> {
    match state() {
        State::Fails(reason) => Some(format!(
            "this machine does not allow a sandbox ({reason}): your program runs with your rights"
        )),
        _ => None,
    }
}

/// The command that runs the job: in the sandbox where there is one, otherwise as it is. `answer` is
/// what becomes its descriptor 3.
///
/// # Errors
///
/// The job cannot be passed on.
pub fn command(job: &Job, answer: Option<&OwnedFd>) -> Result<Command> {
    let mut command = match state() {
        State::Works => {
            let mut command = Command::new(HELPER.get().context("no helper")?);
            command.arg(COMMAND).arg(serde_json::to_string(job)?);
            command
        }
        _ => {
            let mut command = Command::new(&job.program);
            command.args(&job.arguments).current_dir(&job.folder);
            command
        }
    };
    command.env_clear().envs(environment());
    // Ctrl-C is for this program, which ends the job then.
    command.process_group(0);
    let fd = answer.map(AsRawFd::as_raw_fd);
    let fixed = job.fixed_addresses;
    // SAFETY: only system calls between fork and exec.
    unsafe {
        command.pre_exec(move || {
            if let Some(fd) = fd {
                if libc::dup2(fd, 3) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                if fd == 3 {
                    libc::fcntl(3, libc::F_SETFD, 0);
                }
            }
            // Inherited by what it starts; in the sandbox nobody may change it any more.
            if fixed && libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong) < 0 {
                return Err(std::io::Error::last_os_error());
            }
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) < 0 {
                return Err(std::io::Error::last_os_error());
            }
            Ok(())
        });
    }
    Ok(command)
}

/// All of the environment that programs in the sandbox have.
fn environment() -> [(&'static str, &'static str); 4] {
    [
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("HOME", "/tmp"),
        ("TMPDIR", "/tmp"),
        ("LC_ALL", "C"),
    ]
}

/// The folders that every program needs: the dynamic linker and its libraries.
pub fn libraries() -> Vec<PathBuf> {
    [
        "/usr/lib",
        "/usr/lib64",
        "/lib",
        "/lib64",
        "/etc/ld.so.cache",
    ]
    .iter()
    .map(PathBuf::from)
    .collect()
}

/// The folders that compilers need, too.
pub fn compilers() -> Vec<PathBuf> {
    let more = ["/usr", "/bin", "/etc/alternatives"];
    libraries()
        .into_iter()
        .chain(more.iter().map(PathBuf::from))
        .collect()
}

/// Whether a path exists: what does not is not given to jobs.
fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
