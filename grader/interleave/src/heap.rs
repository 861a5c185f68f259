//! The allocator of explored programs.

use crate::runtime::{active, checked, demand, with};
use std::alloc::{GlobalAlloc, Layout, System};

/// The program's blocks come from the execution's heap, all others from the system.
pub struct Heap;

// SAFETY: blocks of the arena are disjoint and live until the execution ends; all others are the
// system's.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if active() {
            return with(|e| e.arena.allocate(layout));
        }
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if !crate::memory::Arena::contains(block as usize) {
            // SAFETY: the caller's; it is none of the arena's.
            return unsafe { System.dealloc(block, layout) };
        }
        if active() {
            let size = layout.size();
            let quiet = !checked();
            demand(with(|e| {
                e.histories.forget(block as usize, size);
                if quiet {
                    return Ok(());
                }
                e.free(block as usize, size)
            }));
        }
    }
}
