//! Values that are made at their first use.

use super::Once;
use super::once::Phase;
use ::std::cell::{Cell, UnsafeCell};
use ::std::fmt;
use ::std::ops::{Deref, DerefMut};
use ::std::panic::{RefUnwindSafe, UnwindSafe};

/// A value that is made at its first use.
pub struct LazyLock<T, F = fn() -> T> {
    once: Once,
    make: Cell<Option<F>>,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: as the real one.
unsafe impl<T: Sync + Send, F: Send> Sync for LazyLock<T, F> {}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// Not made yet.
    pub const fn new(make: F) -> Self {
        LazyLock {
            once: Once::new(),
            make: Cell::new(Some(make)),
            value: UnsafeCell::new(None),
        }
    }
    /// The value.
    ///
    /// # Panics
    ///
    /// Making it panicked before.
    #[track_caller]
    pub fn force(this: &Self) -> &T {
        this.once.call_once_force(|state| {
            if state.is_poisoned() {
                poisoned();
            }
            let make = this.make.take().expect("called once");
            // SAFETY: written by the one attempt, read after it.
            unsafe { *this.value.get() = Some(make()) };
        });
        // SAFETY: complete, so never written again.
        unsafe { (*this.value.get()).as_ref() }.expect("initialised")
    }
    /// The value, made where there is none, by unique access.
    ///
    /// # Panics
    ///
    /// Making it panicked before.
    #[track_caller]
    pub fn force_mut(this: &mut Self) -> &mut T {
        LazyLock::force(this);
        this.value.get_mut().as_mut().expect("initialised")
    }
}

#[track_caller]
fn poisoned() -> ! {
    panic!("LazyLock instance has previously been poisoned")
}

impl<T, F> LazyLock<T, F> {
    /// The value, if it has been made.
    #[track_caller]
    pub fn get(this: &Self) -> Option<&T> {
        // SAFETY: complete, so never written again.
        this.once
            .is_completed()
            .then(|| unsafe { (*this.value.get()).as_ref() })
            .flatten()
    }
    /// The value, if it has been made, by unique access.
    ///
    /// # Panics
    ///
    /// Making it panicked before.
    #[track_caller]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        match this.once.phase() {
            Phase::Complete => this.value.get_mut().as_mut(),
            Phase::Poisoned => poisoned(),
            _ => None,
        }
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;
    #[track_caller]
    fn deref(&self) -> &T {
        LazyLock::force(self)
    }
}

impl<T, F: FnOnce() -> T> DerefMut for LazyLock<T, F> {
    #[track_caller]
    fn deref_mut(&mut self) -> &mut T {
        LazyLock::force_mut(self)
    }
}

impl<T: RefUnwindSafe + UnwindSafe, F: UnwindSafe> RefUnwindSafe for LazyLock<T, F> {}
impl<T: UnwindSafe, F: UnwindSafe> UnwindSafe for LazyLock<T, F> {}

impl<T: Default> Default for LazyLock<T> {
    fn default() -> Self {
        LazyLock::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_tuple("LazyLock");
        match LazyLock::get(self) {
            Some(value) => shown.field(value),
            None => shown.field(&format_args!("<uninit>")),
        };
        shown.finish()
    }
}
