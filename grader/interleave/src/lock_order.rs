//! Locks that are taken in more than one order: a deadlock that waits to happen.
//!
//! The lock graph of an execution, with guard locks and the threads' life times taken into account
//! (Havelund, SPIN 2000; Agarwal and others, 2010).

use crate::clock::ThreadId;
use crate::thread::Place;
use smallvec::SmallVec;

/// A lock was taken while another was held.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The lock held.
    pub held: u64,
    /// The lock taken.
    pub taken: u64,
    /// By whom.
    pub thread: ThreadId,
    /// Where the first was taken.
    pub held_at: Place,
    /// Where the second was taken.
    pub taken_at: Place,
    /// All locks held then.
    guards: SmallVec<[u64; 4]>,
    step: u64,
}

/// The graph of one execution, and the cycles of all.
#[derive(Default)]
pub struct LockOrders {
    edges: Vec<Edge>,
    lives: Vec<(u64, u64)>,
    /// Each cycle found, once for each set of places.
    pub cycles: Vec<Vec<Edge>>,
}

/// Cycles kept.
const CYCLES: usize = 4;
/// The longest cycle looked for.
const LENGTH: usize = 4;

impl LockOrders {
    /// A new execution starts.
    pub fn begin(&mut self) {
        self.edges.clear();
        self.lives.clear();
    }

    /// A thread starts (`end` false) or ends.
    pub fn life(&mut self, thread: ThreadId, step: u64, end: bool) {
        if self.lives.len() <= thread {
            self.lives.resize(thread + 1, (0, u64::MAX));
        }
        if end {
            self.lives[thread].1 = step
        } else {
            self.lives[thread].0 = step
        }
    }

    /// `thread` takes a lock while it holds others.
    pub fn taken(
        &mut self,
        thread: ThreadId,
        held: &[(u64, Place)],
        (taken, taken_at): (u64, Place),
        step: u64,
    ) {
        for &(lock, held_at) in held {
            let known = self
                .edges
                .iter()
                .any(|e| e.thread == thread && e.held == lock && e.taken == taken);
            if lock == taken || known {
                continue;
            }
            let guards = held.iter().map(|h| h.0).collect();
            let edge = Edge {
                held: lock,
                taken,
                thread,
                held_at,
                taken_at,
                guards,
                step,
            };
            self.edges.push(edge.clone());
            self.search(&mut vec![edge]);
        }
    }

    fn search(&mut self, path: &mut Vec<Edge>) {
        let (first, last) = (&path[0], &path[path.len() - 1]);
        if last.taken == first.held {
            self.keep(path);
            return;
        }
        if path.len() == LENGTH || self.cycles.len() >= CYCLES {
            return;
        }
        let from = last.taken;
        let next: Vec<Edge> = self
            .edges
            .iter()
            .filter(|e| e.held == from && path.iter().all(|p| self.together(p, e)))
            .cloned()
            .collect();
        for edge in next {
            path.push(edge);
            self.search(path);
            path.pop();
        }
    }

    /// Whether the two could happen at the same time.
    fn together(&self, a: &Edge, b: &Edge) -> bool {
        let alive = |e: &Edge, step: u64| {
            self.lives
                .get(e.thread)
                .is_none_or(|&(start, end)| start <= step && step <= end)
        };
        a.thread != b.thread
            && !a.guards.iter().any(|g| b.guards.contains(g))
            && alive(a, b.step)
            && alive(b, a.step)
    }

    fn keep(&mut self, path: &[Edge]) {
        let places = |cycle: &[Edge]| {
            let mut keys: Vec<_> = cycle.iter().map(|e| e.taken_at.key()).collect();
            keys.sort_unstable();
            keys
        };
        if !self.cycles.iter().any(|c| places(c) == places(path)) {
            self.cycles.push(path.to_vec());
        }
    }
}
