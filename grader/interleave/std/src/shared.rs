//! Counted references that are no business of the program's: their counters are not instrumented.

use ::std::mem::ManuallyDrop;
use ::std::ops::Deref;
use ::std::sync::Arc;
use interleave::runtime::Quiet;

/// A counted reference; the value is dropped, visibly, with the last one.
pub struct Shared<T>(ManuallyDrop<Arc<T>>);

// What is counted is the library's own, and stays whole where a panic goes by.
impl<T> ::std::panic::UnwindSafe for Shared<T> {}
impl<T> ::std::panic::RefUnwindSafe for Shared<T> {}

impl<T> Shared<T> {
    /// The first reference.
    pub fn new(value: T) -> Self {
        let _quiet = Quiet::new();
        Shared(ManuallyDrop::new(Arc::new(value)))
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        let _quiet = Quiet::new();
        Shared(ManuallyDrop::new(Arc::clone(&self.0)))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        let quiet = Quiet::new();
        // SAFETY: dropped once, here.
        let reference = unsafe { ManuallyDrop::take(&mut self.0) };
        let value = Arc::into_inner(reference);
        drop(quiet);
        drop(value);
    }
}
