//! Atomics: the real ones, with what the compiler's pass does not see spelled out.
//!
//! The pass instruments loads, stores, exchanges and the arithmetic that hardware has. Maximum and
//! minimum it leaves alone, and weak and strong compare-and-exchange look the same to it: these
//! are written out here, and a weak one may fail for no reason.

use ::core::sync::atomic as real;
pub use ::core::sync::atomic::{Ordering, compiler_fence, fence};
use ::std::fmt;

/// Says that the thread waits for another.
#[deprecated(note = "use hint::spin_loop instead")]
#[track_caller]
pub fn spin_loop_hint() {
    crate::hint::spin_loop();
}

/// A false truth value.
#[deprecated(note = "the `new` function is now preferred")]
#[allow(clippy::declare_interior_mutable_const)]
pub const ATOMIC_BOOL_INIT: AtomicBool = AtomicBool::new(false);
/// Zero.
#[deprecated(note = "the `new` function is now preferred")]
#[allow(clippy::declare_interior_mutable_const)]
pub const ATOMIC_ISIZE_INIT: AtomicIsize = AtomicIsize::new(0);
/// Zero.
#[deprecated(note = "the `new` function is now preferred")]
#[allow(clippy::declare_interior_mutable_const)]
pub const ATOMIC_USIZE_INIT: AtomicUsize = AtomicUsize::new(0);

fn fails() -> bool {
    interleave::sync::fails_spuriously()
}

fn load_order(order: Ordering) -> Ordering {
    match order {
        Ordering::AcqRel => Ordering::Acquire,
        Ordering::Release => Ordering::Relaxed,
        other => other,
    }
}

macro_rules! common {
    ($name:ident, $value:ty, $([$($generic:tt)*])?) => {
        impl$(<$($generic)*>)? $name$(<$($generic)*>)? {
            /// A new one.
            pub const fn new(value: $value) -> Self {
                Self(real::$name::new(value))
            }
            /// The one at an address.
            ///
            /// # Safety
            ///
            /// As for the real one.
            pub const unsafe fn from_ptr<'a>(at: *mut $value) -> &'a Self {
                // SAFETY: the caller's; the layout is that of the value.
                unsafe { &*at.cast::<Self>() }
            }
            /// The value, by unique access.
            pub fn get_mut(&mut self) -> &mut $value {
                self.0.get_mut()
            }
            /// The value.
            pub const fn into_inner(self) -> $value {
                self.0.into_inner()
            }
            /// Where it is.
            pub const fn as_ptr(&self) -> *mut $value {
                self.0.as_ptr()
            }
            /// Loads.
            #[inline(always)]
            pub fn load(&self, order: Ordering) -> $value {
                self.0.load(order)
            }
            /// Stores.
            #[inline(always)]
            pub fn store(&self, value: $value, order: Ordering) {
                self.0.store(value, order);
            }
            /// Exchanges.
            #[inline(always)]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.0.swap(value, order)
            }
            /// Exchanges where the value is as expected; returns the value before.
            #[deprecated(note = "Use `compare_exchange` or `compare_exchange_weak` instead")]
            #[inline(always)]
            pub fn compare_and_swap(&self, current: $value, new: $value, order: Ordering) -> $value {
                match self.0.compare_exchange(current, new, order, load_order(order)) {
                    Ok(value) | Err(value) => value,
                }
            }
            /// Exchanges where the value is as expected.
            ///
            /// # Errors
            ///
            /// The value, where it is another.
            #[inline(always)]
            pub fn compare_exchange(&self, current: $value, new: $value, success: Ordering, failure: Ordering) -> Result<$value, $value> {
                self.0.compare_exchange(current, new, success, failure)
            }
            /// Exchanges where the value is as expected; may fail for no reason.
            ///
            /// # Errors
            ///
            /// The value.
            #[inline(always)]
            pub fn compare_exchange_weak(&self, current: $value, new: $value, success: Ordering, failure: Ordering) -> Result<$value, $value> {
                if fails() {
                    return Err(self.0.load(failure));
                }
                self.0.compare_exchange(current, new, success, failure)
            }
            /// Changes the value by a function, as often as needed.
            ///
            /// # Errors
            ///
            /// The value for which the function gave none.
            #[inline(always)]
            pub fn fetch_update<F>(&self, set: Ordering, fetch: Ordering, mut change: F) -> Result<$value, $value>
            where
                F: FnMut($value) -> Option<$value>,
            {
                let mut before = self.load(fetch);
                while let Some(next) = change(before) {
                    match self.compare_exchange_weak(before, next, set, fetch) {
                        Ok(value) => return Ok(value),
                        Err(value) => before = value,
                    }
                }
                Err(before)
            }
            /// Changes the value by a function that may decline.
            ///
            /// # Errors
            ///
            /// The value for which the function gave none.
            #[inline(always)]
            pub fn try_update(&self, set: Ordering, fetch: Ordering, change: impl FnMut($value) -> Option<$value>) -> Result<$value, $value> {
                self.fetch_update(set, fetch, change)
            }
            /// Changes the value by a function; returns the value before.
            #[inline(always)]
            pub fn update(&self, set: Ordering, fetch: Ordering, mut change: impl FnMut($value) -> $value) -> $value {
                match self.fetch_update(set, fetch, |value| Some(change(value))) {
                    Ok(value) | Err(value) => value,
                }
            }
        }
        impl$(<$($generic)*>)? From<$value> for $name$(<$($generic)*>)? {
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }
        impl$(<$($generic)*>)? fmt::Debug for $name$(<$($generic)*>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.load(Ordering::Relaxed), f)
            }
        }
    };
}

macro_rules! integers {
    ($($name:ident $value:ty;)*) => { $(
        /// An atomic integer.
        #[repr(transparent)]
        #[derive(Default)]
        pub struct $name(real::$name);
        common!($name, $value,);
        impl $name {
            /// Adds.
            #[inline(always)]
            pub fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                self.0.fetch_add(value, order)
            }
            /// Subtracts.
            #[inline(always)]
            pub fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                self.0.fetch_sub(value, order)
            }
            /// And.
            #[inline(always)]
            pub fn fetch_and(&self, value: $value, order: Ordering) -> $value {
                self.0.fetch_and(value, order)
            }
            /// Not and.
            #[inline(always)]
            pub fn fetch_nand(&self, value: $value, order: Ordering) -> $value {
                self.0.fetch_nand(value, order)
            }
            /// Or.
            #[inline(always)]
            pub fn fetch_or(&self, value: $value, order: Ordering) -> $value {
                self.0.fetch_or(value, order)
            }
            /// Exclusive or.
            #[inline(always)]
            pub fn fetch_xor(&self, value: $value, order: Ordering) -> $value {
                self.0.fetch_xor(value, order)
            }
            /// The larger one.
            #[inline(always)]
            pub fn fetch_max(&self, value: $value, order: Ordering) -> $value {
                self.always(order, |old| old.max(value))
            }
            /// The smaller one.
            #[inline(always)]
            pub fn fetch_min(&self, value: $value, order: Ordering) -> $value {
                self.always(order, |old| old.min(value))
            }
            #[inline(always)]
            fn always(&self, order: Ordering, change: impl Fn($value) -> $value) -> $value {
                // A first guess, which is no step of the program.
                let quiet = interleave::runtime::Quiet::new();
                let mut before = self.0.load(Ordering::Relaxed);
                drop(quiet);
                loop {
                    match self.0.compare_exchange(before, change(before), order, load_order(order)) {
                        Ok(value) => return value,
                        Err(value) => before = value,
                    }
                }
            }
        }
    )* };
}

integers! {
    AtomicI8 i8; AtomicU8 u8; AtomicI16 i16; AtomicU16 u16; AtomicI32 i32; AtomicU32 u32;
    AtomicI64 i64; AtomicU64 u64; AtomicIsize isize; AtomicUsize usize;
}

/// An atomic truth value.
#[repr(transparent)]
#[derive(Default)]
pub struct AtomicBool(real::AtomicBool);
common!(AtomicBool, bool,);

impl AtomicBool {
    /// And.
    #[inline(always)]
    pub fn fetch_and(&self, value: bool, order: Ordering) -> bool {
        self.0.fetch_and(value, order)
    }
    /// Not and.
    #[inline(always)]
    pub fn fetch_nand(&self, value: bool, order: Ordering) -> bool {
        self.0.fetch_nand(value, order)
    }
    /// Or.
    #[inline(always)]
    pub fn fetch_or(&self, value: bool, order: Ordering) -> bool {
        self.0.fetch_or(value, order)
    }
    /// Exclusive or.
    #[inline(always)]
    pub fn fetch_xor(&self, value: bool, order: Ordering) -> bool {
        self.0.fetch_xor(value, order)
    }
    /// Not.
    #[inline(always)]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        self.0.fetch_not(order)
    }
}

/// An atomic pointer.
#[repr(transparent)]
pub struct AtomicPtr<T>(real::AtomicPtr<T>);
common!(AtomicPtr, *mut T, [T]);

impl<T> AtomicPtr<T> {
    /// Adds a number of elements to the address.
    #[inline(always)]
    pub fn fetch_ptr_add(&self, count: usize, order: Ordering) -> *mut T {
        self.0.fetch_ptr_add(count, order)
    }
    /// Subtracts a number of elements from the address.
    #[inline(always)]
    pub fn fetch_ptr_sub(&self, count: usize, order: Ordering) -> *mut T {
        self.0.fetch_ptr_sub(count, order)
    }
    /// Adds a number of bytes to the address.
    #[inline(always)]
    pub fn fetch_byte_add(&self, count: usize, order: Ordering) -> *mut T {
        self.0.fetch_byte_add(count, order)
    }
    /// Subtracts a number of bytes from the address.
    #[inline(always)]
    pub fn fetch_byte_sub(&self, count: usize, order: Ordering) -> *mut T {
        self.0.fetch_byte_sub(count, order)
    }
    /// Or, with the address.
    #[inline(always)]
    pub fn fetch_or(&self, value: usize, order: Ordering) -> *mut T {
        self.0.fetch_or(value, order)
    }
    /// And, with the address.
    #[inline(always)]
    pub fn fetch_and(&self, value: usize, order: Ordering) -> *mut T {
        self.0.fetch_and(value, order)
    }
    /// Exclusive or, with the address.
    #[inline(always)]
    pub fn fetch_xor(&self, value: usize, order: Ordering) -> *mut T {
        self.0.fetch_xor(value, order)
    }
}

impl<T> Default for AtomicPtr<T> {
    fn default() -> Self {
        Self::new(::core::ptr::null_mut())
    }
}

impl<T> fmt::Pointer for AtomicPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.load(Ordering::Relaxed), f)
    }
}
