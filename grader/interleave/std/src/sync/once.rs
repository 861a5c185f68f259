//! Initialisation that happens once.

use super::State;
use ::std::cell::UnsafeCell;
use ::std::fmt;
use ::std::panic::{Location, RefUnwindSafe, UnwindSafe};
use interleave::sync::{self as engine, Caller};
use interleave::thread::WaitKind;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    New,
    Running,
    Poisoned,
    Complete,
}

/// Runs something once.
#[derive(Debug)]
pub struct Once {
    state: State<Phase>,
}

impl UnwindSafe for Once {}
impl RefUnwindSafe for Once {}

/// What an initialisation is told.
#[derive(Debug)]
pub struct OnceState(bool);

impl OnceState {
    /// Whether an earlier attempt panicked.
    pub fn is_poisoned(&self) -> bool {
        self.0
    }
}

/// Ends an attempt, in whatever way.
struct Attempt<'a> {
    once: &'a Once,
    phase: Phase,
    caller: Caller,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let id = &self.once.state.id;
        engine::leave(id);
        engine::release(id);
        engine::end(id);
        self.once.state.with(|s| *s = self.phase);
        engine::record("initialised", id, None, self.caller);
        engine::wake(id, |kind| kind == WaitKind::Once);
    }
}

impl Once {
    /// Nothing has run.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Once {
            state: State::new(Phase::New),
        }
    }

    #[track_caller]
    fn call(&self, despite_poison: bool, body: &mut dyn FnMut(&OnceState), caller: Caller) {
        let id = &self.state.id;
        engine::enter(id, true);
        loop {
            match self.state.with(|s| *s) {
                Phase::Complete => break,
                Phase::Running => {
                    engine::wait(id, WaitKind::Once, None, caller);
                }
                Phase::Poisoned if !despite_poison => {
                    panic!("Once instance has previously been poisoned")
                }
                phase => {
                    self.state.with(|s| *s = Phase::Running);
                    engine::acquire(id);
                    engine::begin(id, caller);
                    engine::record("initialises", id, None, caller);
                    let mut attempt = Attempt {
                        once: self,
                        phase: Phase::Poisoned,
                        caller,
                    };
                    body(&OnceState(phase == Phase::Poisoned));
                    attempt.phase = Phase::Complete;
                    return;
                }
            }
        }
        engine::acquire(id);
    }

    /// Runs `body` unless something ran before; waits where it is running.
    #[track_caller]
    pub fn call_once<F: FnOnce()>(&self, body: F) {
        let mut body = Some(body);
        self.call(
            false,
            &mut |_| {
                if let Some(body) = body.take() {
                    body()
                }
            },
            Location::caller(),
        );
    }

    /// The same, also after a panic.
    #[track_caller]
    pub fn call_once_force<F: FnOnce(&OnceState)>(&self, body: F) {
        let mut body = Some(body);
        self.call(
            true,
            &mut |state| {
                if let Some(body) = body.take() {
                    body(state)
                }
            },
            Location::caller(),
        );
    }

    /// Whether it has run.
    #[track_caller]
    pub fn is_completed(&self) -> bool {
        engine::enter(&self.state.id, false);
        let done = self.state.with(|s| *s == Phase::Complete);
        engine::looked(&self.state.id, u64::from(done), Location::caller());
        if done {
            engine::acquire(&self.state.id);
        }
        done
    }

    /// Waits until it has run.
    ///
    /// # Panics
    ///
    /// An attempt has panicked.
    #[track_caller]
    pub fn wait(&self) {
        self.wait_through(false, Location::caller());
    }

    /// Waits until it has run, also after a panic.
    #[track_caller]
    pub fn wait_force(&self) {
        self.wait_through(true, Location::caller());
    }

    #[track_caller]
    fn wait_through(&self, despite_poison: bool, caller: Caller) {
        engine::enter(&self.state.id, false);
        loop {
            match self.state.with(|s| *s) {
                Phase::Complete => break,
                Phase::Poisoned if !despite_poison => {
                    panic!("Once instance has previously been poisoned")
                }
                _ => engine::wait(&self.state.id, WaitKind::Once, None, caller),
            };
        }
        engine::acquire(&self.state.id);
    }

    /// How it stands, by unique access.
    pub(super) fn phase(&mut self) -> Phase {
        self.state.with(|s| *s)
    }
}

/// A value that is set once.
pub struct OnceLock<T> {
    once: Once,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: as the real one.
unsafe impl<T: Sync + Send> Sync for OnceLock<T> {}
// SAFETY: as the real one.
unsafe impl<T: Send> Send for OnceLock<T> {}

impl<T> OnceLock<T> {
    /// No value.
    pub const fn new() -> Self {
        OnceLock {
            once: Once::new(),
            value: UnsafeCell::new(None),
        }
    }
    /// The value.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: complete, so never written again.
        if self.once.is_completed() {
            unsafe { (*self.value.get()).as_ref() }
        } else {
            None
        }
    }
    /// The value, by unique access.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut().as_mut()
    }
    /// Sets the value.
    ///
    /// # Errors
    ///
    /// It was set before: the new one is returned.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("called once"));
        value.map_or(Ok(()), Err)
    }
    /// The value, made where there is none.
    #[track_caller]
    pub fn get_or_init<F: FnOnce() -> T>(&self, make: F) -> &T {
        // SAFETY: written by the one attempt, read after it.
        self.once
            .call_once_force(|_| unsafe { *self.value.get() = Some(make()) });
        // SAFETY: complete, so never written again.
        unsafe { (*self.value.get()).as_ref() }.expect("initialised")
    }
    /// Waits for the value.
    #[track_caller]
    pub fn wait(&self) -> &T {
        self.once.wait_force();
        // SAFETY: complete, so never written again.
        unsafe { (*self.value.get()).as_ref() }.expect("initialised")
    }
    /// The value.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }
    /// The value, leaving none.
    pub fn take(&mut self) -> Option<T> {
        ::std::mem::take(self).into_inner()
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        OnceLock::new()
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        OnceLock {
            once: Once {
                state: State::new(Phase::Complete),
            },
            value: UnsafeCell::new(Some(value)),
        }
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}
impl<T: RefUnwindSafe + UnwindSafe> RefUnwindSafe for OnceLock<T> {}
impl<T: UnwindSafe> UnwindSafe for OnceLock<T> {}

impl<T: Clone> Clone for OnceLock<T> {
    fn clone(&self) -> Self {
        self.get()
            .cloned()
            .map_or_else(OnceLock::new, OnceLock::from)
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_tuple("OnceLock");
        match self.get() {
            Some(value) => shown.field(value),
            None => shown.field(&format_args!("<uninit>")),
        };
        shown.finish()
    }
}
