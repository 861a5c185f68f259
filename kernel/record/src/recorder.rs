//! The recorder: attaches to a process while a cell runs.

use crate::perf::Perf;
use crate::recording::{Lock, Recording, Source, Thread};
use crate::schedstat::Samples;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tandem_cell::Watch;
use tandem_cell::frame::monotonic_ns;

/// How often the rings are emptied.
const DRAIN: Duration = Duration::from_millis(20);
/// How often /proc is sampled, where it must be.
const SAMPLE: Duration = Duration::from_millis(2);
/// The holder of an interpreter's lock is sampled: of a shorter run, in nanoseconds, nothing is known.
const LOCK_SEEN: u64 = 20_000_000;

/// A [`Watch`] that records every run it is shown.
#[derive(Default)]
pub struct Recorder {
    running: Option<Running>,
    recordings: Vec<Recording>,
    lock: Option<tandem_cell::Lock>,
}

enum Gathered {
    Perf(Perf),
    Samples(Samples),
}

struct Running {
    start: u64,
    machine: Machine,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Gathered>,
}

impl Recorder {
    /// What was recorded, one recording for each run.
    pub fn finish(self) -> Vec<Recording> {
        self.recordings
    }
}

fn cores() -> u32 {
    // SAFETY: no memory is involved.
    unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }.max(1) as u32
}

impl Watch for Recorder {
    fn started(&mut self, pid: i32) {
        let perf = Perf::attach(pid, cores());
        let start = monotonic_ns();
        let stop = Arc::new(AtomicBool::new(false));
        let own = stop.clone();
        let thread = std::thread::spawn(move || match perf {
            Ok(mut perf) => {
                while !own.load(Ordering::Acquire) {
                    std::thread::park_timeout(DRAIN);
                    perf.drain();
                }
                Gathered::Perf(perf)
            }
            Err(_) => {
                let mut samples = Samples::new(pid, start);
                while !own.load(Ordering::Acquire) {
                    std::thread::park_timeout(SAMPLE);
                    samples.take(monotonic_ns(), start);
                }
                Gathered::Samples(samples)
            }
        });
        self.running = Some(Running {
            start,
            machine: Machine::now(),
            stop,
            thread,
        });
    }

    fn ended(&mut self) {
        self.ended_at(monotonic_ns());
    }

    fn ended_at(&mut self, time: u64) {
        let Some(running) = self.running.take() else {
            return;
        };
        let end = time.clamp(running.start, monotonic_ns());
        let machine = Machine::now();
        running.stop.store(true, Ordering::Release);
        running.thread.thread().unpark();
        let Ok(gathered) = running.thread.join() else {
            return;
        };
        let wall = end.saturating_sub(running.start).max(1);
        let (source, mut threads, lost) = match gathered {
            Gathered::Perf(perf) => {
                let switches = perf.finish(running.start, end);
                (Source::ContextSwitches, switches.threads, switches.lost)
            }
            Gathered::Samples(samples) => (Source::Samples, samples.finish(), false),
        };
        let lock = attribute(self.lock.take(), &mut threads, running.start, end);
        threads.sort_by_key(|thread| thread.intervals.first().map(|i| i.start));
        let mut recording = Recording {
            source,
            start: running.start,
            wall,
            threads,
            lost,
            cores: cores(),
            others: 0.0,
            lock,
        };
        let all = machine.busy.saturating_sub(running.machine.busy) as f64;
        let capacity = wall as f64 * f64::from(recording.cores);
        // The machine counts in ticks of 10 ms; a run of a few ticks says nothing of others.
        if wall > 100_000_000 {
            recording.others = ((all - recording.cpu() as f64) / capacity).clamp(0.0, 1.0);
        }
        self.recordings.push(recording);
    }

    fn wants_lock(&self) -> bool {
        true
    }

    fn lock(&mut self, lock: tandem_cell::Lock) {
        self.lock = Some(lock);
    }
}

/// Gives the times with the lock to their threads, and leaves out the thread that looked.
fn attribute(
    lock: Option<tandem_cell::Lock>,
    threads: &mut Vec<Thread>,
    start: u64,
    end: u64,
) -> Lock {
    let (sampler, holds, looked) = match lock {
        None => return Lock::None,
        Some(tandem_cell::Lock::Hidden(reason)) => return Lock::Hidden(reason),
        Some(tandem_cell::Lock::Seen {
            sampler,
            holds,
            looked,
        }) => (sampler, holds, looked),
    };
    threads.retain(|thread| thread.tid != sampler);
    // So few samples say nothing.
    if end.saturating_sub(start) < LOCK_SEEN {
        return Lock::None;
    }
    for hold in holds {
        let (from, to) = (hold.from.clamp(start, end), hold.to.clamp(start, end));
        let holder = threads.iter_mut().find(|thread| thread.tid == hold.tid);
        if let Some(holder) = holder.filter(|_| to > from) {
            holder.held.push((from - start, to - start));
        }
    }
    let within = |(from, to): &(u64, u64)| to.clamp(&start, &end) - from.clamp(&start, &end);
    Lock::Sampled {
        looked: looked.iter().map(within).sum(),
    }
}

/// What all programs together have used.
struct Machine {
    /// Nanoseconds of all cores.
    busy: u64,
}

impl Machine {
    /// From the first line of /proc/stat: everything but idle and waiting for disks.
    fn now() -> Machine {
        let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        let ticks: Vec<u64> = stat
            .lines()
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .skip(1)
            .take(8)
            .filter_map(|number| number.parse().ok())
            .collect();
        let idle: u64 = ticks.iter().skip(3).take(2).sum();
        // SAFETY: no memory is involved.
        let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) }.max(1) as u64;
        let busy = ticks.iter().sum::<u64>() - idle;
        Machine {
            busy: busy * (1_000_000_000 / per_second),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own_cpu_ns() -> u64 {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `time` is a valid place for the result.
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    }

    #[test]
    fn a_thread_that_works_is_seen_and_one_that_sleeps_is_not() {
        let mut recorder = Recorder::default();
        recorder.started(std::process::id() as i32);
        // So much work, however long that takes on a busy machine.
        let worker = std::thread::spawn(|| {
            let mut number = 1u64;
            while own_cpu_ns() < 60_000_000 {
                number = std::hint::black_box(number.wrapping_mul(3));
            }
        });
        worker.join().unwrap();
        recorder.ended();
        let recordings = recorder.finish();
        let recording = &recordings[0];
        assert!(recording.wall >= 60_000_000, "{recording:?}");
        assert!(recording.cpu() > 50_000_000, "{recording:?}");
        assert!(
            recording
                .threads
                .iter()
                .all(|thread| thread.cpu() <= recording.wall)
        );
    }
}
