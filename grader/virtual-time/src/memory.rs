//! The program's memory, as instrumented code names it.

/// An ordering of C11, as LLVM numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordering(pub u8);

/// What a plain access does.
pub mod access {
    /// It writes.
    pub const WRITE: u8 = 1;
}

/// Reads 1, 2, 4 or 8 bytes.
///
/// # Safety
///
/// The address must be valid and aligned.
#[inline]
pub unsafe fn read_memory(address: usize, size: u8) -> u64 {
    // SAFETY: the caller's.
    unsafe {
        match size {
            1 => u64::from(*(address as *const u8)),
            2 => u64::from(*(address as *const u16)),
            4 => u64::from(*(address as *const u32)),
            _ => *(address as *const u64),
        }
    }
}

/// Writes 1, 2, 4 or 8 bytes.
///
/// # Safety
///
/// The address must be valid and aligned.
#[inline]
pub unsafe fn write_memory(address: usize, size: u8, value: u64) {
    // SAFETY: the caller's.
    unsafe {
        match size {
            1 => *(address as *mut u8) = value as u8,
            2 => *(address as *mut u16) = value as u16,
            4 => *(address as *mut u32) = value as u32,
            _ => *(address as *mut u64) = value,
        }
    }
}
