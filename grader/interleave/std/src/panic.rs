//! Panics: the engine sees them all, and then the hook that the program has set, if any.

pub use ::std::panic::*;

use ::std::cell::UnsafeCell;
use ::std::sync::Arc;
use interleave::run;
use interleave::runtime::Quiet;

/// What a program can set to be called at a panic.
type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send + 'static>;

/// The program's hook: put back with the statics.
struct Current(UnsafeCell<Option<Arc<Hook>>>);
// SAFETY: only one thread of the program runs at a time.
unsafe impl Sync for Current {}
static CURRENT: Current = Current(UnsafeCell::new(None));

fn replace(hook: Option<Arc<Hook>>) -> Option<Arc<Hook>> {
    let _quiet = Quiet::new();
    // SAFETY: as above, and no reference outlives this function.
    unsafe { ::std::mem::replace(&mut *CURRENT.0.get(), hook) }
}

fn call(info: &PanicHookInfo<'_>) {
    let quiet = Quiet::new();
    // SAFETY: as above; the hook may replace itself meanwhile, hence the copy.
    let hook = unsafe { (*CURRENT.0.get()).clone() };
    drop(quiet);
    if let Some(hook) = &hook {
        hook(info);
    }
}

/// Sets what is called at each panic, after the engine has seen it.
pub fn set_hook(hook: Hook) {
    let quiet = Quiet::new();
    let hook = Arc::new(hook);
    drop(quiet);
    drop(replace(Some(hook)));
    run::set_panic_hook(call);
}

/// Takes the hook away, and leaves the one that prints the message.
pub fn take_hook() -> Hook {
    match replace(None) {
        Some(hook) => Box::new(move |info| hook(info)),
        None => Box::new(|info| crate::eprintln!("{info}")),
    }
}
