//! The race detector: every access is checked against the earlier ones that conflict with it.
//!
//! Happens-before by vector clocks as in FastTrack (Flanagan and Freund, PLDI 2009), with the last
//! access of every thread kept for each byte, so that no race of an execution is overlooked.

use crate::clock::{Clock, ThreadId};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Flags of an access.
pub mod access {
    /// It changes the memory.
    pub const WRITE: u8 = 1;
    /// It is atomic.
    pub const ATOMIC: u8 = 2;
    /// It gives the memory back.
    pub const FREE: u8 = 4;
}

/// One recorded access.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// Who.
    pub thread: u16,
    /// Which of the eight bytes.
    mask: u8,
    /// See [`access`].
    pub flags: u8,
    epoch: u32,
    /// The return address of the instrumented access; 0: unknown.
    pub code: usize,
    /// The stack at the access, where recorded.
    pub stack: u32,
}

impl Access {
    /// What it is, in words.
    pub fn words(flags: u8) -> &'static str {
        if flags & access::FREE != 0 {
            return "frees the memory";
        }
        match flags & 3 {
            0 => "reads",
            1 => "writes",
            2 => "reads atomically",
            _ => "writes atomically",
        }
    }
}

/// Why an access is wrong.
pub enum Conflict {
    /// It is not ordered after this one.
    Race(Access),
    /// The memory was given back by this one.
    Freed(Access),
}

/// Eight bytes.
#[derive(Default)]
struct Cell {
    accesses: SmallVec<[Access; 4]>,
    freed: bool,
}

/// Blocks of more bytes are marked as a whole when they are given back, not byte by byte.
const LARGE: usize = 4096;

/// A large block that was given back.
struct Freed {
    start: usize,
    end: usize,
    by: Access,
}

/// The accesses to all memory.
#[derive(Default)]
pub struct Shadow {
    index: FxHashMap<usize, u32>,
    /// The large blocks that were given back.
    freed: Vec<Freed>,
    /// The cells in use, then those kept for the next execution.
    cells: Vec<Cell>,
    used: usize,
}

impl Shadow {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.index.clear();
        self.freed.clear();
        for cell in &mut self.cells[..self.used] {
            cell.accesses.clear();
            cell.freed = false;
        }
        self.used = 0;
    }

    /// Checks and records an access of `size` bytes by `thread`, which knows `clock`.
    ///
    /// # Errors
    ///
    /// The earlier access that it conflicts with.
    #[inline]
    pub fn access(
        &mut self,
        (address, size): (usize, usize),
        flags: u8,
        thread: ThreadId,
        clock: &Clock,
        (code, stack): (usize, u32),
    ) -> Result<(), Conflict> {
        let epoch = clock.of(thread);
        let end = address + size;
        if let Some(freed) = self.freed.iter().find(|f| address < f.end && f.start < end) {
            return Err(Conflict::Freed(freed.by));
        }
        let mut at = address;
        while at < end {
            let low = at & 7;
            let high = 8.min(low + (end - at));
            let mask = (((1u32 << high) - 1) & !((1u32 << low) - 1)) as u8;
            let new = Access {
                thread: thread as u16,
                mask,
                flags,
                epoch,
                code,
                stack,
            };
            self.cell(at >> 3).check(new, clock)?;
            at = (at | 7) + 1;
        }
        Ok(())
    }

    /// Checks that nobody uses a block any more, and marks it as given back.
    ///
    /// # Errors
    ///
    /// The earlier access that is not ordered before this.
    pub fn free(
        &mut self,
        (address, size): (usize, usize),
        thread: ThreadId,
        clock: &Clock,
        place: (usize, u32),
    ) -> Result<(), Conflict> {
        let flags = access::WRITE | access::FREE;
        let small = size.min(LARGE);
        self.access((address, small), flags, thread, clock, place)?;
        let granules = (address >> 3)..((address + size).div_ceil(8));
        if size <= LARGE {
            for granule in granules {
                self.cell(granule).freed = true;
            }
            return Ok(());
        }
        let by = Access {
            thread: thread as u16,
            mask: u8::MAX,
            flags,
            epoch: clock.of(thread),
            code: place.0,
            stack: place.1,
        };
        // Only what was used can be in use.
        for (_, &cell) in self.index.iter().filter(|(g, _)| granules.contains(g)) {
            self.cells[cell as usize].check(by, clock)?;
        }
        let (start, end) = (address, address + size);
        self.freed.push(Freed { start, end, by });
        Ok(())
    }

    fn cell(&mut self, granule: usize) -> &mut Cell {
        let index = *self.index.entry(granule).or_insert_with(|| {
            self.used += 1;
            self.used as u32 - 1
        }) as usize;
        if index == self.cells.len() {
            self.cells.push(Cell::default());
        }
        &mut self.cells[index]
    }
}

impl Cell {
    #[inline]
    fn check(&mut self, new: Access, clock: &Clock) -> Result<(), Conflict> {
        if self.freed {
            let free = self.accesses.iter().find(|a| a.flags & access::FREE != 0);
            return Err(Conflict::Freed(free.copied().unwrap_or(new)));
        }
        for old in &self.accesses {
            let conflict = old.mask & new.mask != 0
                && old.thread != new.thread
                && (old.flags | new.flags) & access::WRITE != 0
                && old.flags & new.flags & access::ATOMIC == 0;
            if conflict && !clock.covers(old.thread as ThreadId, old.epoch) {
                return Err(Conflict::Race(*old));
            }
        }
        // What this access covers need not be kept: whoever conflicts with the old one and is not
        // ordered after it is not ordered after this one either, or was reported already.
        self.accesses.retain(|old| {
            let covered = old.mask & !new.mask == 0
                && (new.flags & (access::WRITE | access::ATOMIC) == access::WRITE
                    || (old.thread == new.thread && old.flags == new.flags));
            !covered
        });
        self.accesses.push(new);
        Ok(())
    }
}
