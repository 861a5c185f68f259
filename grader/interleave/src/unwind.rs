//! The calls that the running code is in, by the unwind tables: exact where calls were inlined or
//! are not instrumented, and too slow for anything but a recorded execution.

use std::ffi::c_void;

type Visit = unsafe extern "C" fn(*mut c_void, *mut c_void) -> i32;

unsafe extern "C" {
    fn _Unwind_Backtrace(visit: Visit, frames: *mut c_void) -> i32;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
}

/// The most calls that are looked at.
const CALLS: usize = 64;

unsafe extern "C" fn visit(context: *mut c_void, frames: *mut c_void) -> i32 {
    // SAFETY: called by `_Unwind_Backtrace` with the vector below.
    unsafe {
        let frames = &mut *frames.cast::<Vec<usize>>();
        frames.push(_Unwind_GetIP(context));
        if frames.len() < CALLS { 0 } else { 5 }
    }
}

/// The return addresses, innermost first.
pub fn frames() -> Vec<usize> {
    let mut frames = Vec::with_capacity(CALLS);
    // SAFETY: the vector outlives the call, and only `visit` touches it meanwhile.
    unsafe { _Unwind_Backtrace(visit, (&raw mut frames).cast()) };
    frames
}
