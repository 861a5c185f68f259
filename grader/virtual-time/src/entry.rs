//! The main function of a measured program.

use crate::measures::{condensed, profile};
use crate::run;
use crate::runtime::{install, with};
use crate::simulation::Simulation;
use fibers::{Channel, Image, base};
use reports::measurement::{Activity, LineUse, LockUse, Measurement, Request, Round, ThreadUse};
use std::cell::RefCell;
use std::rc::Rc;

/// Measures `attempt` beside `reference` on inputs made from seeds, as the process's standard input
/// says; answers, and ends the process.
pub fn __measure<I: 'static, O: PartialEq + 'static>(
    input: fn(u64) -> I,
    reference: fn(&I) -> O,
    attempt: fn(&I) -> O,
) -> ! {
    // What depends on these types is compiled with each program: it is as little as can be.
    let warm = move |seed| {
        let input = input(seed);
        std::hint::black_box(reference(std::hint::black_box(&input)));
    };
    let round = move |seed| {
        let input = std::hint::black_box(input(seed));
        let before = crate::sync::now();
        let expected = std::hint::black_box(reference(&input));
        let start = begin();
        let value = std::hint::black_box(attempt(&input));
        let mut measured = end(before, start);
        measured.round.equal = expected == value;
        measured
    };
    measure(Box::new(warm), Box::new(round))
}

/// One round: what was measured, when it began, and what each thread did.
struct Measured {
    round: Round,
    start: u64,
    threads: Vec<ThreadUse>,
}

fn measure(warm: Box<dyn Fn(u64)>, round: Box<dyn Fn(u64) -> Measured>) -> ! {
    let (channel, request) = match Channel::open::<Request>() {
        Ok(opened) => opened,
        Err(message) => {
            eprintln!("this program is run by tandem-grader: {message}");
            std::process::exit(3)
        }
    };
    std::panic::set_hook(Box::new(|info| {
        let message = info.payload_as_str().unwrap_or("a panic").to_owned();
        let place = info.location().map_or(String::new(), |l| {
            format!(
                " ({}:{})",
                l.file().rsplit('/').next().unwrap_or(""),
                l.line()
            )
        });
        run::panicked(format!("{message}{place}"));
        if let Some(hook) = fibers::panic_hook() {
            hook(info);
        }
    }));
    let simulation = Simulation::new(request.cores, Image::capture(base(), &[]));
    let simulation = install(Box::new(simulation));
    let answer = Rc::new(RefCell::new(Measurement::default()));
    let theirs = answer.clone();
    let main = Box::new(move || {
        if let Some(&first) = request.seeds.first() {
            // What is made once is made now, and the caches are warm.
            warm(!first);
        }
        for &seed in &request.seeds {
            let measured = round(seed);
            let last = request.is_hopeless(&measured.round);
            let mut answer = theirs.borrow_mut();
            answer.rounds.push(measured.round);
            answer.start = measured.start;
            answer.threads = measured.threads;
            if last {
                break;
            }
        }
    });
    // SAFETY: the installed one.
    let ended = unsafe { run::run(simulation, main) };
    let mut answer = answer.take();
    // SAFETY: no fiber runs any more.
    let simulation = unsafe { &mut *simulation };
    if !ended {
        answer.failure = Some(match simulation.panic.take() {
            Some(message) => format!("it panics: {message}"),
            None => "all its threads wait for each other".into(),
        });
    }
    answer.printed = std::mem::take(&mut simulation.printed);
    channel.send(&answer);
    // SAFETY: the answer is out; destructors of the program must not run.
    unsafe { libc::_exit(0) }
}

/// The attempt begins: now.
fn begin() -> u64 {
    with(|s| {
        let now = s.me().clock;
        for thread in &mut s.threads {
            thread.used.begin(now);
        }
        for object in &mut s.objects {
            (object.taken, object.waited, object.held) = (0, 0, 0);
        }
        s.caches.begin();
        s.spawned = 0;
        now
    })
}

/// The attempt ends, which began at `start`; the reference, `before` that.
fn end(before: u64, start: u64) -> Measured {
    with(|s| {
        let end = s.me().clock;
        let mut round = finished(s, start, end);
        round.reference = start - before;
        let threads = s.threads.iter().map(|t| ThreadUse {
            name: t.name.clone(),
            computed: t.used.computed,
            intervals: condensed(&t.used.intervals),
        });
        Measured {
            round,
            start,
            threads: threads.collect(),
        }
    })
}

fn finished(s: &mut Simulation, start: u64, end: u64) -> Round {
    for thread in &mut s.threads {
        if matches!(thread.state, crate::thread::State::On(_)) {
            thread.used.until(thread.clock.min(end), Activity::Runs);
        }
    }
    let (cost, transfers) = s.caches.total();
    let mut locks: Vec<&crate::objects::Object> =
        s.objects.iter().filter(|o| o.waited > 0).collect();
    locks.sort_by_key(|o| std::cmp::Reverse(o.waited));
    let base = base();
    let sum = |f: fn(&crate::measures::Used) -> u64| s.threads.iter().map(|t| f(&t.used)).sum();
    Round {
        attempt: end - start,
        profile: profile(s.threads.iter().map(|t| &t.used), start, end),
        computed: sum(|u| u.computed),
        lock_waits: sum(|u| u.total(Activity::WaitsForLock)),
        spinning: sum(|u| u.span),
        system: sum(|u| u.system),
        spawned: s.spawned,
        lines: cost,
        transfers,
        locks: locks
            .iter()
            .take(4)
            .map(|o| LockUse {
                place: o.place.map(|l| (l.file().to_owned(), l.line())),
                taken: o.taken,
                waited: o.waited,
                held: o.held,
            })
            .collect(),
        shared: s
            .caches
            .worst(4)
            .into_iter()
            .map(|(_, line)| LineUse {
                cost: line.cost,
                transfers: line.transfers,
                falsely_shared: line.is_falsely_shared(),
                codes: line
                    .codes
                    .iter()
                    .filter(|c| **c > base)
                    .map(|c| (c - base - 1) as u64)
                    .collect(),
            })
            .collect(),
        ..Round::default()
    }
}
