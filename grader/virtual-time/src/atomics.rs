//! Atomic operations of the program.

use crate::machine::Access;
use crate::memory::{Ordering, read_memory, write_memory};
use crate::runtime::{Step, event};
use crate::simulation::Simulation;

/// On memory that no other core has, a thread may run ahead of the others by this much, in
/// nanoseconds: nobody sees it.
const AHEAD: u64 = 20_000;
/// A load that returns what it returned before is a wait after so many times.
const REPEATS: u32 = 16;

/// Makes the access, where it may be made now.
#[inline]
fn access<R>(
    simulation: &mut Simulation,
    (address, code): (usize, usize),
    kind: Access,
    body: impl FnOnce(&mut Simulation) -> R,
) -> R {
    simulation.touch(address, kind, code);
    body(simulation)
}

#[inline]
fn at_its_turn<R>(
    place: (usize, usize),
    kind: Access,
    mut body: impl FnMut(&mut Simulation) -> R,
) -> R {
    let ahead = crate::runtime::with(|s| {
        let now = s.threads[s.current].clock;
        let private = s.caches.is_private(place.0, s.core(), now);
        (private && now <= s.limit.saturating_add(AHEAD)).then(|| access(s, place, kind, &mut body))
    });
    match ahead {
        Some(result) => result,
        None => event(|s| Step::Done(access(s, place, kind, &mut body))),
    }
}

/// A load.
pub fn load(address: usize, size: u8, _order: Ordering, code: usize) -> u64 {
    at_its_turn((address, code), Access::Load, |s| {
        // SAFETY: the program's.
        let value = unsafe { read_memory(address, size) };
        let me = s.me();
        if me.seen.0 == address && me.seen.1 == value {
            me.seen.2 += 1;
            if me.seen.2 > REPEATS {
                s.spin(2, true);
            }
        } else {
            me.seen = (address, value, 0);
            me.spinning = false;
        }
        value
    })
}

/// A store.
pub fn store(address: usize, size: u8, value: u64, _order: Ordering, code: usize) {
    at_its_turn((address, code), Access::Store, |s| {
        let me = s.me();
        me.seen = (0, 0, 0);
        me.spinning = false;
        // SAFETY: the program's.
        unsafe { write_memory(address, size, value) };
    });
}

/// A read-modify-write operation; `new` gives none where it changes nothing.
pub fn modify(
    (address, size): (usize, u8),
    _orders: (Ordering, Ordering),
    _name: &'static str,
    code: usize,
    new: impl FnOnce(u64) -> Option<u64>,
) -> u64 {
    let mut new = Some(new);
    at_its_turn((address, code), Access::Modify, |s| {
        // SAFETY: the program's.
        let old = unsafe { read_memory(address, size) };
        let Some(new) = new.take() else { return old };
        let me = s.me();
        match new(old) {
            Some(new) => {
                me.seen = (0, 0, 0);
                me.spinning = false;
                // SAFETY: the program's.
                unsafe { write_memory(address, size, new) };
            }
            None if me.seen.0 == address && me.seen.1 == old => {
                me.seen.2 += 1;
                if me.seen.2 > REPEATS {
                    s.spin(5, true);
                }
            }
            None => me.seen = (address, old, 0),
        }
        old
    })
}

/// A fence.
pub fn fence(_order: Ordering, _code: usize) {}

/// A plain access: not measured.
pub fn plain(_address: usize, _size: usize, _flags: u8, _code: usize) {}

/// The running thread enters a function: not measured.
pub fn enter_call(_caller: usize) {}

/// The running thread leaves a function: not measured.
pub fn leave_call() {}
