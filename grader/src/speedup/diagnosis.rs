//! Why a program is not as fast as it could be: where the time of the machine's cores went.

use super::Cause;
use super::build::Built;
use crate::symbols::Symbols;
use crate::verdict::Line;
use reports::exploration::Site;
use reports::measurement::{Activity, Measurement, Round};

/// Causes below this share of the machine's time are not told.
const LEAST: f64 = 0.06;

/// What costs speed on so many cores, the worst first.
pub fn causes(built: &Built, cores: usize, measurement: &Measurement) -> Vec<Cause> {
    let Some(round) = measurement.rounds.last() else {
        return Vec::new();
    };
    let mut symbols = Symbols::new(&built.timed, built.sources.iter().collect());
    let machine = round.attempt as f64 * cores as f64;
    let share = |time: f64| (time / machine).clamp(0.0, 1.0);
    let mut causes = vec![
        lock(round, share(round.lock_waits as f64), &mut symbols),
        lines(round, share(round.lines as f64), &mut symbols),
        spinning(share(round.spinning as f64)),
        starting(round),
        inflation(round, share(round.computed as f64 - round.reference as f64)),
        idle(round, cores, measurement),
        too_good(round, cores),
    ];
    // Who starts threads all the time is alone, but not because the work cannot be shared.
    let starts = causes.iter().any(|c| c.kind == "overhead" && c.share > 0.5);
    // The cache line of a contended lock travels, too: that is the same cause.
    let waits = causes.iter().any(|c| c.kind == "lock" && c.share >= LEAST);
    causes.retain(|c| {
        c.share >= LEAST
            && !(starts && c.kind == "serial")
            && !(waits && c.kind == "shared-atomic" && c.lines.is_empty())
    });
    causes.sort_by(|a, b| b.share.total_cmp(&a.share));
    causes
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn cause(kind: &str, share: f64, message: String, lines: Vec<Line>) -> Cause {
    Cause {
        kind: kind.into(),
        share,
        message,
        lines,
    }
}

fn lock(round: &Round, share: f64, symbols: &mut Symbols<'_>) -> Cause {
    let worst = round.locks.first();
    let place = worst.and_then(|l| l.place.clone());
    let lines = place.map_or(Vec::new(), |(file, line)| {
        symbols.lines(&Site::Line(file, line, 0))
    });
    let taken = worst.map_or(0, |l| l.taken);
    let held = worst.map_or(0.0, |l| l.held as f64 / round.attempt.max(1) as f64);
    cause(
        "lock",
        share,
        format!(
            "threads wait for a lock, {} of the machine's time: it is taken {taken} times and held {} of the time; \
             hold it for less, or give each thread its own part",
            percent(share),
            percent(held.min(1.0))
        ),
        lines,
    )
}

fn lines(round: &Round, share: f64, symbols: &mut Symbols<'_>) -> Cause {
    let worst = round.shared.first();
    let falsely = worst.is_some_and(|l| l.falsely_shared);
    let mut lines: Vec<Line> = worst
        .into_iter()
        .flat_map(|l| &l.codes)
        .filter_map(|code| symbols.lines(&Site::Code(*code)).into_iter().next())
        .collect();
    lines.sort_by_key(|l| (l.file.clone(), l.line));
    lines.dedup_by_key(|l| l.line);
    let what = if falsely {
        "cores take a cache line from each other although none needs the other's data (false sharing): \
         keep what different threads write at least 64 bytes apart"
    } else {
        "cores take a cache line from each other for an atomic that all of them change: \
         let each thread count for itself, and add up at the end"
    };
    cause(
        if falsely {
            "false-sharing"
        } else {
            "shared-atomic"
        },
        share,
        format!(
            "{what} ({} transfers, {} of the machine's time)",
            round.transfers,
            percent(share)
        ),
        lines,
    )
}

/// More than one core's work done by each core at once: that is not done by the cores.
const TOO_GOOD: f64 = 1.25;

fn too_good(round: &Round, cores: usize) -> Cause {
    let times = round.reference as f64 / round.attempt.max(1) as f64;
    let share = if times > TOO_GOOD * cores as f64 {
        1.0
    } else {
        0.0
    };
    let message = format!(
        "{times:.1} times as fast is more than {cores} cores can do: it does less than the sequential program, \
         or finds results that an earlier run has kept"
    );
    cause("less-work", share, message, Vec::new())
}

fn spinning(share: f64) -> Cause {
    let message = format!(
        "threads look again and again whether something has changed, {} of the machine's time: \
         let them wait on a condition variable, or join",
        percent(share)
    );
    cause("busy-waiting", share, message, Vec::new())
}

/// The one who starts threads is mostly the one whom all wait for: the share is one of the program's
/// time, not of the machine's.
fn starting(round: &Round) -> Cause {
    let share = (round.system as f64 / round.attempt.max(1) as f64).min(1.0);
    let message = format!(
        "{} threads are started, and threads are woken again and again; that alone takes {} of the program's time: \
         start as many threads as there are cores, and give each more to do",
        round.spawned,
        percent(share)
    );
    cause("overhead", share, message, Vec::new())
}

fn inflation(round: &Round, share: f64) -> Cause {
    let more = round.computed as f64 / round.reference.max(1) as f64;
    let message = format!(
        "all threads together compute {more:.1} times as long as the sequential program: \
         look for copies of data, repeated work and additional passes"
    );
    cause("more-work", share, message, Vec::new())
}

/// The time in which cores had nothing to do: because one thread alone had, because there were too
/// few threads, or because some had more to do than others.
fn idle(round: &Round, cores: usize, measurement: &Measurement) -> Cause {
    let profile = &round.profile;
    let alone: u64 = profile.iter().take(2).sum();
    let alone = alone as f64 / round.attempt.max(1) as f64;
    let lost = alone * (cores as f64 - 1.0) / cores as f64;
    let most = profile
        .iter()
        .rposition(|t| *t > round.attempt / 100)
        .unwrap_or(1)
        .max(1);
    let mut busy: Vec<u64> = measurement
        .threads
        .iter()
        .filter(|t| t.intervals.iter().any(|i| i.activity == Activity::Runs))
        .map(|t| t.computed)
        .filter(|c| *c > round.attempt / 50)
        .collect();
    busy.sort_unstable();
    if most == 1 {
        return cause(
            "sequential",
            (cores as f64 - 1.0) / cores as f64,
            "only one thread computes at any time: the work is not shared out".into(),
            Vec::new(),
        );
    }
    let idle: f64 = profile
        .iter()
        .enumerate()
        .map(|(k, t)| *t as f64 * (cores.saturating_sub(k)) as f64)
        .sum::<f64>()
        / (round.attempt.max(1) as f64 * cores as f64);
    let waits = ((round.lock_waits + round.spinning) as f64
        / (round.attempt.max(1) as f64 * cores as f64))
        .min(1.0);
    let idle = (idle - waits).max(0.0);
    if lost >= idle * 0.6 {
        return cause(
            "serial",
            idle,
            format!(
                "for {} of the time only one thread computes; by Amdahl's law that alone keeps any number of cores \
                 below {:.1} times",
                percent(alone),
                1.0 / alone.max(1e-3)
            ),
            Vec::new(),
        );
    }
    if most < cores {
        return cause(
            "too-few-threads",
            idle,
            format!("never more than {most} threads compute at once, on {cores} cores"),
            Vec::new(),
        );
    }
    let (least, longest) = (
        busy.first().copied().unwrap_or(0) as f64 / 1e6,
        busy.last().copied().unwrap_or(0) as f64 / 1e6,
    );
    let differ = longest - least > 0.2 * longest && longest * 1e6 > 0.05 * round.attempt as f64;
    cause(
        "imbalance",
        if differ { idle } else { 0.0 },
        format!(
            "some threads have more to do than others ({least:.1} to {longest:.1} ms): cores are idle {} of the time; \
             cut the work into more and smaller parts, and let threads take the next when they are done",
            percent(idle)
        ),
        Vec::new(),
    )
}
