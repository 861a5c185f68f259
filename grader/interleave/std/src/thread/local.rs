//! Variables of which every thread has its own.

use ::std::cell::{Cell, RefCell, UnsafeCell};
use ::std::error::Error;
use ::std::fmt;
use ::std::mem::needs_drop;
use interleave::runtime::Quiet;

/// The variable's value has been dropped: its thread ends.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessError;

impl fmt::Debug for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessError").finish()
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("already destroyed")
    }
}

impl Error for AccessError {}

/// Names a variable by its address.
#[doc(hidden)]
#[allow(dead_code)]
pub struct __Key(u8);

impl __Key {
    #[doc(hidden)]
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        __Key(0)
    }
}

/// One variable's values, by thread.
struct Slot {
    thread: usize,
    key: usize,
    /// Null: it was dropped, and the thread must not ask for it again.
    value: *mut (),
    /// None: the type has no destructor, and the value can be used to the thread's end.
    drop: Option<unsafe fn(*mut ())>,
}

/// All values: a list in the program's heap, whose head is put back with the statics.
struct Slots(UnsafeCell<Vec<Slot>>);
// SAFETY: only one thread of the program runs at a time.
unsafe impl Sync for Slots {}
static SLOTS: Slots = Slots(UnsafeCell::new(Vec::new()));

/// A thread-local variable.
pub struct LocalKey<T: 'static> {
    key: &'static __Key,
    init: fn() -> T,
}

impl<T> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

fn find(key: usize) -> Option<*mut ()> {
    let thread = interleave::sync::me();
    // SAFETY: as Slots.
    let slots = unsafe { &*SLOTS.0.get() };
    slots
        .iter()
        .find(|s| s.thread == thread && s.key == key)
        .map(|s| s.value)
}

fn add(slot: Slot) {
    // SAFETY: as Slots.
    unsafe { (*SLOTS.0.get()).push(slot) };
}

/// Drops the running thread's values, the last first: those too that destructors make anew.
pub fn drop_all() {
    let thread = interleave::sync::me();
    loop {
        let quiet = Quiet::new();
        // SAFETY: as Slots; the borrow ends before the value is dropped.
        let slot = unsafe {
            let slots = &mut *SLOTS.0.get();
            slots
                .iter_mut()
                .rfind(|s| s.thread == thread && !s.value.is_null() && s.drop.is_some())
                .map(|s| {
                    (
                        s.drop,
                        ::std::mem::replace(&mut s.value, ::std::ptr::null_mut()),
                    )
                })
        };
        drop(quiet);
        let Some((Some(drop), value)) = slot else {
            return;
        };
        // SAFETY: made by the same variable's `slot`.
        unsafe { drop(value) };
    }
}

unsafe fn drop_value<T>(value: *mut ()) {
    // SAFETY: it was a box of this type.
    drop(unsafe { Box::from_raw(value.cast::<T>()) });
}

impl<T: 'static> LocalKey<T> {
    #[doc(hidden)]
    pub const fn __new(key: &'static __Key, init: fn() -> T) -> Self {
        LocalKey { key, init }
    }

    /// The thread's value, made where there is none.
    fn slot(&self, make: impl FnOnce() -> T) -> Result<*mut T, AccessError> {
        let key = ::std::ptr::from_ref(self.key) as usize;
        let quiet = Quiet::new();
        let found = find(key);
        drop(quiet);
        if let Some(value) = found {
            return if value.is_null() {
                Err(AccessError)
            } else {
                Ok(value.cast())
            };
        }
        let value = Box::into_raw(Box::new(make()));
        let _quiet = Quiet::new();
        let drop: unsafe fn(*mut ()) = drop_value::<T>;
        add(Slot {
            thread: interleave::sync::me(),
            key,
            value: value.cast(),
            drop: needs_drop::<T>().then_some(drop),
        });
        Ok(value)
    }

    /// Gives the thread's value to `body`.
    ///
    /// # Panics
    ///
    /// It has been dropped.
    #[track_caller]
    pub fn with<F, R>(&'static self, body: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        match self.slot(self.init) {
            // SAFETY: the value lives until its thread ends.
            Ok(value) => body(unsafe { &*value }),
            Err(error) => destroyed(error),
        }
    }

    /// Gives the thread's value to `body`.
    ///
    /// # Errors
    ///
    /// It has been dropped.
    pub fn try_with<F, R>(&'static self, body: F) -> Result<R, AccessError>
    where
        F: FnOnce(&T) -> R,
    {
        let value = self.slot(self.init)?;
        // SAFETY: as above.
        Ok(body(unsafe { &*value }))
    }

    /// Gives the thread's value to `body`, or makes it of `value` where there is none yet, and
    /// gives `value` back where there was one.
    #[track_caller]
    fn start_with(&'static self, value: T, body: impl FnOnce(&T, Option<T>)) {
        let mut value = Some(value);
        match self.slot(|| value.take().expect("made once")) {
            // SAFETY: as above.
            Ok(slot) => body(unsafe { &*slot }, value),
            Err(error) => destroyed(error),
        }
    }
}

#[track_caller]
fn destroyed(error: AccessError) -> ! {
    panic!("cannot access a Thread Local Storage value during or after destruction: {error:?}")
}

impl<T: 'static> LocalKey<Cell<T>> {
    /// Sets the value; the initial one is not made for that.
    #[track_caller]
    pub fn set(&'static self, value: T) {
        self.start_with(Cell::new(value), |cell, value| {
            if let Some(value) = value {
                cell.set(value.into_inner());
            }
        });
    }
    /// A copy of the value.
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }
    /// The value, leaving the default.
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }
    /// The value, leaving another.
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> LocalKey<RefCell<T>> {
    /// Lends the value.
    #[track_caller]
    pub fn with_borrow<F, R>(&'static self, body: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        self.with(|cell| body(&cell.borrow()))
    }
    /// Lends the value to change it.
    #[track_caller]
    pub fn with_borrow_mut<F, R>(&'static self, body: F) -> R
    where
        F: FnOnce(&mut T) -> R,
    {
        self.with(|cell| body(&mut cell.borrow_mut()))
    }
    /// Sets the value; the initial one is not made for that.
    #[track_caller]
    pub fn set(&'static self, value: T) {
        self.start_with(RefCell::new(value), |cell, value| {
            if let Some(value) = value {
                *cell.borrow_mut() = value.into_inner();
            }
        });
    }
    /// The value, leaving the default.
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }
    /// The value, leaving another.
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}
