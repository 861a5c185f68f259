//! Runs a program on one of the engines and reads its answer.

use crate::sandbox::{self, Job, interrupt};
use anyhow::{Context, Result};
use fibers::Request;
use object::{Object, ObjectSection};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// What is asked of programs that run the large inputs of an exercise.
#[derive(Serialize)]
pub struct Seeds {
    // First: the programs look for numbers before the token only.
    /// The seeds of the inputs.
    pub seeds: Vec<u64>,
    /// The answer begins with it.
    pub token: String,
}

impl<'de> Deserialize<'de> for Seeds {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("only sent"))
    }
}

impl Request for Seeds {
    fn token(&self) -> &str {
        &self.token
    }
}

/// How a program answered.
pub enum Answer<A> {
    /// With what was asked for.
    Given(Box<A>),
    /// Not at all: it ended by itself.
    Ended(End),
    /// Not in time.
    Silent(Silence),
}

/// The end of a program that did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// How it ended.
    pub how: How,
    /// Whether it had said that it began.
    pub began: bool,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// With this status.
    Exited(i32),
    /// By this signal.
    Signal(i32),
    /// It used more memory than it may.
    Memory,
}

/// Why a program that has not ended does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It still computes, or waits for a core.
    Busy,
    /// None of its threads has computed, or waited for a core, for a while.
    Still,
    /// Nobody waits for it any more.
    GivenUp,
}

impl std::fmt::Display for How {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            How::Exited(status) => write!(f, "it exited with status {status}"),
            How::Signal(signal) => write!(f, "it was ended by signal {signal}"),
            How::Memory => write!(f, "it used more than {} MiB of memory", MEMORY >> 20),
        }
    }
}

/// What a program has besides its request and its answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras<'a> {
    /// The temporary files that it may write, which nobody else sees, may have so many bytes.
    pub file_size: u64,
    /// Cores that it may keep busy all the time; 0 is 1.
    pub processors: u64,
    /// Whether its memory lies at the same addresses each time.
    pub fixed_addresses: bool,
    /// Whether a program that stands still for so long is not waited for any longer.
    pub stillness: Option<Duration>,
    /// Becomes true where nobody waits for it any more.
    pub given_up: Option<&'a AtomicBool>,
    /// Whether it measures time, and other jobs would disturb it.
    pub alone: bool,
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
    run_with(program, request, patience, Extras::default())
}

/// As [`run`], with more.
///
/// # Errors
///
/// The program cannot be started.
pub fn run_with<R: Request + Serialize, A: DeserializeOwned>(
    program: &Path,
    request: &R,
    patience: Duration,
    extras: Extras<'_>,
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
        processor_seconds: patience.as_secs() * extras.processors.max(1) + 1,
        file_size: extras.file_size,
        fixed_addresses: extras.fixed_addresses,
    };
    let _turn = if extras.alone {
        sandbox::turns::alone()?
    } else {
        sandbox::turns::beside()?
    };
    let mut command = sandbox::command(&job, Some(&theirs))?;
    command.stdin(Stdio::piped());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = interrupt::start(&mut command).context("cannot start the compiled program")?;
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
    let mut stillness = extras.stillness.map(Stillness::new);
    let bytes = loop {
        if let Ok(bytes) = receive.recv_timeout(INTERVAL) {
            break bytes;
        }
        let large = sandbox::resident(child.id()) > MEMORY;
        let still = stillness.as_mut().is_some_and(|s| s.look(child.id()));
        let given_up = extras.given_up.is_some_and(|g| g.load(Ordering::Relaxed));
        if large || still || given_up || started.elapsed() > patience {
            let _ = sandbox::stop(&mut child);
            // The pipe is closed now: what it had said is there.
            let began = receive.recv().is_ok_and(|b| began(&b, request.token()));
            return Ok(match (large, still) {
                (true, _) => Answer::Ended(End {
                    how: How::Memory,
                    began,
                }),
                (_, true) => Answer::Silent(Silence::Still),
                _ if given_up => Answer::Silent(Silence::GivenUp),
                _ => Answer::Silent(Silence::Busy),
            });
        }
    };
    // It has closed its pipe; that it ends is not said.
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let given_up = extras.given_up.is_some_and(|g| g.load(Ordering::Relaxed));
        if given_up || started.elapsed() > patience {
            break sandbox::stop(&mut child)?;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    interrupt::settle();
    let body = bytes.strip_prefix(request.token().as_bytes());
    match body.and_then(|body| serde_json::from_slice(body).ok()) {
        Some(answer) => Ok(Answer::Given(answer)),
        None => Ok(Answer::Ended(End {
            how: match (status.code(), status.signal()) {
                (_, Some(signal)) => How::Signal(signal),
                (code, None) => How::Exited(code.unwrap_or_default()),
            },
            began: began(&bytes, request.token()),
        })),
    }
}

fn began(said: &[u8], token: &str) -> bool {
    said.starts_with(token.as_bytes())
}

/// Watches for a program whose threads neither compute nor wait for a core.
struct Stillness {
    most: Duration,
    since: Instant,
    computed: Duration,
    waited: Duration,
}

impl Stillness {
    fn new(most: Duration) -> Self {
        Stillness {
            most,
            since: Instant::now(),
            computed: Duration::ZERO,
            waited: Duration::ZERO,
        }
    }

    /// Whether it has stood still for long enough.
    fn look(&mut self, process: u32) -> bool {
        let Some((computed, waited)) = sandbox::scheduled(process) else {
            self.since = Instant::now();
            return false;
        };
        // A runtime's own thread may wake up now and then: a hundredth of the time is nothing.
        let moves = |a: Duration, b: Duration| a.abs_diff(b) > self.most / 100;
        if moves(computed, self.computed) || moves(waited, self.waited) {
            (self.computed, self.waited) = (computed, waited);
            self.since = Instant::now();
        }
        self.since.elapsed() > self.most
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
