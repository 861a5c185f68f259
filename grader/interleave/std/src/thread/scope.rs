//! Scoped threads.

use super::{JoinHandle, Payload, Result, Thread};
use ::std::cell::RefCell;
use ::std::marker::PhantomData;
use ::std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use interleave::sync as engine;

/// A scope to start threads in.
pub struct Scope<'scope, 'env: 'scope> {
    started: RefCell<Vec<usize>>,
    marker: PhantomData<(&'scope mut &'scope (), &'env mut &'env ())>,
}

// SAFETY: only one thread of the program runs at a time.
unsafe impl Sync for Scope<'_, '_> {}

impl ::std::fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// A handle to wait for a thread of a scope with.
pub struct ScopedJoinHandle<'scope, T> {
    handle: JoinHandle<T>,
    marker: PhantomData<&'scope ()>,
}

impl<T> ::std::fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        f.debug_struct("ScopedJoinHandle").finish_non_exhaustive()
    }
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the thread's end.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        self.handle.join()
    }
    /// The thread.
    pub fn thread(&self) -> &Thread {
        self.handle.thread()
    }
    /// Whether it has ended.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a thread.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, body: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.start(None, body, Location::caller())
    }

    pub(super) fn start<F, T>(
        &'scope self,
        name: Option<String>,
        body: F,
        caller: engine::Caller,
    ) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        // SAFETY: the scope waits for the thread.
        let handle = unsafe { super::start(name, body, caller) };
        let _quiet = interleave::runtime::Quiet::new();
        self.started.borrow_mut().push(handle.thread.id);
        ScopedJoinHandle {
            handle,
            marker: PhantomData,
        }
    }
}

/// Runs `body` in a scope, and waits for all threads started in it.
#[track_caller]
pub fn scope<'env, F, T>(body: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let caller = Location::caller();
    let scope = Scope {
        started: RefCell::new(Vec::new()),
        marker: PhantomData,
    };
    let result = catch_unwind(AssertUnwindSafe(|| body(&scope)));
    let mut panicked = false;
    let mut next = 0;
    loop {
        let quiet = interleave::runtime::Quiet::new();
        let thread = scope.started.borrow().get(next).copied();
        drop(quiet);
        let Some(thread) = thread else { break };
        next += 1;
        if !engine::was_joined(thread) {
            engine::join(thread, caller);
            panicked |= engine::threw(thread);
        }
    }
    match result {
        Err(payload) => pass_on(payload),
        Ok(_) if panicked => panic!("a scoped thread panicked"),
        Ok(value) => value,
    }
}

fn pass_on(payload: Payload) -> ! {
    resume_unwind(payload)
}
