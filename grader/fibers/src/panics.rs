//! The program's own panic hook, which an engine calls after its own.

use std::panic::PanicHookInfo;

/// What the modelled library has the engine call at a panic.
pub type PanicHook = fn(&PanicHookInfo<'_>);

/// One of the statics that are put back between executions.
static mut HOOK: Option<PanicHook> = None;

/// Has `hook` called at each panic, after the engine has seen it.
pub fn set_panic_hook(hook: PanicHook) {
    // SAFETY: programs run on one thread of the system.
    unsafe { HOOK = Some(hook) };
}

/// The hook, where one was set.
pub fn panic_hook() -> Option<PanicHook> {
    // SAFETY: as above.
    unsafe { HOOK }
}
