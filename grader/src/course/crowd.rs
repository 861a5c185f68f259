//! Work on many exercises or submissions at once.

use crate::sandbox::{Folder, turns};
use anyhow::{Result, anyhow};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

/// What the parser of a submission may need of stack, in bytes; only what is used is ever there.
const STACK: usize = 1 << 30;
/// What one job may need of memory, in bytes: a compiler, and a program that runs.
const MEMORY: u64 = 3 << 30;

/// Does `work` on each of `count` things, as many at once as `jobs` says, or as this machine can do,
/// and hands the outcomes to `done` in their order, each as soon as it and those before it are there.
///
/// # Errors
///
/// `done` has failed, or no thread can be started.
pub fn each<T: Send>(
    count: usize,
    jobs: Option<usize>,
    work: impl Fn(usize) -> T + Sync,
    mut done: impl FnMut(usize, T) -> Result<()>,
) -> Result<()> {
    let jobs = jobs.unwrap_or_else(at_once).clamp(1, count.max(1));
    let folder = Folder::new("turns-")?;
    let _turns = turns::share(folder.path());
    let next = AtomicUsize::new(0);
    let (send, receive) = channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (next, work, send) = (&next, &work, send.clone());
            let worker = move || {
                loop {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    if index >= count || send.send((index, work(index))).is_err() {
                        return;
                    }
                }
            };
            std::thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, worker)?;
        }
        drop(send);
        let mut early = BTreeMap::new();
        let mut expected = 0;
        for (index, outcome) in receive {
            early.insert(index, outcome);
            while let Some(outcome) = early.remove(&expected) {
                if let Err(error) = done(expected, outcome) {
                    // Nobody begins with another one.
                    next.store(count, Ordering::SeqCst);
                    return Err(error);
                }
                expected += 1;
            }
        }
        if expected == count {
            Ok(())
        } else {
            Err(anyhow!("the work on number {expected} was lost"))
        }
    })
}

/// How many jobs this machine can do at once: one for each core, where the memory is enough.
fn at_once() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let about = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let available = about
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    let room = available.map_or(cores, |kib| (kib * 1024 / MEMORY) as usize);
    cores.min(room).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_come_in_order() {
        let mut seen = Vec::new();
        let slow = |index: usize| {
            std::thread::sleep(std::time::Duration::from_millis(20 * (5 - index as u64)));
            index * 10
        };
        each(5, Some(3), slow, |index, outcome| {
            seen.push((index, outcome));
            Ok(())
        })
        .expect("all done");
        assert_eq!(seen, [(0, 0), (1, 10), (2, 20), (3, 30), (4, 40)]);
    }

    #[test]
    fn a_failure_ends_it() {
        let failed = each(100, Some(2), |index| index, |_, _| Err(anyhow!("no")));
        assert!(failed.is_err());
    }
}
