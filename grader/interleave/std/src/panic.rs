//! Panics: they are seen by the engine, whatever hook the program sets.

pub use ::std::panic::*;

/// What a program can set to be called at a panic.
type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send + 'static>;

/// Sets nothing: the engine's hook stays, and what the program's would print is not shown.
pub fn set_hook(hook: Hook) {
    drop(hook);
}

/// There is no hook of the program's: one that does nothing.
pub fn take_hook() -> Hook {
    Box::new(|_| ())
}
