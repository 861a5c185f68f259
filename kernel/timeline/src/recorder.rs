//! The recorder: attaches to a process while a cell runs.

use crate::machine;
use crate::perf::Perf;
use crate::recording::{GilInterval, Recording, Source};
use crate::schedstat::Samples;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tandem_cell::Watch;
use tandem_cell::frame::monotonic_ns;

/// How often the rings are emptied: at 100,000 switches a second on one core, a ring holds
/// four times as much.
const DRAIN: Duration = Duration::from_millis(20);
/// How often `/proc` is sampled, where it must be.
pub const SAMPLE: Duration = Duration::from_millis(2);

/// A [`Watch`] that records every run it is shown.
#[derive(Default)]
pub struct Recorder {
    sampling_only: bool,
    running: Option<Running>,
    recordings: Vec<Recording>,
}

enum Gathering {
    Perf(Perf),
    Samples(Samples),
}

struct Running {
    pid: i32,
    start: u64,
    cores: u32,
    busy: u64,
    own: u64,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Gathering>,
}

impl Recorder {
    /// A recorder that takes context switches where it may, and samples where it may not.
    pub fn new() -> Recorder {
        Recorder::default()
    }

    /// A recorder that samples `/proc` also where more could be known.
    pub fn sampling() -> Recorder {
        Recorder {
            sampling_only: true,
            ..Recorder::default()
        }
    }

    /// Who held Python's global interpreter lock during the last run, for those who can know
    /// (times of `CLOCK_MONOTONIC`, in nanoseconds).
    pub fn set_gil(&mut self, held: &[GilInterval]) {
        if let Some(last) = self.recordings.last_mut() {
            last.set_gil(held);
        }
    }

    /// What was recorded, one recording for each run.
    pub fn finish(self) -> Vec<Recording> {
        self.recordings
    }
}

impl Gathering {
    fn step(&mut self) {
        match self {
            Gathering::Perf(perf) => {
                std::thread::park_timeout(DRAIN);
                perf.drain();
            }
            Gathering::Samples(samples) => {
                std::thread::park_timeout(SAMPLE);
                samples.take(monotonic_ns());
            }
        }
    }
}

impl Watch for Recorder {
    fn started(&mut self, pid: i32) {
        // A run whose end was not told has no duration to draw.
        self.stop();
        let perf = match self.sampling_only {
            true => None,
            false => Perf::attach(pid).ok(),
        };
        let (cores, busy, own) = (machine::allowed(pid), machine::busy(), machine::own());
        let start = monotonic_ns();
        let mut gathering = match perf {
            Some(perf) => Gathering::Perf(perf),
            None => Gathering::Samples(Samples::new(pid, start)),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let own_stop = stop.clone();
        let thread = std::thread::spawn(move || {
            while !own_stop.load(Ordering::Acquire) {
                gathering.step();
            }
            gathering
        });
        self.running = Some(Running {
            pid,
            start,
            cores,
            busy,
            own,
            stop,
            thread,
        });
    }

    fn ended(&mut self) {
        let end = monotonic_ns();
        if let Some(recording) = self.stop().and_then(|running| running.recording(end)) {
            self.recordings.push(recording);
        }
    }
}

impl Recorder {
    fn stop(&mut self) -> Option<Running> {
        let running = self.running.take()?;
        running.stop.store(true, Ordering::Release);
        running.thread.thread().unpark();
        Some(running)
    }
}

impl Running {
    fn recording(self, end: u64) -> Option<Recording> {
        let busy = machine::busy().saturating_sub(self.busy);
        let own = machine::own().saturating_sub(self.own);
        let wall = end.saturating_sub(self.start).max(1);
        let (source, mut threads, lost) = match self.thread.join().ok()? {
            Gathering::Perf(perf) => {
                let switches = perf.finish(self.start, self.start + wall);
                (Source::ContextSwitches, switches.threads, switches.lost)
            }
            Gathering::Samples(samples) => (Source::Samples, samples.finish(), 0),
        };
        if source == Source::Samples {
            // The last sample may have been taken after the end.
            for thread in &mut threads {
                thread.died = thread.died.min(wall);
                thread.intervals.retain(|i| i.start < wall);
                for interval in &mut thread.intervals {
                    interval.end = interval.end.min(wall);
                }
            }
        }
        let began = |t: &crate::Thread| t.intervals.first().map(|i| i.start);
        threads.sort_by_key(|thread| (thread.born, began(thread), thread.tid));
        let mut recording = Recording {
            source,
            pid: self.pid as u32,
            began: self.start,
            wall,
            threads,
            lost,
            cores: self.cores,
            others: 0,
            machine: machine::online().len() as u32,
            gil: None,
        };
        // A program that records itself is its own work, not twice that.
        let own = if self.pid == std::process::id() as i32 {
            0
        } else {
            own
        };
        recording.others = busy.saturating_sub(recording.cpu() + own);
        Some(recording)
    }
}
