//! What is written down while the program runs.

use reports::measurement::{Activity, Interval};

/// What a thread did with its time, in nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct Used {
    /// It computed.
    pub computed: u64,
    /// It looked again and again whether something had changed.
    pub span: u64,
    /// It started and woke threads.
    pub system: u64,
    /// It waited for cache lines.
    pub lines: u64,
    /// Since when it does what it does.
    pub since: u64,
    /// What it did, in order.
    pub intervals: Vec<Interval>,
}

impl Used {
    /// What it has done until `to` is an interval.
    pub fn until(&mut self, to: u64, activity: Activity) {
        let from = self.since;
        if to <= from {
            return;
        }
        self.since = to;
        match self.intervals.last_mut() {
            Some(last) if last.activity == activity && last.to == from => last.to = to,
            _ => self.intervals.push(Interval { from, to, activity }),
        }
    }

    /// A new measurement begins at `now`.
    pub fn begin(&mut self, now: u64) {
        *self = Used {
            since: now.max(self.since),
            ..Used::default()
        };
    }

    /// The sum of the intervals of one kind.
    pub fn total(&self, activity: Activity) -> u64 {
        let wanted = self.intervals.iter().filter(|i| i.activity == activity);
        wanted.map(|i| i.to - i.from).sum()
    }
}

/// For how long how many threads computed at once: the index is the number of threads.
pub fn profile<'a>(threads: impl Iterator<Item = &'a Used>, from: u64, to: u64) -> Vec<u64> {
    let mut changes: Vec<(u64, i32)> = Vec::new();
    for used in threads {
        for i in used
            .intervals
            .iter()
            .filter(|i| i.activity == Activity::Runs)
        {
            changes.push((i.from.clamp(from, to), 1));
            changes.push((i.to.clamp(from, to), -1));
        }
    }
    // Stable, as each thread's are in order already.
    changes.sort();
    let (mut profile, mut now, mut running) = (vec![0u64; 2], from, 0i32);
    for (at, change) in changes.into_iter().chain([(to, 0)]) {
        let index = running.max(0) as usize;
        if profile.len() <= index {
            profile.resize(index + 1, 0);
        }
        profile[index] += at - now;
        now = at;
        running += change;
    }
    profile
}

/// The most intervals of a thread in a report.
const INTERVALS: usize = 400;

/// The intervals, the shortest of them joined into what they interrupt until few enough are left.
pub fn condensed(intervals: &[Interval]) -> Vec<Interval> {
    let mut kept = intervals.to_vec();
    let mut shortest = 1_000;
    while kept.len() > INTERVALS {
        let mut next: Vec<Interval> = Vec::with_capacity(kept.len());
        for interval in kept {
            match next.last_mut() {
                Some(last)
                    if last.activity == interval.activity
                        || interval.to - interval.from < shortest
                        || last.to - last.from < shortest =>
                {
                    if last.to - last.from < interval.to - interval.from {
                        last.activity = interval.activity;
                    }
                    last.to = interval.to;
                }
                _ => next.push(interval),
            }
        }
        kept = next;
        shortest *= 2;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(intervals: &[(u64, u64)]) -> Used {
        let interval = |&(from, to): &(u64, u64)| Interval {
            from,
            to,
            activity: Activity::Runs,
        };
        Used {
            intervals: intervals.iter().map(interval).collect(),
            ..Used::default()
        }
    }

    #[test]
    fn the_profile_counts_threads_at_once() {
        let threads = [used(&[(0, 10)]), used(&[(5, 20)])];
        assert_eq!(profile(threads.iter(), 0, 30), [10, 15, 5]);
    }

    #[test]
    fn neighbouring_intervals_of_one_kind_are_one() {
        let mut used = Used::default();
        used.until(5, Activity::Runs);
        used.until(9, Activity::Runs);
        used.until(12, Activity::Waits);
        assert_eq!(used.intervals.len(), 2);
        assert_eq!(used.total(Activity::Runs), 9);
    }

    #[test]
    fn many_intervals_are_condensed_and_cover_the_same_time() {
        let intervals: Vec<Interval> = (0..5000)
            .map(|i| Interval {
                from: i * 100,
                to: (i + 1) * 100,
                activity: if i % 2 == 0 {
                    Activity::Runs
                } else {
                    Activity::Waits
                },
            })
            .collect();
        let few = condensed(&intervals);
        assert!(few.len() <= INTERVALS);
        assert_eq!(few.first().map(|i| i.from), Some(0));
        assert_eq!(few.last().map(|i| i.to), Some(500_000));
    }
}
