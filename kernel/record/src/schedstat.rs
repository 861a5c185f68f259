//! The fallback where context switches cannot be recorded: samples of /proc every 2 ms.

use crate::recording::{Interval, Thread};
use std::collections::BTreeMap;

struct Seen {
    cpu: u64,
    thread: Thread,
}

/// Samples of one process.
pub struct Samples {
    pid: i32,
    last: u64,
    seen: BTreeMap<u32, Seen>,
}

impl Samples {
    /// Begins at `now` (`CLOCK_MONOTONIC`, nanoseconds).
    pub fn new(pid: i32, now: u64) -> Samples {
        let mut samples = Samples {
            pid,
            last: now,
            seen: BTreeMap::new(),
        };
        samples.take(now, now);
        samples
    }

    /// Takes a sample; a thread that used a core since the last one is drawn as long as it did,
    /// up to now.
    pub fn take(&mut self, now: u64, start: u64) {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid));
        for task in tasks.into_iter().flatten().flatten() {
            let Some(tid) = task.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let read =
                |name: &str| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
            let cpu: u64 = read("schedstat")
                .split(' ')
                .next()
                .and_then(|n| n.parse().ok())
                .unwrap_or(0);
            let seen = self.seen.entry(tid).or_insert_with(|| Seen {
                cpu,
                thread: Thread {
                    pid: self.pid as u32,
                    tid,
                    name: read("comm").trim().to_owned(),
                    ..Thread::default()
                },
            });
            let used = (cpu - seen.cpu.min(cpu)).min(now - self.last);
            if used > 0 {
                // The 39th field; the second may hold spaces, so count behind its bracket.
                let stat = read("stat");
                let core = stat
                    .rsplit(')')
                    .next()
                    .and_then(|rest| rest.split_whitespace().nth(36))
                    .and_then(|core| core.parse().ok())
                    .unwrap_or(0);
                let end = now - start;
                seen.thread.intervals.push(Interval {
                    start: end.saturating_sub(used),
                    end,
                    core,
                });
            }
            seen.cpu = cpu;
        }
        self.last = now;
    }

    /// Threads that used a core.
    pub fn finish(self) -> Vec<Thread> {
        self.seen
            .into_values()
            .map(|seen| seen.thread)
            .filter(|thread| !thread.intervals.is_empty())
            .collect()
    }
}
