//! Atomic operations and plain accesses of the program.

use crate::execution::Execution;
use crate::memory::{self, Histories, Ordering, SeqCst, access};
use crate::runtime::{demand, operation, owns, with};
use crate::schedule::{FENCE, Operation, Schedule};
use crate::thread::Place;

/// A plain access of `size` bytes; `code` is the return address.
#[inline]
pub fn plain(address: usize, size: usize, flags: u8, code: usize) {
    demand(with(|e| {
        if e.is_local(address) || owns(address) {
            return Ok(());
        }
        if flags & access::WRITE != 0 {
            e.histories.forget(address, size);
        }
        e.access(address, size, flags, code)
    }));
}

fn before(address: usize, size: u8, order: Ordering, flags: u8, code: usize) {
    operation(Operation {
        object: address as u64,
        writes: flags & access::WRITE != 0,
        total: order.is_seq_cst(),
    });
    demand(with(|e| {
        e.access(address, size as usize, flags | access::ATOMIC, code)
    }));
}

/// An atomic load.
pub fn load(address: usize, size: u8, order: Ordering, code: usize) -> u64 {
    before(address, size, order, 0, code);
    with(|e| {
        let at = (address, size);
        let place = Place::Code(code);
        let spinning = e.me().repeats >= 8;
        let (thread, rest) = parts(e);
        let readable = if rest.weak && !spinning {
            rest.histories.readable(at, order, &thread, rest.sequential)
        } else {
            1
        };
        let back = rest.schedule.choose(readable, 3);
        let (mut thread, rest) = parts(e);
        let read = rest
            .histories
            .load(at, order, back, &mut thread, rest.sequential);
        e.tick();
        e.observe(
            place,
            address as u64,
            u64::from(read.store.0) << 32 | u64::from(read.store.1),
        );
        let operation = if std::mem::take(&mut e.fails_weakly) {
            "compare_exchange_weak fails for no reason,"
        } else {
            "load"
        };
        e.record_full(
            operation,
            address as u64,
            (Some(read.value), None),
            Some(order.0),
            read.stale,
            place,
        );
        read.value
    })
}

/// An atomic store.
pub fn store(address: usize, size: u8, value: u64, order: Ordering, code: usize) {
    before(address, size, order, access::WRITE, code);
    with(|e| {
        let at = (address, size);
        let (thread, rest) = parts(e);
        let places = if rest.weak {
            rest.histories
                .placeable(at, order, &thread, rest.sequential)
        } else {
            1
        };
        let back = rest.schedule.choose(places, 3);
        let (mut thread, rest) = parts(e);
        // SAFETY of the address: the program is about to write it.
        let before = unsafe { crate::memory::read_memory(address, size) };
        rest.histories
            .store(at, value, order, back, &mut thread, rest.sequential);
        e.tick();
        if before != value {
            e.progress();
        }
        e.record_full(
            "store",
            address as u64,
            (Some(value), None),
            Some(order.0),
            back > 0,
            Place::Code(code),
        );
    });
}

/// An atomic read-modify-write; `new` answers the value to write, or none to leave it.
pub fn modify(
    (address, size): (usize, u8),
    orders: (Ordering, Ordering),
    name: &'static str,
    code: usize,
    new: impl FnOnce(u64) -> Option<u64>,
) -> u64 {
    before(address, size, orders.0, access::WRITE, code);
    with(|e| {
        let place = Place::Code(code);
        let (mut thread, rest) = parts(e);
        let done =
            rest.histories
                .modify((address, size), orders, &mut thread, rest.sequential, new);
        e.tick();
        match done.new {
            Some(value) if value != done.old => e.progress(),
            _ => e.observe(place, address as u64, done.old),
        }
        let order = if done.new.is_some() {
            orders.0
        } else {
            orders.1
        };
        let name = if done.new.is_some() {
            name
        } else {
            "compare_exchange fails"
        };
        let values = (Some(done.new.unwrap_or(done.old)), Some(done.old));
        e.record_full(name, address as u64, values, Some(order.0), false, place);
        done.old
    })
}

/// A fence.
pub fn fence(order: Ordering, code: usize) {
    operation(Operation {
        object: if order.is_seq_cst() { FENCE } else { 0 },
        writes: true,
        total: order.is_seq_cst(),
    });
    with(|e| {
        let me = e.current;
        let thread = &mut e.threads[me];
        if order.acquires() {
            let seen = std::mem::take(&mut thread.seen);
            thread.clock.join(&seen);
            thread.seen = seen;
        }
        if order.is_seq_cst() {
            e.sequential.fence(&mut thread.clock);
        }
        if order.releases() {
            thread.fenced = thread.clock.clone();
        }
        e.tick();
        e.record_full(
            "fence",
            0,
            (None, None),
            Some(order.0),
            false,
            Place::Code(code),
        );
    });
}

/// The parts of an execution that an atomic operation needs, side by side.
struct Rest<'a> {
    histories: &'a mut Histories,
    sequential: &'a SeqCst,
    schedule: &'a mut Schedule,
    weak: bool,
}

fn parts(e: &mut Execution) -> (memory::Thread<'_>, Rest<'_>) {
    let thread = &mut e.threads[e.current];
    (
        memory::Thread {
            id: e.current,
            clock: &mut thread.clock,
            seen: &mut thread.seen,
            fenced: &thread.fenced,
        },
        Rest {
            histories: &mut e.histories,
            sequential: &e.sequential,
            schedule: &mut e.schedule,
            weak: e.weak_memory,
        },
    )
}

/// The running thread enters a function, called from here.
pub fn enter_call(caller: usize) {
    with(|e| {
        if e.events.is_some() {
            let me = e.current;
            let around = e.threads[me].stack.last().copied().unwrap_or(0);
            let stack = e.depot.push(around, caller);
            e.threads[me].stack.push(stack);
        }
    });
}

/// The running thread leaves a function.
pub fn leave_call() {
    with(|e| {
        e.me().stack.pop();
    });
}
