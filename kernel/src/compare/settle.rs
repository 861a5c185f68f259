//! Nothing of the kernel itself may take a core from what is measured: it warms up when a notebook
//! begins, and gets a compiler ready after each Rust cell.

use std::path::Path;
use std::time::{Duration, Instant};
use tandem_cell::{CellId, EventKind, MimeBundle, Output};

/// How long a look is.
const LOOK: Duration = Duration::from_millis(60);
/// More processor time than this in a look, in nanoseconds, is work.
const WORK: u64 = 6_000_000;
/// On a busy machine the kernel takes long; then the comparison says so itself.
const PATIENCE: Duration = Duration::from_secs(60);
/// What takes longer than this is told.
const SOON: Duration = Duration::from_secs(1);

/// Waits until the kernel has nothing to do. Where that takes its time it is told, until something
/// else is shown.
pub fn settle(is_warm: &dyn Fn() -> bool, cell: CellId, output: &Output) {
    let mut told = false;
    wait(is_warm, &mut || {
        told = true;
        output.display(
            cell,
            MimeBundle::text("waiting until the kernel itself has nothing to do …"),
        );
    });
    if told {
        output.send(cell, EventKind::ClearOutput { wait: true });
    }
}

fn wait(is_warm: &dyn Fn() -> bool, tell: &mut dyn FnMut()) {
    let start = Instant::now();
    let mut told = false;
    let mut before = used();
    while start.elapsed() < PATIENCE {
        std::thread::sleep(LOOK);
        let now = used();
        if is_warm() && now.saturating_sub(before) < WORK {
            return;
        }
        before = now;
        if start.elapsed() > SOON && !std::mem::replace(&mut told, true) {
            tell();
        }
    }
}

/// Processor time of this process and of the compilers that it has started, in nanoseconds. What
/// cells have left running is not the kernel's.
fn used() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: a valid place for the result.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    let own = time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64;
    let children = tasks(Path::new("/proc/self/task"), "children");
    let compilers = children
        .iter()
        .flat_map(|children| children.split_whitespace())
        .map(|pid| Path::new("/proc").join(pid))
        .filter(|child| {
            let name = std::fs::read_to_string(child.join("comm"));
            name.is_ok_and(|name| name.starts_with("rustc"))
        })
        .flat_map(|child| tasks(&child.join("task"), "schedstat"))
        .filter_map(|line| line.split(' ').next()?.parse::<u64>().ok());
    own + compilers.sum::<u64>()
}

/// The contents of a file of every thread of a process.
fn tasks(folder: &Path, file: &str) -> Vec<String> {
    let threads = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let texts = threads.map(|thread| std::fs::read_to_string(thread.path().join(file)));
    texts.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn work_of_this_process_is_seen_and_waited_for() {
        let before = used();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // So much work, however long that takes on a busy machine.
                while used() < before + 100_000_000 {
                    std::hint::black_box(0);
                }
                stop.store(true, Ordering::SeqCst);
            });
            wait(&|| true, &mut || {});
        });
        assert!(used() >= before + 100_000_000 && stop.into_inner());
    }
}
