//! Vector clocks: who has seen how much of whom.

use smallvec::SmallVec;

/// A thread's number: 0 is the one that runs the check.
pub type ThreadId = usize;

/// How much of every thread's past is known: one counter a thread, missing ones are 0.
///
/// Slot 0 counts sequentially consistent fences: it names the newest fence that happens before,
/// and travels with every synchronisation like the other counters do.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Clock(SmallVec<[u32; 8]>);

impl Clock {
    /// How much of `thread` is known.
    #[inline]
    pub fn of(&self, thread: ThreadId) -> u32 {
        self.0.get(thread + 1).copied().unwrap_or(0)
    }

    /// Whether the event number `epoch` of `thread` is known.
    #[inline]
    pub fn covers(&self, thread: ThreadId, epoch: u32) -> bool {
        epoch <= self.of(thread)
    }

    /// The newest sequentially consistent fence that is known; 0: none.
    #[inline]
    pub fn fence(&self) -> u32 {
        self.0.first().copied().unwrap_or(0)
    }

    /// Notes that fence number `fence` is known.
    pub fn set_fence(&mut self, fence: u32) {
        self.reach(0);
        self.0[0] = self.0[0].max(fence);
    }

    /// Starts the next event of `thread`.
    #[inline]
    pub fn tick(&mut self, thread: ThreadId) {
        self.reach(thread + 1);
        self.0[thread + 1] += 1;
    }

    /// Takes over everything that `other` knows.
    #[inline]
    pub fn join(&mut self, other: &Clock) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn reach(&mut self, slot: usize) {
        if self.0.len() <= slot {
            self.0.resize(slot + 1, 0);
        }
    }
}
