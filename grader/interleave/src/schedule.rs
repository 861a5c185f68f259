//! A schedule: the list of answers to everything that is left open, and the strategies that give them.
//!
//! Whatever may come out in several ways (which thread runs next, which of the visible stores a
//! load returns, whom a notification wakes) is asked here. Answer 0 is always the plain one: go on
//! with the same thread, read the newest store. The answers in their order replay an execution.

use crate::clock::ThreadId;
use smallvec::SmallVec;

/// One visible operation, as far as it matters for whether two operations commute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The address or object; 0 is an operation on nothing shared.
    pub object: u64,
    /// Whether it changes the object.
    pub writes: bool,
    /// Whether it takes part in the total order of sequentially consistent operations.
    pub total: bool,
}

/// The object of fences.
pub const FENCE: u64 = 1;
/// The object of the clock.
pub const TIME: u64 = 2;

impl Operation {
    /// An operation on nothing shared.
    pub const LOCAL: Operation = Operation {
        object: 0,
        writes: false,
        total: false,
    };

    /// An operation that changes `object`.
    pub fn change(object: u64) -> Self {
        Operation {
            object,
            writes: true,
            total: false,
        }
    }

    /// Whether the order of the two can make a difference.
    pub fn depends_on(&self, other: &Operation) -> bool {
        if self.object == FENCE || other.object == FENCE {
            return self.total && other.total;
        }
        // Two sequentially consistent loads: what the first returns, the second must not go behind.
        let ordered = self.writes || other.writes || (self.total && other.total);
        self.object != 0 && self.object == other.object && ordered
    }
}

/// The operations of one step: from one decision to the next.
pub type Footprint = SmallVec<[Operation; 4]>;

/// How open questions are answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// By chance.
    Random,
    /// By random priorities with `depth - 1` changes (Burckhardt and others, ASPLOS 2010).
    Pct {
        /// The number of ordering constraints that the sought bug has.
        depth: u32,
    },
    /// Each thread runs `period` steps, then the next: finds threads that step aside for ever.
    RoundRobin {
        /// Steps.
        period: u64,
    },
    /// Systematically, with at most `bound` preemptions; without a bound by sleep sets.
    Exhaustive {
        /// The number of preemptions.
        bound: Option<u32>,
    },
    /// As recorded, then plainly.
    Replay,
}

/// A thread that need not run now: all that it can do first has been explored.
#[derive(Clone, Debug)]
struct Asleep {
    thread: ThreadId,
    footprint: Footprint,
}

/// A decision of the systematic search.
#[derive(Clone, Debug, Default)]
struct Node {
    /// The threads, for a decision about threads; empty otherwise.
    threads: SmallVec<[ThreadId; 8]>,
    options: u16,
    taken: u16,
    sleep: Vec<Asleep>,
    /// What the step below the present choice did, over all its variants.
    footprint: Footprint,
}

/// What a decision about threads chose.
pub enum Chosen {
    /// The option with this index.
    Option(usize),
    /// All options lead to what was explored before.
    Redundant,
}

/// The source of all answers.
pub struct Schedule {
    /// The present strategy.
    pub strategy: Strategy,
    /// The answers so far in this execution.
    pub choices: Vec<u16>,
    /// Answers to give before the strategy is asked.
    pub forced: Vec<u16>,
    random: u64,
    nodes: Vec<Node>,
    depth: usize,
    /// The step at which the last decision about threads was taken, as an index into `nodes`.
    open: Option<usize>,
    sleep: Vec<Asleep>,
    footprint: Footprint,
    priorities: Vec<i64>,
    lowest: i64,
    changes: SmallVec<[u64; 8]>,
}

impl Schedule {
    /// A schedule that answers by chance from `seed`.
    pub fn new(seed: u64) -> Self {
        let mut schedule = Schedule {
            strategy: Strategy::Random,
            choices: Vec::new(),
            forced: Vec::new(),
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            nodes: Vec::new(),
            depth: 0,
            open: None,
            sleep: Vec::new(),
            footprint: Footprint::new(),
            priorities: Vec::new(),
            lowest: 0,
            changes: SmallVec::new(),
        };
        for _ in 0..4 {
            schedule.chance(2);
        }
        schedule
    }

    /// A number below `n` by chance (xorshift64*, Vigna 2016).
    pub fn chance(&mut self, n: usize) -> usize {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        let value = self.random.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        (value % n as u64) as usize
    }

    /// Prepares for the next execution; `length` is the number of steps expected.
    pub fn begin(&mut self, length: u64) {
        self.choices.clear();
        self.depth = 0;
        self.open = None;
        self.sleep.clear();
        self.footprint.clear();
        self.priorities.clear();
        self.lowest = 0;
        self.changes.clear();
        if let Strategy::Pct { depth } = self.strategy {
            for _ in 1..depth {
                let step = self.chance(length.max(2) as usize) as u64;
                self.changes.push(step);
            }
        }
    }

    /// Whether the systematic search counts preemptions, and how many it allows.
    pub fn bound(&self) -> Option<u32> {
        match self.strategy {
            Strategy::Exhaustive { bound } => bound,
            _ => None,
        }
    }

    /// Whether the search is systematic.
    pub fn is_exhaustive(&self) -> bool {
        matches!(self.strategy, Strategy::Exhaustive { .. })
    }

    /// Notes an operation of the present step.
    pub fn note(&mut self, operation: Operation) {
        if operation.object != 0 && self.is_exhaustive() && !self.footprint.contains(&operation) {
            self.footprint.push(operation);
        }
    }

    /// One of `options` ways for something that is no matter of threads.
    pub fn choose(&mut self, options: usize, plain_likelihood: usize) -> usize {
        if options <= 1 {
            return 0;
        }
        let choice = match self.recorded(options) {
            Some(choice) => choice,
            None => match self.strategy {
                Strategy::Exhaustive { .. } => self.node(&[], options),
                Strategy::Replay => 0,
                _ => {
                    if self.chance(4) < plain_likelihood {
                        0
                    } else {
                        self.chance(options)
                    }
                }
            },
        };
        self.choices.push(choice as u16);
        choice
    }

    /// The next thread, out of `threads`; the first `regular` can simply run, the others would be
    /// woken early. `current_first` tells whether the first one is running now.
    pub fn choose_thread(
        &mut self,
        threads: &[ThreadId],
        regular: usize,
        step: u64,
        yielding: Option<ThreadId>,
    ) -> Chosen {
        self.settle();
        let filtered = self.strategy == Strategy::Exhaustive { bound: None };
        if threads.len() == 1 && !(filtered && self.sleep.iter().any(|s| s.thread == threads[0])) {
            self.open = None;
            return Chosen::Option(0);
        }
        let choice = match self.recorded(threads.len()) {
            Some(choice) => choice,
            None => match self.strategy {
                Strategy::Exhaustive { .. } => {
                    let choice = self.node(threads, threads.len());
                    if choice == usize::MAX {
                        return Chosen::Redundant;
                    }
                    choice
                }
                Strategy::Replay => 0,
                Strategy::RoundRobin { period } => {
                    if step.is_multiple_of(period) && regular > 1 {
                        let first = threads[0];
                        // The next number after the running thread's, around.
                        (0..regular)
                            .min_by_key(|&i| (threads[i] <= first, threads[i]))
                            .unwrap_or(0)
                    } else {
                        0
                    }
                }
                Strategy::Pct { .. } => self.by_priority(threads, regular, step, yielding),
                Strategy::Random => {
                    let early = threads.len() - regular;
                    if early > 0 && regular > 0 {
                        if self.chance(24) == 0 {
                            regular + self.chance(early)
                        } else {
                            self.chance(regular)
                        }
                    } else {
                        self.chance(threads.len())
                    }
                }
            },
        };
        self.choices.push(choice as u16);
        Chosen::Option(choice)
    }

    fn recorded(&mut self, options: usize) -> Option<usize> {
        if self.is_exhaustive() {
            return None;
        }
        self.forced
            .get(self.choices.len())
            .map(|&choice| (choice as usize).min(options - 1))
    }

    fn by_priority(
        &mut self,
        threads: &[ThreadId],
        regular: usize,
        step: u64,
        yielding: Option<ThreadId>,
    ) -> usize {
        for &thread in threads {
            while self.priorities.len() <= thread {
                let priority = 1000 + self.chance(1 << 24) as i64;
                self.priorities.push(priority);
            }
        }
        let lower = |schedule: &mut Schedule, thread: ThreadId| {
            schedule.lowest -= 1;
            schedule.priorities[thread] = schedule.lowest;
        };
        if let Some(thread) = yielding.filter(|&t| t < self.priorities.len()) {
            lower(self, thread);
        }
        let highest =
            |schedule: &Schedule| (0..regular).max_by_key(|&i| schedule.priorities[threads[i]]);
        if self.changes.contains(&step)
            && let Some(index) = highest(self)
        {
            lower(self, threads[index]);
        }
        let early = threads.len() - regular;
        if early > 0 && (regular == 0 || self.chance(24) == 0) {
            return regular + self.chance(early);
        }
        highest(self).unwrap_or(0)
    }

    /// Closes the step that ran since the last decision about threads.
    fn settle(&mut self) {
        if !self.is_exhaustive() {
            return;
        }
        let footprint = std::mem::take(&mut self.footprint);
        self.sleep.retain(|asleep| {
            !asleep
                .footprint
                .iter()
                .any(|theirs| footprint.iter().any(|ours| ours.depends_on(theirs)))
        });
        if let Some(open) = self.open {
            let node = &mut self.nodes[open];
            for operation in footprint {
                if !node.footprint.contains(&operation) {
                    node.footprint.push(operation);
                }
            }
        }
    }

    /// The systematic search's answer at this depth; `usize::MAX` where everything is asleep.
    fn node(&mut self, threads: &[ThreadId], options: usize) -> usize {
        let sleeping = self.strategy == Strategy::Exhaustive { bound: None };
        if self.depth == self.nodes.len() {
            let mut node = Node {
                threads: threads.into(),
                options: options as u16,
                ..Node::default()
            };
            if sleeping && !threads.is_empty() {
                node.sleep = self.sleep.clone();
                match node.awake(0) {
                    Some(first) => node.taken = first,
                    None => return usize::MAX,
                }
            }
            self.nodes.push(node);
        }
        let node = &self.nodes[self.depth];
        let taken = node.taken as usize;
        if !threads.is_empty() {
            let next = threads.get(taken).copied();
            self.sleep = node
                .sleep
                .iter()
                .filter(|s| Some(s.thread) != next)
                .cloned()
                .collect();
            self.open = Some(self.depth);
        }
        self.depth += 1;
        taken.min(options - 1)
    }

    /// Moves the systematic search to its next execution; false: there is none.
    pub fn advance(&mut self) -> bool {
        self.settle();
        self.open = None;
        let sleeping = self.strategy == Strategy::Exhaustive { bound: None };
        while let Some(mut node) = self.nodes.pop() {
            if node.threads.is_empty() {
                if node.taken + 1 < node.options {
                    node.taken += 1;
                    self.nodes.push(node);
                    return true;
                }
                continue;
            }
            if sleeping {
                let thread = node.threads[node.taken as usize];
                let footprint = std::mem::take(&mut node.footprint);
                node.sleep.push(Asleep { thread, footprint });
            }
            if let Some(next) = node.awake(node.taken + 1) {
                node.taken = next;
                self.nodes.push(node);
                return true;
            }
        }
        false
    }

    /// Starts a systematic search from its beginning.
    pub fn restart(&mut self, bound: Option<u32>) {
        self.strategy = Strategy::Exhaustive { bound };
        self.nodes.clear();
    }
}

impl Node {
    /// The first option from `from` on that has not been explored.
    fn awake(&self, from: u16) -> Option<u16> {
        (from..self.options).find(|&i| {
            self.threads
                .get(i as usize)
                .is_none_or(|t| !self.sleep.iter().any(|s| s.thread == *t))
        })
    }
}
