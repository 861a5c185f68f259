//! Locks, condition variables, channels: what the engine keeps of each.

use crate::clock::{Clock, ThreadId};
use crate::execution::Execution;
use crate::thread::Place;
use std::cell::UnsafeCell;

/// Names an object of the engine; stands inside the modelled lock and moves with it.
#[repr(transparent)]
#[derive(Debug)]
pub struct Id(UnsafeCell<u32>);

// SAFETY: only one thread of the program runs at a time.
unsafe impl Sync for Id {}

impl Id {
    /// No object yet: it is made at the first use.
    pub const fn new() -> Self {
        Id(UnsafeCell::new(0))
    }

    /// The address of the memory that the identity stands in.
    pub fn address(&self) -> usize {
        self.0.get() as usize
    }

    /// The object's key: different from all addresses.
    pub fn key(&self, execution: &mut Execution) -> u64 {
        // SAFETY: only one thread of the program runs at a time.
        let number = unsafe { &mut *self.0.get() };
        if *number == 0 {
            execution.objects.push(Object::default());
            *number = execution.objects.len() as u32;
        }
        OBJECT | u64::from(*number)
    }
}

impl Default for Id {
    fn default() -> Self {
        Self::new()
    }
}

/// The flag of object keys.
pub const OBJECT: u64 = 1 << 60;
/// The flag of keys that stand for threads.
pub const THREAD: u64 = 1 << 61;

/// One object.
#[derive(Default)]
pub struct Object {
    /// Who holds it alone, and since where.
    pub owner: Option<(ThreadId, Place)>,
    /// Who holds it together with others.
    pub readers: Vec<(ThreadId, Place)>,
    /// What those knew who gave it up.
    pub clock: Clock,
    /// What the readers knew who gave it up.
    pub read_clock: Clock,
    /// The last notification that woke nobody.
    pub wasted: Option<(ThreadId, Place)>,
}

impl Execution {
    /// The object with this key.
    pub fn object(&mut self, key: u64) -> &mut Object {
        &mut self.objects[(key & !OBJECT) as usize - 1]
    }

    /// The running thread takes over what the object knows.
    pub fn acquire(&mut self, key: u64) {
        let me = self.current;
        let object = &self.objects[(key & !OBJECT) as usize - 1];
        self.threads[me].clock.join(&object.clock);
    }

    /// The running thread hands what it knows to the object.
    pub fn release(&mut self, key: u64) {
        let me = self.current;
        let object = &mut self.objects[(key & !OBJECT) as usize - 1];
        object.clock.join(&self.threads[me].clock);
        self.threads[me].clock.tick(me);
    }

    /// The running thread holds the object from here on. `waits`: it would have waited for it.
    pub fn hold(&mut self, key: u64, place: Place, waits: bool) {
        let (me, step) = (self.current, self.steps);
        let thread = &mut self.threads[me];
        if waits {
            self.lock_orders.taken(me, &thread.held, (key, place), step);
        }
        thread.held.push((key, place));
    }

    /// The running thread, or whoever took it, holds the object no more.
    pub fn let_go(&mut self, key: u64) {
        let me = self.current;
        for thread in std::iter::once(me).chain(0..self.threads.len()) {
            let held = &mut self.threads[thread].held;
            if let Some(index) = held.iter().rposition(|&(k, _)| k == key) {
                held.remove(index);
                return;
            }
        }
    }
}
