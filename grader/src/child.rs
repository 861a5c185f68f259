//! Runs a program on one of the engines and reads its answer.

use crate::sandbox::{self, Job};
use anyhow::{Context, Result};
use fibers::Request;
use object::{Object, ObjectSection};
use serde::{Serialize, de::DeserializeOwned};
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How a program answered.
pub enum Answer<A> {
    /// With what was asked for.
    Given(Box<A>),
    /// Not at all: it ended by itself.
    Ended(String),
    /// Not in time.
    Silent,
}

/// The most that is read of an answer, in bytes.
const LENGTH: u64 = 256 << 20;

/// The most memory of a program, in bytes.
const MEMORY: u64 = 1536 << 20;
/// How often a running program is looked at.
const INTERVAL: Duration = Duration::from_millis(10);

/// Runs the program with a request. `patience` is wall time: far more than the budget.
///
/// # Errors
///
/// The program cannot be started.
pub fn run<R: Request + Serialize, A: DeserializeOwned>(
    program: &Path,
    request: &R,
    patience: Duration,
) -> Result<Answer<A>> {
    let (mut answer, theirs) = pipe()?;
    let folder = program.parent().unwrap_or(Path::new("/"));
    let mut reads = sandbox::libraries();
    reads.push(folder.to_owned());
    let job = Job {
        program: program.to_owned(),
        arguments: Vec::new(),
        folder: folder.to_owned(),
        reads,
        writes: Vec::new(),
        forks: false,
        answers: true,
        processes: 1024,
        processor_seconds: patience.as_secs() + 1,
        file_size: 0,
    };
    let mut child = sandbox::command(&job, Some(&theirs))?
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start the compiled program")?;
    drop(theirs);
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    // A program that ended at once is noticed by its missing answer.
    let _ = child.stdin.take().context("a pipe")?.write_all(&line);
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = Read::take(&mut answer, LENGTH).read_to_end(&mut bytes);
        let _ = send.send(bytes);
    });
    let started = Instant::now();
    let bytes = loop {
        if let Ok(bytes) = receive.recv_timeout(INTERVAL) {
            break bytes;
        }
        let large = sandbox::resident(child.id()) > MEMORY;
        if large || started.elapsed() > patience {
            let _ = sandbox::stop(&mut child);
            let most = MEMORY >> 20;
            return Ok(match large {
                true => Answer::Ended(format!("it used more than {most} MiB of memory")),
                false => Answer::Silent,
            });
        }
    };
    let status = child.wait()?;
    let body = bytes.strip_prefix(request.token().as_bytes());
    match body.and_then(|body| serde_json::from_slice(body).ok()) {
        Some(answer) => Ok(Answer::Given(answer)),
        None => Ok(Answer::Ended(words(status))),
    }
}

fn words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it exited with status {code}"),
        (_, Some(signal)) => format!("it was ended by signal {signal}"),
        _ => "it ended".into(),
    }
}

fn pipe() -> Result<(std::fs::File, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: fills in two descriptors, which are ours from here on.
    unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return Err(std::io::Error::last_os_error()).context("no pipe");
        }
        Ok((
            OwnedFd::from_raw_fd(ends[0]).into(),
            OwnedFd::from_raw_fd(ends[1]),
        ))
    }
}

/// A secret that a program cannot guess.
///
/// # Errors
///
/// The system has no random numbers.
pub fn token() -> Result<String> {
    let mut bytes = [0u8; 24];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut f| f.read_exact(&mut bytes))
        .context("no random numbers")?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

/// The writable parts of an executable that hold its statics: address, length.
///
/// # Errors
///
/// It is no executable.
pub fn statics(program: &Path) -> Result<Vec<(u64, u64)>> {
    let bytes = std::fs::read(program)?;
    let file = object::File::parse(&*bytes)?;
    let wanted = |section: &object::Section<'_, '_>| matches!(section.name(), Ok(".data" | ".bss"));
    Ok(file
        .sections()
        .filter(wanted)
        .map(|s| (s.address(), s.size()))
        .collect())
}
