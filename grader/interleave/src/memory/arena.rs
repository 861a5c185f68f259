//! The program's heap: every block of an execution has an address of its own, the same in every
//! run of the same schedule, and all of them are given back at the execution's end.

use std::alloc::Layout;

/// Where the heap starts: fixed, so that programs that look at addresses replay too.
const START: usize = 0x5A00_0000_0000;
/// The address space of one execution's heap, in bytes; memory is used only where touched.
const SIZE: usize = 8 << 30;
/// Memory kept between executions, in bytes; what is beyond goes back to the system.
const KEPT: usize = 4 << 20;

/// A heap that only grows until it is reset.
pub struct Arena {
    start: usize,
    next: usize,
}

impl Arena {
    /// Reserves the address space.
    pub fn new() -> Self {
        // SAFETY: a fresh private mapping.
        let start = unsafe {
            libc::mmap(
                START as *mut _,
                SIZE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE
                    | libc::MAP_ANONYMOUS
                    | libc::MAP_NORESERVE
                    | libc::MAP_FIXED_NOREPLACE,
                -1,
                0,
            )
        };
        let start = if start == libc::MAP_FAILED {
            0
        } else {
            start as usize
        };
        Arena { start, next: start }
    }

    /// Whether the address belongs to a block of this execution or an earlier one.
    #[inline]
    pub fn contains(address: usize) -> bool {
        address.wrapping_sub(START) < SIZE
    }

    /// A block; null when the heap is full.
    #[inline]
    pub fn allocate(&mut self, layout: Layout) -> *mut u8 {
        let at = (self.next + layout.align().max(16) - 1) & !(layout.align().max(16) - 1);
        // One unused granule stands between blocks, so that no two share a checked unit.
        let end = at + layout.size().max(1) + 8;
        if self.start == 0 || end > self.start + SIZE {
            return std::ptr::null_mut();
        }
        self.next = end;
        at as *mut u8
    }

    /// Gives back every block.
    pub fn reset(&mut self) {
        let used = self.next - self.start;
        if used > KEPT {
            // SAFETY: our own mapping; nothing of the execution lives on.
            unsafe {
                libc::madvise(
                    (self.start + KEPT) as *mut _,
                    used - KEPT,
                    libc::MADV_DONTNEED,
                )
            };
        }
        self.next = self.start;
    }
}

impl Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}
