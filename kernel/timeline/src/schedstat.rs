//! The fallback where context switches cannot be recorded: samples of `/proc`. How long a
//! thread was on a core is exact, when it was is known to the time between two samples.

use crate::recording::{Interval, Left, Thread};
use std::collections::BTreeMap;
use std::fs;

/// Time on cores of a thread since it began, in nanoseconds.
pub fn cpu(pid: i32, tid: i32) -> u64 {
    let text = read(pid, tid, "schedstat");
    let first = text.split(' ').next();
    first.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The core that a thread is on, or was last.
pub fn core(pid: i32, tid: i32) -> u32 {
    // The 39th field; the second may hold spaces and brackets, so count behind the last one.
    let stat = read(pid, tid, "stat");
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let field = rest.split_whitespace().nth(36);
    field.and_then(|core| core.parse().ok()).unwrap_or(0)
}

/// The name of a thread.
pub fn name(pid: i32, tid: i32) -> String {
    read(pid, tid, "comm").trim_end().to_owned()
}

fn read(pid: i32, tid: i32, file: &str) -> String {
    let bytes = fs::read(format!("/proc/{pid}/task/{tid}/{file}")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Threads of a process, and those of the processes it started: (process, thread).
fn family(pid: i32, found: &mut Vec<(i32, i32)>) {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    for task in tasks.into_iter().flatten().flatten() {
        let Some(tid) = task.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        found.push((pid, tid));
        for child in read(pid, tid, "children").split_whitespace() {
            if let Ok(child) = child.parse() {
                family(child, found);
            }
        }
    }
}

struct Seen {
    cpu: u64,
    thread: Thread,
}

/// Samples of one process and the processes it starts.
pub struct Samples {
    pid: i32,
    start: u64,
    last: u64,
    seen: BTreeMap<(i32, i32), Seen>,
}

impl Samples {
    /// Begins at `start` (`CLOCK_MONOTONIC`, nanoseconds).
    pub fn new(pid: i32, start: u64) -> Samples {
        let mut samples = Samples {
            pid,
            start,
            last: start,
            seen: BTreeMap::new(),
        };
        samples.take(start);
        samples
    }

    /// Takes a sample. A thread that used a core since the last one is drawn as long as it
    /// did, up to `now`.
    pub fn take(&mut self, now: u64) {
        let mut threads = Vec::new();
        family(self.pid, &mut threads);
        let at = now.saturating_sub(self.start);
        let main = name(self.pid, self.pid);
        for (pid, tid) in threads {
            let cpu = cpu(pid, tid);
            let fresh = self.last > self.start;
            let seen = self.seen.entry((pid, tid)).or_insert_with(|| {
                let own = name(pid, tid);
                Seen {
                    // A thread that came to be since the last sample has used all of its time
                    // since then.
                    cpu: if fresh { 0 } else { cpu },
                    thread: Thread {
                        pid: pid as u32,
                        tid: tid as u32,
                        name: if own == main { String::new() } else { own },
                        born: self.last - self.start,
                        died: at,
                        intervals: Vec::new(),
                    },
                }
            });
            let used = cpu.saturating_sub(seen.cpu).min(now - self.last);
            seen.cpu = cpu;
            seen.thread.died = at;
            if used > 0 {
                let (start, core) = (at.saturating_sub(used), core(pid, tid));
                match seen.thread.intervals.last_mut() {
                    // Without a gap it is one time on a core.
                    Some(last) if last.end == start && last.core == core => last.end = at,
                    _ => seen.thread.intervals.push(Interval {
                        start,
                        end: at,
                        core,
                        left: Left::Unknown,
                    }),
                }
            }
        }
        self.last = now;
    }

    /// Threads that used a core.
    pub fn finish(self) -> Vec<Thread> {
        let threads = self.seen.into_values().map(|seen| seen.thread);
        threads
            .filter(|thread| !thread.intervals.is_empty())
            .collect()
    }
}
