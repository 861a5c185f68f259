//! Random numbers of the system: the same in every execution, so that a schedule replays.
//!
//! The standard library takes the keys of `HashMap` from `getrandom`, and calls it by a symbol that
//! a program may define for itself.

/// Fills `length` bytes at `to`: with fixed ones, in an explored program.
///
/// # Safety
///
/// The bytes must be writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getrandom(to: *mut u8, length: usize, flags: u32) -> isize {
    // SAFETY: the caller's.
    unsafe {
        if !crate::runtime::installed() {
            return libc::syscall(libc::SYS_getrandom, to, length, flags) as isize;
        }
        for at in 0..length {
            to.add(at).write((at as u8).wrapping_mul(0x9d) ^ 0x5a);
        }
    }
    length as isize
}
