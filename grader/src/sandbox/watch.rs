//! Waits for a process, within limits.

use anyhow::Result;
use std::io::Read;
use std::process::{Child, ExitStatus};
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
pub fn wait(mut child: Child, limits: Limits) -> Result<Ended> {
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
        }
        if exceeded.is_some() {
            break stop(&mut child)?;
        }
        // Quick programs are noticed quickly.
        std::thread::sleep(INTERVAL.min(started.elapsed() / 8 + Duration::from_micros(200)));
    };
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
    let mut waiting = vec![process];
    while let Some(process) = waiting.pop() {
        let pages = std::fs::read_to_string(format!("/proc/{process}/statm"))
            .ok()
            .and_then(|s| s.split(' ').nth(1)?.parse::<u64>().ok());
        total += pages.unwrap_or(0) * 4096;
        let Ok(tasks) = std::fs::read_dir(format!("/proc/{process}/task")) else {
            continue;
        };
        for task in tasks.flatten() {
            let children = std::fs::read_to_string(task.path().join("children"));
            let children = children.unwrap_or_default();
            waiting.extend(
                children
                    .split_whitespace()
                    .filter_map(|c| c.parse::<u32>().ok()),
            );
        }
    }
    total
}
