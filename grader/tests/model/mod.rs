//! The C++20 memory model by brute force: all ways in which the loads of a small program can read,
//! as the axioms allow them ([intro.races], [atomics.order]), independent of the engine.

use std::collections::BTreeSet;

/// A memory ordering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ord {
    Relaxed,
    Acquire,
    Release,
    AcqRel,
    SeqCst,
}

impl Ord {
    fn acquires(self) -> bool {
        matches!(self, Ord::Acquire | Ord::AcqRel | Ord::SeqCst)
    }
    fn releases(self) -> bool {
        matches!(self, Ord::Release | Ord::AcqRel | Ord::SeqCst)
    }
}

/// One operation of a thread.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// Of a location.
    Load(usize, Ord),
    /// Of a value to a location.
    Store(usize, u64, Ord),
    /// Adds a value to a location.
    Add(usize, u64, Ord),
    Fence(Ord),
}

/// The operations of each thread.
pub type Program = Vec<Vec<Op>>;

/// The number of locations.
pub const LOCATIONS: usize = 2;

/// The program as the body of a Rust function that prints its outcome: what each load and addition
/// read, thread by thread, and what the locations hold in the end.
pub fn source(program: &Program) -> String {
    let order = |o: Ord| format!("Ordering::{o:?}");
    let mut text = String::from(
        "let m: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];\nlet r = std::thread::scope(|s| { let m = &m;\n",
    );
    for (number, thread) in program.iter().enumerate() {
        text += &format!("let t{number} = s.spawn(move || {{ let mut r: Vec<u64> = Vec::new();\n");
        for op in thread {
            text += &match *op {
                Op::Load(l, o) => format!("r.push(m[{l}].load({}));", order(o)),
                Op::Store(l, v, o) => format!("m[{l}].store({v}, {});", order(o)),
                Op::Add(l, v, o) => format!("r.push(m[{l}].fetch_add({v}, {}));", order(o)),
                Op::Fence(o) => format!("fence({});", order(o)),
            };
        }
        text += "r });\n";
    }
    let joins: Vec<String> = (0..program.len())
        .map(|n| format!("t{n}.join().unwrap()"))
        .collect();
    text += &format!("[{}].concat() }});\n", joins.join(", "));
    text + "print!(\"{r:?} {:?}\", [m[0].load(Ordering::Relaxed), m[1].load(Ordering::Relaxed)]);"
}

#[derive(Clone, Copy, Debug)]
struct Event {
    /// `usize::MAX`: it was there at first.
    thread: usize,
    op: Op,
}

impl Event {
    fn location(&self) -> Option<usize> {
        match self.op {
            Op::Load(l, _) | Op::Store(l, ..) | Op::Add(l, ..) => Some(l),
            Op::Fence(_) => None,
        }
    }
    fn order(&self) -> Ord {
        match self.op {
            Op::Load(_, o) | Op::Store(_, _, o) | Op::Add(_, _, o) | Op::Fence(o) => o,
        }
    }
    fn reads(&self) -> bool {
        matches!(self.op, Op::Load(..) | Op::Add(..))
    }
    fn writes(&self) -> bool {
        matches!(self.op, Op::Store(..) | Op::Add(..))
    }
    fn fence(&self) -> bool {
        matches!(self.op, Op::Fence(_))
    }
    fn seq_cst(&self) -> bool {
        self.order() == Ord::SeqCst && self.thread != usize::MAX
    }
}

/// A relation between events.
#[derive(Clone)]
struct Relation(Vec<u32>);

impl Relation {
    fn new(n: usize) -> Self {
        Relation(vec![0; n])
    }
    fn add(&mut self, a: usize, b: usize) {
        self.0[a] |= 1 << b;
    }
    fn has(&self, a: usize, b: usize) -> bool {
        self.0[a] >> b & 1 == 1
    }
    fn unite(&mut self, other: &Relation) {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a |= b;
        }
    }
    fn close(&mut self) {
        let n = self.0.len();
        for k in 0..n {
            for i in 0..n {
                if self.has(i, k) {
                    self.0[i] |= self.0[k];
                }
            }
        }
    }
    fn has_cycle(&self) -> bool {
        let mut closed = self.clone();
        closed.close();
        (0..self.0.len()).any(|i| closed.has(i, i))
    }
}

/// All outcomes, in the form that [`source`] prints.
pub fn outcomes(program: &Program) -> BTreeSet<String> {
    let mut events: Vec<Event> = (0..LOCATIONS)
        .map(|l| Event {
            thread: usize::MAX,
            op: Op::Store(l, 0, Ord::Relaxed),
        })
        .collect();
    for (thread, ops) in program.iter().enumerate() {
        events.extend(ops.iter().map(|&op| Event { thread, op }));
    }
    let reads: Vec<usize> = (0..events.len()).filter(|&i| events[i].reads()).collect();
    let writes: Vec<Vec<usize>> = (0..LOCATIONS)
        .map(|l| {
            (LOCATIONS..events.len())
                .filter(|&i| events[i].writes() && events[i].location() == Some(l))
                .collect()
        })
        .collect();
    let mut found = BTreeSet::new();
    for first in permutations(&writes[0]) {
        for second in permutations(&writes[1]) {
            let mo = [
                [vec![0], first.clone()].concat(),
                [vec![1], second.clone()].concat(),
            ];
            let mut from = vec![usize::MAX; events.len()];
            choose(&events, &reads, &mo, 0, &mut from, &mut found);
        }
    }
    found
}

fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (i, &item) in items.iter().enumerate() {
        let rest: Vec<usize> = items
            .iter()
            .enumerate()
            .filter(|&(j, _)| j != i)
            .map(|(_, &x)| x)
            .collect();
        all.extend(
            permutations(&rest)
                .into_iter()
                .map(|p| [vec![item], p].concat()),
        );
    }
    all
}

fn choose(
    events: &[Event],
    reads: &[usize],
    mo: &[Vec<usize>; 2],
    next: usize,
    from: &mut Vec<usize>,
    found: &mut BTreeSet<String>,
) {
    let Some(&read) = reads.get(next) else {
        if let Some(outcome) = consistent(events, mo, from) {
            found.insert(outcome);
        }
        return;
    };
    let order = &mo[events[read].location().expect("a location")];
    for (index, &write) in order.iter().enumerate() {
        // A read-modify-write reads what stands right before it in modification order.
        let bound = !events[read].writes() || order.get(index + 1) == Some(&read);
        if write != read && bound {
            from[read] = write;
            choose(events, reads, mo, next + 1, from, found);
        }
    }
}

/// The outcome of a candidate execution, if the axioms allow it.
fn consistent(events: &[Event], mo: &[Vec<usize>; 2], from: &[usize]) -> Option<String> {
    let n = events.len();
    let (mut sb, mut rf, mut order) = (Relation::new(n), Relation::new(n), Relation::new(n));
    for a in 0..n {
        for b in a + 1..n {
            let initial = events[a].thread == usize::MAX && events[b].thread != usize::MAX;
            if initial || (events[a].thread == events[b].thread && events[a].thread != usize::MAX) {
                sb.add(a, b);
            }
        }
        if from[a] != usize::MAX {
            rf.add(from[a], a);
        }
    }
    for location in mo {
        for (i, &a) in location.iter().enumerate() {
            location[i + 1..].iter().for_each(|&b| order.add(a, b));
        }
    }
    // Happens-before: program order, and release to acquire through release sequences and fences.
    let mut hb = sb.clone();
    for read in (0..n).filter(|&r| from[r] != usize::MAX) {
        let mut heads = vec![from[read]];
        while let Some(&last) = heads.last() {
            if events[last].reads() && from[last] != usize::MAX {
                heads.push(from[last])
            } else {
                break;
            }
        }
        for head in heads
            .into_iter()
            .filter(|&h| events[h].thread != usize::MAX)
        {
            let releases = (0..n).filter(|&f| {
                (f == head && events[head].order().releases())
                    || (events[f].fence() && events[f].order().releases() && sb.has(f, head))
            });
            for release in releases {
                for acquire in 0..n {
                    let at_read = acquire == read && events[read].order().acquires();
                    let after = events[acquire].fence()
                        && events[acquire].order().acquires()
                        && sb.has(read, acquire);
                    if (at_read || after) && events[release].thread != events[acquire].thread {
                        hb.add(release, acquire);
                    }
                }
            }
        }
    }
    hb.close();
    // Coherence: reads-from, modification order, and from-read to later writes.
    let mut coherence = rf.clone();
    coherence.unite(&order);
    for read in (0..n).filter(|&r| from[r] != usize::MAX) {
        (0..n)
            .filter(|&w| w != read && order.has(from[read], w))
            .for_each(|w| coherence.add(read, w));
    }
    coherence.close();
    for a in 0..n {
        for b in 0..n {
            if (hb.has(a, b) && coherence.has(b, a)) || hb.has(a, a) || coherence.has(a, a) {
                return None;
            }
        }
    }
    // One order of execution: the order of sequentially consistent operations is part of it, and
    // the engine's two simplifications, that no load reads from a later store, and that a
    // read-modify-write stands at the end of modification order when it happens.
    let mut execution = sb.clone();
    execution.unite(&rf);
    for a in 0..n {
        for b in 0..n {
            if order.has(a, b) && events[a].reads() && events[a].writes() {
                execution.add(a, b);
            }
            if !coherence.has(a, b) {
                continue;
            }
            let befores = (0..n).filter(|&x| {
                events[x].seq_cst() && (x == a || (events[x].fence() && hb.has(x, a)))
            });
            for before in befores {
                let afters = (0..n).filter(|&y| {
                    events[y].seq_cst() && (y == b || (events[y].fence() && hb.has(b, y)))
                });
                afters.for_each(|after| execution.add(before, after));
            }
        }
    }
    if execution.has_cycle() {
        return None;
    }
    let value = |w: usize| value_of(events, from, w);
    let registers: Vec<u64> = (0..n)
        .filter(|&r| events[r].reads())
        .map(|r| value(from[r]))
        .collect();
    let last: Vec<u64> = mo.iter().map(|m| value(m[m.len() - 1])).collect();
    Some(format!("{registers:?} {last:?}"))
}

fn value_of(events: &[Event], from: &[usize], write: usize) -> u64 {
    match events[write].op {
        Op::Store(_, value, _) => value,
        Op::Add(_, value, _) => value + value_of(events, from, from[write]),
        _ => unreachable!("a write"),
    }
}
