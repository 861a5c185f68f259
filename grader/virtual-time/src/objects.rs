//! Locks, condition variables, channels: what the engine keeps of each.

use crate::simulation::Simulation;
use std::cell::UnsafeCell;
use std::panic::Location;

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

    /// The object's key.
    pub fn key(&self, simulation: &mut Simulation) -> u64 {
        // SAFETY: only one thread of the program runs at a time.
        let number = unsafe { &mut *self.0.get() };
        if *number == 0 {
            simulation.objects.push(Object::default());
            *number = simulation.objects.len() as u32;
        }
        u64::from(*number)
    }
}

impl Default for Id {
    fn default() -> Self {
        Self::new()
    }
}

/// The flag of keys that stand for threads.
pub const THREAD: u64 = 1 << 61;

/// One object.
#[derive(Default)]
pub struct Object {
    /// Who holds it alone.
    pub owner: Option<usize>,
    /// How many hold it together.
    pub readers: u32,
    /// Who waits for it, in the order of asking.
    pub waiting: Vec<usize>,
    /// Where it was asked for first.
    pub place: Option<&'static Location<'static>>,
    /// How often it was taken.
    pub taken: u64,
    /// For how long threads waited for it, in nanoseconds.
    pub waited: u64,
    /// For how long it was held alone, in nanoseconds.
    pub held: u64,
    /// Since when it is held alone.
    pub since: u64,
}
