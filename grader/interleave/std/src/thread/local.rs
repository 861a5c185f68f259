//! Variables of which every thread has its own.

use ::std::cell::{Cell, RefCell, UnsafeCell};
use ::std::thread::AccessError;
use interleave::runtime::Quiet;

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
    value: *mut (),
    drop: unsafe fn(*mut ()),
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

impl<T> ::std::fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
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

/// Drops the running thread's values, the last first.
pub(super) fn drop_all() {
    let thread = interleave::sync::me();
    loop {
        let quiet = Quiet::new();
        // SAFETY: as Slots; the borrow ends before the value is dropped.
        let slot = unsafe {
            let slots = &mut *SLOTS.0.get();
            slots
                .iter()
                .rposition(|s| s.thread == thread)
                .map(|i| slots.remove(i))
        };
        drop(quiet);
        let Some(slot) = slot else { return };
        // SAFETY: made by the same variable's `slot`.
        unsafe { (slot.drop)(slot.value) };
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

    fn slot(&self) -> *mut T {
        let key = ::std::ptr::from_ref(self.key) as usize;
        let quiet = Quiet::new();
        let found = find(key);
        drop(quiet);
        if let Some(value) = found {
            return value.cast();
        }
        let value = Box::into_raw(Box::new((self.init)()));
        let _quiet = Quiet::new();
        add(Slot {
            thread: interleave::sync::me(),
            key,
            value: value.cast(),
            drop: drop_value::<T>,
        });
        value
    }

    /// Gives the thread's value to `body`.
    pub fn with<R>(&'static self, body: impl FnOnce(&T) -> R) -> R {
        // SAFETY: the value lives until its thread ends.
        body(unsafe { &*self.slot() })
    }

    /// Gives the thread's value to `body`.
    pub fn try_with<R>(&'static self, body: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        Ok(self.with(body))
    }
}

impl<T: 'static> LocalKey<Cell<T>> {
    /// Sets the value.
    pub fn set(&'static self, value: T) {
        self.with(|cell| cell.set(value));
    }
    /// A copy of the value.
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }
    /// The value, leaving the default.
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }
    /// The value, leaving another.
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> LocalKey<RefCell<T>> {
    /// Lends the value.
    pub fn with_borrow<R>(&'static self, body: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| body(&cell.borrow()))
    }
    /// Lends the value to change it.
    pub fn with_borrow_mut<R>(&'static self, body: impl FnOnce(&mut T) -> R) -> R {
        self.with(|cell| body(&mut cell.borrow_mut()))
    }
    /// Sets the value.
    pub fn set(&'static self, value: T) {
        self.with(|cell| *cell.borrow_mut() = value);
    }
    /// The value, leaving the default.
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }
    /// The value, leaving another.
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}
