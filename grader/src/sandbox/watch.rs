//! Waits for a process, within limits.

use anyhow::Result;
use std::io::Read;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The limits that are watched from outside.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Wall time.
    pub wall: Duration,
    /// Resident memory of the process and all its children, in bytes.
    pub memory: u64,
    /// What is kept of each output stream, in bytes; the rest is thrown away.
    pub output: u64,
}

/// Which limit was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// Wall time.
    Wall,
    /// Memory.
    Memory,
    /// Nobody needs it any more.
    GivenUp,
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// Its status.
    pub status: ExitStatus,
    /// The limit that ended it.
    pub exceeded: Option<Exceeded>,
    /// The beginning of its standard output, where that is a pipe.
    pub stdout: Vec<u8>,
    /// The beginning of its standard error, where that is a pipe.
    pub stderr: Vec<u8>,
}

/// How often the limits are looked at.
const INTERVAL: Duration = Duration::from_millis(5);

/// Waits for the end of the process, and ends it at a limit.
///
/// # Errors
///
/// It cannot be waited for.
pub fn wait(child: Child, limits: Limits) -> Result<Ended> {
    wait_unless(child, limits, &AtomicBool::new(false))
}

/// As [`wait`], until it is given up.
///
/// # Errors
///
/// It cannot be waited for.
pub fn wait_unless(mut child: Child, limits: Limits, given_up: &AtomicBool) -> Result<Ended> {
    let streams = [
        child.stdout.take().map(|s| collect(s, limits.output)),
        child.stderr.take().map(|s| collect(s, limits.output)),
    ];
    let started = Instant::now();
    let mut exceeded = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if started.elapsed() > limits.wall {
            exceeded = Some(Exceeded::Wall);
        } else if resident(child.id()) > limits.memory {
            exceeded = Some(Exceeded::Memory);
        } else if given_up.load(Ordering::Relaxed) {
            exceeded = Some(Exceeded::GivenUp);
        }
        if exceeded.is_some() {
            break stop(&mut child)?;
        }
        // Quick programs are noticed quickly.
        std::thread::sleep(INTERVAL.min(started.elapsed() / 8 + Duration::from_micros(200)));
    };
    super::interrupt::settle();
    let [stdout, stderr] = streams.map(|s| s.and_then(|s| s.join().ok()).unwrap_or_default());
    Ok(Ended {
        status,
        exceeded,
        stdout,
        stderr,
    })
}

/// How long the end of a sandbox may take before it is ended the hard way.
const GRACE: Duration = Duration::from_secs(5);

/// Ends a process and all that it started, and waits until they are gone.
///
/// # Errors
///
/// It cannot be waited for.
pub fn stop(child: &mut Child) -> Result<ExitStatus> {
    if super::state() == &super::State::Works {
        // SAFETY: a child that has not been waited for.
        unsafe { libc::kill(child.id() as i32, libc::SIGTERM) };
        let asked = Instant::now();
        while asked.elapsed() < GRACE {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    child.kill()?;
    Ok(child.wait()?)
}

fn collect(mut stream: impl Read + Send + 'static, most: u64) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        let _ = (&mut stream).take(most).read_to_end(&mut kept);
        // Read on: a writer that has to wait would be mistaken for a slow one.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
        kept
    })
}

/// The resident memory of a process and of all below it, in bytes.
pub fn resident(process: u32) -> u64 {
    let mut total = 0;
    each_below(process, |process| {
        let pages = std::fs::read_to_string(format!("/proc/{process}/statm"))
            .ok()
            .and_then(|s| s.split(' ').nth(1)?.parse::<u64>().ok());
        total += pages.unwrap_or(0) * 4096;
    });
    total
}

/// For how long a process and all below it have computed, and their threads of this moment have
/// waited for a core; none where the system does not tell.
pub fn scheduled(process: u32) -> Option<(Duration, Duration)> {
    // SAFETY: asks for a number.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) }.max(1) as f64;
    let (mut computed, mut waited, mut told) = (0, 0, false);
    each_below(process, |process| {
        // The name, in brackets, may hold anything. Of those that have ended, too.
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let after = stat.rsplit(')').next().unwrap_or_default();
        let numbers = after.split_whitespace().skip(11).take(2);
        computed += numbers.filter_map(|n| n.parse::<u64>().ok()).sum::<u64>();
        let Ok(tasks) = std::fs::read_dir(format!("/proc/{process}/task")) else {
            return;
        };
        for task in tasks.flatten() {
            let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            if let Some(Ok(wait)) = text.split_whitespace().nth(1).map(str::parse::<u64>) {
                waited += wait;
                told = true;
            }
        }
    });
    told.then(|| {
        (
            Duration::from_secs_f64(computed as f64 / ticks),
            Duration::from_nanos(waited),
        )
    })
}

/// The processes that this one has started and that have not ended.
pub(super) fn running_children() -> Vec<u32> {
    let runs = |process: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let after = stat.rsplit(')').next().unwrap_or_default().trim_start();
        !after.is_empty() && !after.starts_with(['Z', 'X'])
    };
    children(std::process::id())
        .into_iter()
        .filter(runs)
        .collect()
}

/// The processes that a process has started and not waited for.
fn children(process: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task"));
    let mut found = Vec::new();
    for task in tasks.into_iter().flatten().flatten() {
        let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        let numbers = children.split_whitespace();
        found.extend(numbers.filter_map(|c| c.parse::<u32>().ok()));
    }
    found
}

/// Visits a process and all below it.
fn each_below(process: u32, mut visit: impl FnMut(u32)) {
    let mut waiting = vec![process];
    while let Some(process) = waiting.pop() {
        visit(process);
        waiting.extend(children(process));
    }
}
