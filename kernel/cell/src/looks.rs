//! From looks at a lock to the times in which it was held.

use std::time::Duration;

/// What was seen. A look stands for the time around it, half way to the looks before and after: so the
/// share of the looks that saw a holder is its share of the time.
pub struct Looks {
    /// After a late look nothing is known of the time that is further away than this, in nanoseconds.
    reach: u64,
    holds: Vec<(u32, u64, u64)>,
    looked: Vec<(u64, u64)>,
    before: Option<(u64, Option<u32>)>,
}

/// Times in nanoseconds: in order, not overlapping.
pub struct Seen {
    /// Threads, and from when to when they held the lock.
    pub holds: Vec<(u32, u64, u64)>,
    /// From when to when something is known at all.
    pub looked: Vec<(u64, u64)>,
}

impl Looks {
    /// No looks yet; there shall be one in each `interval`.
    pub fn every(interval: Duration) -> Looks {
        Looks {
            reach: interval.as_nanos() as u64,
            holds: Vec::new(),
            looked: Vec::new(),
            before: None,
        }
    }

    /// A look at the time `now`, in nanoseconds, and the thread that was seen to hold the lock.
    pub fn add(&mut self, now: u64, holder: Option<u32>) {
        let mut from = now;
        if let Some((then, holder)) = self.before {
            let half = ((now - then) / 2).min(self.reach);
            from = now - half;
            self.extend(holder, then, then + half);
        }
        self.extend(holder, from, now);
        self.before = Some((now, holder));
    }

    fn extend(&mut self, holder: Option<u32>, from: u64, to: u64) {
        match self.looked.last_mut() {
            Some((_, end)) if from <= *end + 1 => *end = to,
            _ => self.looked.push((from, to)),
        }
        let Some(tid) = holder else { return };
        match self.holds.last_mut() {
            // Halves of an odd number of nanoseconds leave one between them.
            Some((same, _, end)) if *same == tid && from <= *end + 1 => *end = to,
            _ => self.holds.push((tid, from, to)),
        }
    }

    /// What was seen.
    pub fn finish(mut self) -> Seen {
        self.holds.retain(|(_, from, to)| to > from);
        Seen {
            holds: self.holds,
            looked: self.looked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_stands_for_the_time_around_it() {
        let mut looks = Looks::every(Duration::from_micros(500));
        for (at, holder) in [(0, 1), (400, 1), (800, 2), (1200, 0), (1600, 2), (9600, 2)] {
            let holder = (holder > 0).then_some(holder);
            looks.add(at * 1000, holder);
        }
        let Seen { holds, looked } = looks.finish();
        let micros = |hold: &(u32, u64, u64)| (hold.0, hold.1 / 1000, hold.2 / 1000);
        assert_eq!(
            holds.iter().map(micros).collect::<Vec<_>>(),
            [
                (1, 0, 600),
                (2, 600, 1000),
                (2, 1400, 2100),
                (2, 9100, 9600)
            ]
        );
        assert_eq!(looked, [(0, 2_100_000), (9_100_000, 9_600_000)]);
    }
}
