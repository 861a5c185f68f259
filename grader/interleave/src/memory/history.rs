//! Atomic objects: the stores of each in modification order, and which of them a load may return.
//!
//! The model is that of C++20 without load buffering. A load may return any store that coherence
//! does not hide from it; a store may take any place in modification order that coherence leaves
//! open; sequentially consistent operations and fences are ordered as they are executed
//! ([atomics.order], paragraph 4; the operational form follows tsan11, Lidbury and Donaldson, POPL 2017).

use crate::clock::{Clock, ThreadId};
use rustc_hash::{FxHashMap, FxHashSet};

/// A memory ordering, as LLVM's ThreadSanitizer pass numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordering(pub u8);

impl Ordering {
    /// Sequentially consistent.
    pub const SEQ_CST: Ordering = Ordering(5);
    /// Whether what the writer knew is taken over.
    pub fn acquires(self) -> bool {
        matches!(self.0, 1 | 2 | 4 | 5)
    }
    /// Whether what the writer knows is handed on.
    pub fn releases(self) -> bool {
        matches!(self.0, 3..=5)
    }
    /// Whether it takes part in the total order.
    pub fn is_seq_cst(self) -> bool {
        self.0 == 5
    }
}

/// Stores kept for each object; older ones are forgotten, which hides outcomes but invents none.
const KEPT: usize = 24;
/// No thread: the value that was there at first.
const INITIAL: u16 = u16::MAX;

struct Store {
    value: u64,
    thread: u16,
    epoch: u32,
    /// What an acquiring load takes over.
    release: Clock,
    /// The first time that each thread read it.
    readers: Vec<(u16, u32)>,
    /// The number of sequentially consistent fences when a sequentially consistent operation first
    /// wrote or read it; `u32::MAX`: never.
    touched: u32,
    /// Whether it is a read-modify-write of the store before it, from which nothing may part it.
    bound: bool,
}

/// The total order of sequentially consistent fences.
#[derive(Default)]
pub struct SeqCst {
    /// What was known at each fence, one including the other; index 0 is fence number 1.
    fences: Vec<Clock>,
}

impl SeqCst {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.fences.clear();
    }

    /// A fence by a thread that knows `clock`, which learns the fence's number.
    pub fn fence(&mut self, clock: &mut Clock) {
        let mut known = self.fences.last().cloned().unwrap_or_default();
        known.join(clock);
        self.fences.push(known);
        clock.set_fence(self.fences.len() as u32);
    }

    fn number(&self) -> u32 {
        self.fences.len() as u32
    }

    fn known_at(&self, fence: u32) -> Option<&Clock> {
        fence
            .checked_sub(1)
            .and_then(|index| self.fences.get(index as usize))
    }
}

/// What a thread is, for the questions here.
pub struct Reader<'a> {
    thread: ThreadId,
    clock: &'a Clock,
    sequential: &'a SeqCst,
    order: Ordering,
}

impl Reader<'_> {
    /// Whether this access must come after `store` in modification order.
    fn is_after(&self, store: &Store) -> bool {
        let knows = |clock: &Clock| {
            store.thread == INITIAL
                || clock.covers(store.thread as ThreadId, store.epoch)
                || store
                    .readers
                    .iter()
                    .any(|&(t, epoch)| clock.covers(t as ThreadId, epoch))
        };
        if knows(self.clock) {
            return true;
        }
        let fence = self.clock.fence();
        if fence > 0
            && (store.touched < fence || self.sequential.known_at(fence).is_some_and(knows))
        {
            return true;
        }
        if self.order.is_seq_cst() {
            let number = self.sequential.number();
            // What such an operation has written or returned, a later one must not go behind.
            let hidden = store.touched != u32::MAX;
            return hidden || self.sequential.known_at(number).is_some_and(knows);
        }
        false
    }
}

/// What a load returned.
pub struct Read {
    /// The value.
    pub value: u64,
    /// Whether a newer one existed.
    pub stale: bool,
    /// Names the store, to notice that a loop reads the same again.
    pub store: (u16, u32),
}

/// What a read-modify-write did.
pub struct ReadModifyWrite {
    /// The value before.
    pub old: u64,
    /// The value written; none: the comparison failed.
    pub new: Option<u64>,
    /// Names the store that was read.
    pub store: (u16, u32),
}

#[derive(Default)]
struct History {
    stores: Vec<Store>,
}

/// All atomic objects, by address and size.
#[derive(Default)]
pub struct Histories {
    objects: FxHashMap<(usize, u8), History>,
    /// The lines of memory in which objects are or were: most plain writes are elsewhere.
    lines: FxHashSet<usize>,
}

/// The bytes of a line, as a power of two.
const LINE: u32 = 6;

/// What a thread knows, and what its fences are waiting for.
pub struct Thread<'a> {
    /// Its number.
    pub id: ThreadId,
    /// What it knows.
    pub clock: &'a mut Clock,
    /// What its relaxed loads have seen: an acquire fence takes it over.
    pub seen: &'a mut Clock,
    /// What it knew at its last release fence: its relaxed stores hand it on.
    pub fenced: &'a Clock,
}

impl Histories {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.objects.clear();
        self.lines.clear();
    }

    /// Forgets the objects in memory that is written by other means.
    pub fn forget(&mut self, address: usize, size: usize) {
        if self.objects.is_empty() {
            return;
        }
        if size > 64 {
            self.objects
                .retain(|&(a, s), _| a + s as usize <= address || a >= address + size);
            return;
        }
        let first = address.saturating_sub(7) >> LINE;
        let last = (address + size - 1) >> LINE;
        if !(first..=last).any(|line| self.lines.contains(&line)) {
            return;
        }
        for at in address.saturating_sub(7)..address + size {
            for width in [1u8, 2, 4, 8] {
                if at + width as usize > address {
                    self.objects.remove(&(at, width));
                }
            }
        }
    }

    /// The object; its history starts with what is in memory, and starts anew when memory was
    /// changed by means that are not seen here.
    fn object(&mut self, address: usize, size: u8) -> &mut History {
        // SAFETY: the program is about to access these bytes itself.
        let present = unsafe { read_memory(address, size) };
        let history = self.objects.entry((address, size)).or_default();
        if history.stores.is_empty() {
            self.lines.insert(address >> LINE);
        }
        if history.stores.last().is_none_or(|s| s.value != present) {
            history.stores.clear();
            history.stores.push(Store {
                value: present,
                thread: INITIAL,
                epoch: 0,
                release: Clock::default(),
                readers: Vec::new(),
                touched: u32::MAX,
                bound: false,
            });
        }
        history
    }

    /// How many stores a load may return: the newest and so many before it.
    pub fn readable(
        &mut self,
        (address, size): (usize, u8),
        order: Ordering,
        thread: &Thread,
        sequential: &SeqCst,
    ) -> usize {
        let reader = Reader {
            thread: thread.id,
            clock: thread.clock,
            sequential,
            order,
        };
        let history = self.object(address, size);
        history.stores.len() - history.floor(&reader)
    }

    /// A load that returns the store `back` places before the newest.
    pub fn load(
        &mut self,
        (address, size): (usize, u8),
        order: Ordering,
        back: usize,
        thread: &mut Thread,
        sequential: &SeqCst,
    ) -> Read {
        let history = self.object(address, size);
        let index = history.stores.len() - 1 - back;
        let store = &mut history.stores[index];
        store.read_by(thread, order, sequential);
        Read {
            value: store.value,
            stale: back > 0,
            store: (store.thread, store.epoch),
        }
    }

    /// In how many places of modification order a store may go: the end and so many before it.
    pub fn placeable(
        &mut self,
        (address, size): (usize, u8),
        order: Ordering,
        thread: &Thread,
        sequential: &SeqCst,
    ) -> usize {
        let reader = Reader {
            thread: thread.id,
            clock: thread.clock,
            sequential,
            order,
        };
        let history = self.object(address, size);
        let floor = history.floor(&reader);
        (floor + 1..=history.stores.len())
            .filter(|&at| history.is_open(at))
            .count()
    }

    /// A store, `back` open places before the end. Returns whether memory now holds its value.
    pub fn store(
        &mut self,
        (address, size): (usize, u8),
        value: u64,
        order: Ordering,
        back: usize,
        thread: &mut Thread,
        sequential: &SeqCst,
    ) -> bool {
        let history = self.object(address, size);
        let last = history.stores.len();
        let at = (0..=last)
            .rev()
            .filter(|&at| history.is_open(at))
            .nth(back)
            .unwrap_or(last);
        let release = if order.releases() {
            thread.clock.clone()
        } else {
            thread.fenced.clone()
        };
        history.insert(
            at,
            Store::new(value, thread, release, order, sequential, false),
        );
        if at == last {
            // SAFETY: the program is about to write these bytes itself.
            unsafe { write_memory(address, size, value) };
        }
        at == last
    }

    /// A read-modify-write of the newest store; `new` answers the value to write.
    pub fn modify(
        &mut self,
        (address, size): (usize, u8),
        (order, failure): (Ordering, Ordering),
        thread: &mut Thread,
        sequential: &SeqCst,
        new: impl FnOnce(u64) -> Option<u64>,
    ) -> ReadModifyWrite {
        let history = self.object(address, size);
        let last = history.stores.len() - 1;
        let store = &mut history.stores[last];
        let old = store.value;
        let named = (store.thread, store.epoch);
        let new = new(old).map(|v| v & mask(size));
        let order = if new.is_some() { order } else { failure };
        // A release sequence goes on through read-modify-writes.
        let mut release = store.release.clone();
        store.read_by(thread, order, sequential);
        if let Some(value) = new {
            release.join(if order.releases() {
                thread.clock
            } else {
                thread.fenced
            });
            history.insert(
                last + 1,
                Store::new(value, thread, release, order, sequential, true),
            );
            // SAFETY: the program is about to write these bytes itself.
            unsafe { write_memory(address, size, value) };
        }
        ReadModifyWrite {
            old,
            new,
            store: named,
        }
    }
}

impl Store {
    fn new(
        value: u64,
        thread: &Thread,
        release: Clock,
        order: Ordering,
        sequential: &SeqCst,
        bound: bool,
    ) -> Store {
        let touched = if order.is_seq_cst() {
            sequential.number()
        } else {
            u32::MAX
        };
        Store {
            value,
            thread: thread.id as u16,
            epoch: thread.clock.of(thread.id),
            release,
            readers: Vec::new(),
            touched,
            bound,
        }
    }

    fn read_by(&mut self, thread: &mut Thread, order: Ordering, sequential: &SeqCst) {
        let id = thread.id as u16;
        if !self.readers.iter().any(|&(t, _)| t == id) {
            self.readers.push((id, thread.clock.of(thread.id)));
        }
        if order.is_seq_cst() {
            self.touched = self.touched.min(sequential.number());
        }
        if order.acquires() {
            thread.clock.join(&self.release);
        } else {
            thread.seen.join(&self.release);
        }
    }
}

impl History {
    /// The newest store that the access must not go behind.
    fn floor(&self, reader: &Reader) -> usize {
        (0..self.stores.len())
            .rev()
            .find(|&i| {
                let store = &self.stores[i];
                store.thread as ThreadId == reader.thread || reader.is_after(store)
            })
            .unwrap_or(0)
    }

    /// Whether a store may be put before the store that is now at `at`.
    fn is_open(&self, at: usize) -> bool {
        at > 0 && self.stores.get(at).is_none_or(|next| !next.bound)
    }

    fn insert(&mut self, at: usize, store: Store) {
        self.stores.insert(at, store);
        if self.stores.len() > KEPT {
            self.stores.remove(0);
            self.stores[0].bound = false;
        }
    }
}

fn mask(size: u8) -> u64 {
    if size == 8 {
        u64::MAX
    } else {
        (1 << (size * 8)) - 1
    }
}

/// Reads `size` bytes.
///
/// # Safety
///
/// They must be readable.
pub unsafe fn read_memory(address: usize, size: u8) -> u64 {
    // SAFETY: the caller's.
    unsafe {
        match size {
            1 => u64::from((address as *const u8).read()),
            2 => u64::from((address as *const u16).read_unaligned()),
            4 => u64::from((address as *const u32).read_unaligned()),
            _ => (address as *const u64).read_unaligned(),
        }
    }
}

/// Writes the lowest `size` bytes of `value`.
///
/// # Safety
///
/// They must be writable.
pub unsafe fn write_memory(address: usize, size: u8, value: u64) {
    // SAFETY: the caller's.
    unsafe {
        match size {
            1 => (address as *mut u8).write(value as u8),
            2 => (address as *mut u16).write_unaligned(value as u16),
            4 => (address as *mut u32).write_unaligned(value as u32),
            _ => (address as *mut u64).write_unaligned(value),
        }
    }
}
