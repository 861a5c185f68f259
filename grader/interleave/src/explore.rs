//! The search: executions under changing strategies, until one fails or the budget is used.

use crate::execution::{End, Execution};
use crate::process::{self, Channel, Image};
use crate::report::{Counterexample, Exploration, Failure, LockOrder, Mode, Party, Request, Site};
use crate::run::execute;
use crate::runtime::{active, install};
use crate::schedule::Strategy;
use std::collections::BTreeMap;

/// Processor time for shortening a counterexample, in seconds.
const SHORTENING: f64 = 0.4;
/// Executions by chance before the first systematic search.
const FIRST: u64 = 100;

/// The search of this process.
struct Search {
    execution: *mut Execution,
    image: Image,
    request: Request,
    check: fn(),
    result: Exploration,
    outcomes: BTreeMap<String, u64>,
    started: f64,
    /// Ends of complete executions: the longest, in steps.
    longest: u64,
    /// Executions begun, those that were cut off included.
    runs: u64,
}

static mut SEARCH: *mut Search = std::ptr::null_mut();
static mut CHANNEL: Option<Channel> = None;

/// The main function of an explored program: reads the request, explores one of the checks,
/// answers, and ends the process. `planted` has a race, which must be found first: a compiler that
/// instruments in another way than expected would otherwise lead to silence.
pub fn main(checks: &[fn()], planted: fn()) -> ! {
    let (channel, request) = match Channel::open::<Request>() {
        Ok(opened) => opened,
        Err(message) => {
            eprintln!("this program is run by tandem-grader: {message}");
            std::process::exit(3)
        }
    };
    let Some(&check) = checks.get(request.check) else {
        std::process::exit(3)
    };
    // Standard output is made ready before its state is remembered.
    let _ = std::io::Write::flush(&mut std::io::stdout());
    std::panic::set_hook(Box::new(on_panic));
    let mut execution = Box::new(Execution::new(request.seed));
    execution.base = process::base();
    execution.parallelism = request.parallelism;
    execution.weak_memory = request.weak_memory;
    execution.limit = request.steps;
    process::watch(on_crash);
    // SAFETY: set once, before anything reads them.
    unsafe { CHANNEL = Some(channel) };
    let execution = install(execution);
    let statics = request.statics.clone();
    let base = execution.base;
    let mut search = Search {
        execution,
        image: Image::default(),
        request,
        check,
        result: Exploration {
            counterexample: None,
            executions: 0,
            truncated: 0,
            exhaustive: false,
            bound: None,
            longest: 0,
            seconds: 0.0,
            lock_orders: Vec::new(),
            self_test: false,
            base: base as u64,
            outcomes: Vec::new(),
        },
        outcomes: BTreeMap::new(),
        started: processor_seconds(),
        longest: 40,
        runs: 0,
    };
    // SAFETY: lives until the process ends.
    unsafe { SEARCH = &raw mut search };
    let _ = crate::thread::FiberStack::new(0);
    // Everything of the engine's own that stands in statics has its final value now.
    search.image = Image::capture(base, &statics);
    let image = search.image.clone();
    let execution = search.execution();
    execution.local = image.local;
    execution.image = image;
    if search.finds(planted) {
        search.execution().expected = search.request.should_panic.clone();
        search.run();
        search.doubt();
    }
    search.answer();
    // SAFETY: the answer is out; destructors of the program must not run.
    unsafe { libc::_exit(0) }
}

impl Search {
    fn execution(&mut self) -> &'static mut Execution {
        // SAFETY: the one execution of the process, never freed.
        unsafe { &mut *self.execution }
    }

    /// Whether the planted race is found.
    fn finds(&mut self, planted: fn()) -> bool {
        for _ in 0..50 {
            self.execution().schedule.strategy = Strategy::Random;
            let end = execute(self.execution(), &self.image, planted, self.longest);
            if matches!(end, End::Failed(f) if f.kind == crate::report::Kind::DataRace) {
                self.result.self_test = true;
                break;
            }
        }
        self.execution().tries = false;
        self.execution().lock_orders = Default::default();
        self.execution().schedule = crate::schedule::Schedule::new(self.request.seed);
        self.result.self_test
    }

    fn run(&mut self) {
        let budget = self.request.budget_ms as f64 / 1000.0;
        match self.request.mode.clone() {
            Mode::Replay(choices) => {
                self.execution().events = Some(Vec::new());
                let end = self.replay(choices);
                self.result.executions = 1;
                if let End::Failed(failure) = end {
                    self.keep(failure);
                }
            }
            Mode::Random => self.by_chance(budget, u64::MAX, |_| Strategy::Random),
            Mode::Pct => self.by_chance(budget, u64::MAX, |n| Strategy::Pct {
                depth: 2 + (n % 4) as u32,
            }),
            Mode::Exhaustive(bound) => {
                self.systematically(bound, budget);
            }
            Mode::Mixed => self.mixed(budget),
        }
        if let Some(found) = self.result.counterexample.take() {
            let shorter = if matches!(self.request.mode, Mode::Replay(_)) || !self.request.shorten {
                found
            } else {
                self.shorten(found)
            };
            self.result.counterexample = Some(shorter);
        }
    }

    /// A little of everything, so that shallow bugs fall at once; then all executions, as far as
    /// the time goes; then by chance again.
    fn mixed(&mut self, budget: f64) {
        let by_turns = |n: u64| match n % 8 {
            1 => Strategy::Pct { depth: 2 },
            3 => Strategy::Pct { depth: 3 },
            4 => Strategy::RoundRobin {
                period: 1 + n / 8 % 5,
            },
            6 => Strategy::Pct {
                depth: 4 + (n / 8 % 3) as u32,
            },
            _ => Strategy::Random,
        };
        self.by_chance(budget * 0.05, FIRST, by_turns);
        // Small programs have few interleavings that differ: that is the best answer there is.
        if self.is_decided() || self.systematically(None, budget * 0.25) {
            return;
        }
        self.by_chance(budget * 0.6, u64::MAX, by_turns);
        for bound in 0..4 {
            if self.is_decided()
                || self.is_over(budget * 0.85)
                || !self.systematically(Some(bound), budget * 0.85)
            {
                break;
            }
        }
        if !self.is_decided() {
            self.by_chance(budget, u64::MAX, by_turns);
        }
    }

    fn is_decided(&self) -> bool {
        self.result.counterexample.is_some()
    }

    fn by_chance(&mut self, until: f64, most: u64, strategy: impl Fn(u64) -> Strategy) {
        let mut n = 0;
        while n == 0 || (n < most && !self.is_over(until)) {
            self.execution().schedule.strategy = strategy(n);
            n += 1;
            self.once();
            if self.result.counterexample.is_some() {
                return;
            }
        }
    }

    /// All executions within `bound`; returns whether that was all.
    fn systematically(&mut self, bound: Option<u32>, until: f64) -> bool {
        self.execution().schedule.restart(bound);
        let mut tries = self.execution().tries;
        let mut before = self.result.executions;
        let mut cut = self.result.truncated;
        loop {
            self.once();
            if self.result.counterexample.is_some() {
                return false;
            }
            if self.execution().tries != tries {
                // More points are to be considered than at the start: begin again.
                tries = true;
                self.execution().schedule.restart(bound);
                before = self.result.executions;
                cut = self.result.truncated;
                continue;
            }
            if !self.execution().schedule.advance() {
                let all = self.result.truncated == cut;
                if all {
                    // Those by chance before are among them.
                    self.result.executions -= before;
                    self.result.exhaustive = true;
                    self.result.bound = bound;
                }
                return all;
            }
            if self.is_over(until) {
                return false;
            }
        }
    }

    fn is_over(&self, until: f64) -> bool {
        self.result.executions >= self.request.executions
            || (self.runs.is_multiple_of(16) && processor_seconds() - self.started > until)
    }

    /// A program of which no execution came to its end is not known to do anything right.
    fn doubt(&mut self) {
        let result = &self.result;
        if result.counterexample.is_none() && result.truncated == result.executions {
            let steps = self.request.steps;
            self.keep(Failure::new(
                crate::report::Kind::Limit,
                format!(
                    "no execution came to its end within {steps} steps: the program goes on for ever, or the check is too large"
                ),
            ));
        }
    }

    /// One execution under the present strategy.
    fn once(&mut self) {
        self.runs += 1;
        let end = execute(self.execution(), &self.image, self.check, self.longest);
        if end == End::Redundant {
            return;
        }
        self.result.executions += 1;
        let steps = self.execution().steps;
        match end {
            End::Failed(failure) => self.keep(failure),
            End::Truncated => {
                self.result.truncated += 1;
                // Others came to an end long before: this one goes round in circles.
                if self.longest * 20 < steps && self.result.executions > 20 {
                    let suspicion = self.execution().suspicion.take();
                    let mut failure = suspicion
                        .unwrap_or_else(|| Failure::new(crate::report::Kind::Livelock, ""));
                    let end = format!(
                        "after {steps} steps there is no end in sight, where other executions needed {}",
                        self.longest
                    );
                    failure.message = match failure.kind {
                        crate::report::Kind::Livelock => end,
                        _ => format!("{}; {end}", failure.message),
                    };
                    self.keep(failure);
                }
            }
            _ => self.longest = self.longest.max(steps),
        }
        if self.request.collect {
            let printed = self.execution().printed.clone();
            *self.outcomes.entry(printed).or_default() += 1;
        }
    }

    fn replay(&mut self, choices: Vec<u16>) -> End {
        self.execution().schedule.strategy = Strategy::Replay;
        self.execution().schedule.forced = choices;
        let end = execute(self.execution(), &self.image, self.check, self.longest);
        self.execution().schedule.forced.clear();
        end
    }

    fn keep(&mut self, failure: Failure) {
        let e = self.execution();
        let printed = e.printed.clone();
        self.result.counterexample = Some(Counterexample {
            failure,
            choices: e.schedule.choices.clone(),
            preemptions: e.preemptions,
            events: e.events.clone().unwrap_or_default(),
            names: e.threads.iter().map(|t| t.name.clone()).collect(),
            printed,
        });
    }

    /// Looks for a schedule with fewer interruptions and steps that fails in the same way, and
    /// records it: choices are made plain one after the other, from the end of the list and from
    /// its start, as long as the failure stays.
    fn shorten(&mut self, found: Counterexample) -> Counterexample {
        let end = processor_seconds() + SHORTENING;
        let kind = found.failure.kind;
        let mut best = found.choices.clone();
        let mut cost = (found.preemptions, self.execution().steps, nonzero(&best));
        let mut again = true;
        while again && processor_seconds() < end {
            again = false;
            let mut chunk = best.len().div_ceil(2).max(1);
            while chunk > 0 && processor_seconds() < end {
                let mut from = 0;
                while from < best.len() && processor_seconds() < end {
                    let to = (from + chunk).min(best.len());
                    if best[from..to].iter().any(|&c| c != 0) {
                        let mut candidate = best.clone();
                        candidate[from..to].fill(0);
                        if let Some((choices, new)) = self.try_schedule(candidate, kind, cost) {
                            best = choices;
                            cost = new;
                            again = true;
                        }
                    }
                    from += chunk;
                }
                chunk = if chunk == 1 { 0 } else { chunk / 2 };
            }
        }
        self.execution().events = Some(Vec::new());
        let replayed = self.replay(best);
        match replayed {
            End::Failed(failure) if failure.kind == kind => self.keep(failure),
            _ => {
                // The same choices must lead to the same end; where they do not, say what was seen.
                self.replay(found.choices.clone());
                self.result.counterexample = Some(found.clone());
            }
        }
        self.execution().events = None;
        self.result.counterexample.take().unwrap_or(found)
    }

    #[allow(clippy::type_complexity)]
    fn try_schedule(
        &mut self,
        choices: Vec<u16>,
        kind: crate::report::Kind,
        cost: (u32, u64, usize),
    ) -> Option<(Vec<u16>, (u32, u64, usize))> {
        let end = self.replay(choices);
        let e = self.execution();
        let mut taken = e.schedule.choices.clone();
        while taken.last() == Some(&0) {
            taken.pop();
        }
        let new = (e.preemptions, e.steps, nonzero(&taken));
        match end {
            End::Failed(failure)
                if failure.kind == kind && (new.0, new.2, new.1) < (cost.0, cost.2, cost.1) =>
            {
                Some((taken, new))
            }
            _ => None,
        }
    }

    fn answer(&mut self) {
        self.result.seconds = processor_seconds() - self.started;
        self.result.longest = self.longest.max(self.execution().steps.min(self.longest));
        let base = self.execution().base;
        let cycles = std::mem::take(&mut self.execution().lock_orders.cycles);
        self.result.lock_orders = cycles
            .into_iter()
            .map(|cycle| LockOrder {
                steps: cycle
                    .into_iter()
                    .map(|edge| Party {
                        thread: edge.thread,
                        what: "takes the lock".into(),
                        site: edge.taken_at.site(base),
                        stack: Vec::new(),
                        object: edge.taken,
                        holder: Some((edge.thread, edge.held_at.site(base))),
                    })
                    .collect(),
            })
            .collect();
        self.result.outcomes = std::mem::take(&mut self.outcomes).into_iter().collect();
        // SAFETY: set before the search, read by nobody else.
        #[allow(static_mut_refs)]
        if let Some(channel) = unsafe { CHANNEL.as_ref() } {
            channel.send(&self.result);
        }
    }
}

fn nonzero(choices: &[u16]) -> usize {
    choices.iter().filter(|&&c| c != 0).count()
}

fn on_panic(info: &std::panic::PanicHookInfo<'_>) {
    if !active() {
        eprintln!("{info}");
        return;
    }
    let before = crate::runtime::set_inside(true);
    let message = info
        .payload_as_str()
        .unwrap_or("a panic with a value that is no text")
        .to_owned();
    let site = info.location().map_or(Site::Unknown, |l| {
        Site::Line(l.file().to_owned(), l.line(), l.column())
    });
    crate::run::panicked(message, site);
    if crate::runtime::with(|e| e.events.is_some()) {
        crate::runtime::tandem_stop_here();
    }
    crate::runtime::set_inside(before);
    if let Some(hook) = fibers::panic_hook() {
        hook(info);
    }
}

/// A signal came: what led there is the counterexample. Nothing can be run again in this process.
fn on_crash(failure: Failure) {
    crate::runtime::set_inside(true);
    // SAFETY: the search lives until the process ends, and its own code does not run now.
    unsafe {
        if let Some(search) = SEARCH.as_mut() {
            search.result.executions += 1;
            search.keep(failure);
            search.answer();
        }
    }
}

fn processor_seconds() -> f64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: fills in the time.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
