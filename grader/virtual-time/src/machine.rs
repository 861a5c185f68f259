//! The simulated machine: cores, cache lines, and what the system's services cost. The figures are
//! those of common x86-64 machines under Linux, in nanoseconds; they are fixed, so that a verdict
//! does not depend on the machine that judges.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// To start a thread, for the one who starts it.
pub const SPAWN: u64 = 9_000;
/// From there until the new thread runs.
pub const START: u64 = 12_000;
/// To wake a thread that sleeps in the system, for the one who wakes it.
pub const NOTIFY: u64 = 1_500;
/// From there until the woken thread runs.
pub const WAKE: u64 = 5_000;
/// A lock's waiter looks again and again for so long before it sleeps.
pub const SPIN: u64 = 1_000;
/// To give way.
pub const YIELD: u64 = 300;
/// A thread keeps its core for so long while others want one.
pub const QUANTUM: u64 = 3_000_000;
/// A cache line travels from one core to another.
pub const TRANSFER: u64 = 40;
/// A line that has arrived stays for at least this long, and its core goes on with it.
pub const HOLD: u64 = 30;
/// A store that has to wait for its line goes on in the meantime: what it costs its own thread.
pub const STORE: u64 = 8;
/// A read-modify-write operation on a line of one's own.
pub const MODIFY: u64 = 5;
/// Any other access to a line of one's own.
pub const HIT: u64 = 1;
/// A line that travelled is shared for at least this long.
const LATELY: u64 = 200_000;
/// The length of a cache line, as a power of two.
pub const LINE: u32 = 6;

/// A core.
#[derive(Clone, Copy, Debug, Default)]
pub struct Core {
    /// The thread on it.
    pub thread: Option<usize>,
    /// Since when it is free, where it is.
    pub free: u64,
}

/// How memory is accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A load.
    Load,
    /// A store.
    Store,
    /// Both, at once.
    Modify,
}

/// A cache line that is accessed by atomic operations.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// The cores that have a copy, as bits.
    copies: u64,
    /// The core that may write.
    owner: Option<usize>,
    /// The core that it leaves, and when: until then that core goes on with it.
    leaves: Option<(usize, u64)>,
    /// When it can travel again.
    free: u64,
    /// Until then several cores are taken to use it.
    shared: u64,
    /// What its travels have cost.
    pub cost: u64,
    /// How often it travelled.
    pub transfers: u64,
    /// Return addresses of accesses for which it travelled.
    pub codes: SmallVec<[usize; 2]>,
    /// The cores that wrote each of its words, as bits.
    words: [u64; 8],
}

impl Line {
    /// Whether it is contended although no word of it is: every word has one writer.
    pub fn is_falsely_shared(&self) -> bool {
        let written = self.words.iter().filter(|w| **w != 0);
        written.clone().count() > 1 && written.clone().all(|w| w.count_ones() == 1)
    }
}

/// All cache lines that atomic operations touched.
#[derive(Default)]
pub struct Caches {
    lines: FxHashMap<usize, Line>,
}

/// The most lines that are kept.
const LINES: usize = 1 << 20;

impl Caches {
    /// Whether no other core has the line, or had it lately.
    #[inline]
    pub fn is_private(&self, address: usize, core: usize, now: u64) -> bool {
        self.lines
            .get(&(address >> LINE))
            .is_none_or(|line| line.copies & !(1 << core) == 0 && line.shared < now)
    }

    /// `core` accesses `address` at `now`: the operation's cost, and the part of it that the line's
    /// travel is. `code` is the place in the program.
    #[inline]
    pub fn touch(
        &mut self,
        (address, code): (usize, usize),
        core: usize,
        access: Access,
        now: u64,
    ) -> (u64, u64) {
        if self.lines.len() > LINES {
            self.lines.clear();
        }
        let line = self.lines.entry(address >> LINE).or_default();
        let bit = 1u64 << core;
        let own = if access == Access::Modify {
            MODIFY
        } else {
            HIT
        };
        if access != Access::Load {
            line.words[(address >> 3) & 7] |= bit;
        }
        let here = match access {
            Access::Load => line.copies & bit != 0,
            _ => line.owner == Some(core),
        } || line
            .leaves
            .is_some_and(|(from, at)| from == core && now < at);
        let new = line.copies == 0;
        if here {
            return (own, 0);
        }
        if new {
            line.copies = bit;
            line.owner = (access != Access::Load).then_some(core);
            return (own, 0);
        }
        let leaves = now.max(line.free);
        let arrives = leaves + TRANSFER;
        if let Some(owner) = line.owner {
            line.leaves = Some((owner, leaves));
        }
        line.shared = now + LATELY;
        if access == Access::Load {
            line.copies |= bit;
            line.owner = None;
            // Copies do not wait for each other.
            line.free = line.free.max(now);
        } else {
            line.copies = bit;
            line.owner = Some(core);
            line.free = arrives + HOLD;
        }
        let waited = match access {
            Access::Store => STORE.max((arrives - now).saturating_sub(TRANSFER + HOLD)),
            _ => arrives - now,
        };
        line.cost += waited;
        line.transfers += 1;
        if line.codes.len() < 8 && !line.codes.contains(&code) {
            line.codes.push(code);
        }
        (own + waited, waited)
    }

    /// Forgets what travelled so far, not where the lines are.
    pub fn begin(&mut self) {
        for line in self.lines.values_mut() {
            line.cost = 0;
            line.transfers = 0;
            line.codes.clear();
            line.words = [0; 8];
        }
    }

    /// The lines whose travels cost most.
    pub fn worst(&self, count: usize) -> Vec<(usize, &Line)> {
        let mut lines: Vec<(usize, &Line)> = self
            .lines
            .iter()
            .filter(|(_, line)| line.cost > 0)
            .map(|(&index, line)| (index << LINE, line))
            .collect();
        lines.sort_by_key(|(address, line)| (std::cmp::Reverse(line.cost), *address));
        lines.truncate(count);
        lines
    }

    /// What all travels have cost, and how many there were.
    pub fn total(&self) -> (u64, u64) {
        self.lines
            .values()
            .fold((0, 0), |sum, l| (sum.0 + l.cost, sum.1 + l.transfers))
    }
}
