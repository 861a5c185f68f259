//! Threads.

mod local;
mod scope;

pub use ::std::thread::{Result, panicking};
#[doc(hidden)]
pub use local::drop_all as drop_locals;
pub use local::{__Key, AccessError, LocalKey};
pub use scope::{Scope, ScopedJoinHandle, scope};

use crate::shared::Shared;
use crate::time::Duration;
use ::std::any::Any;
use ::std::cell::UnsafeCell;
use ::std::num::NonZeroUsize;
use ::std::panic::{AssertUnwindSafe, Location, catch_unwind};
use ::std::sync::Arc;
use interleave::run;
use interleave::sync as engine;

/// A thread's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadId(usize);

/// A handle to a thread.
#[derive(Clone, Debug)]
pub struct Thread {
    id: usize,
    name: Option<Arc<str>>,
}

impl Thread {
    /// Its identity.
    pub fn id(&self) -> ThreadId {
        ThreadId(self.id)
    }
    /// Its name.
    pub fn name(&self) -> Option<&str> {
        if self.id == 0 {
            Some("main")
        } else {
            self.name.as_deref()
        }
    }
    /// Lets the thread's `park` return.
    #[track_caller]
    pub fn unpark(&self) {
        engine::unpark(self.id, Location::caller());
    }
}

/// The running thread.
pub fn current() -> Thread {
    let id = engine::me();
    let name = engine::name_of(id);
    Thread {
        id,
        name: name.map(Arc::from),
    }
}

/// Waits for `unpark`.
#[track_caller]
pub fn park() {
    engine::park(None, Location::caller());
}

/// Waits for `unpark`, or the time.
#[track_caller]
pub fn park_timeout(duration: Duration) {
    engine::park(Some(deadline(duration)), Location::caller());
}

/// Waits for `unpark`, or the time.
#[track_caller]
pub fn park_timeout_ms(milliseconds: u32) {
    park_timeout(Duration::from_millis(u64::from(milliseconds)));
}

/// When a wait of this length that starts now ends.
pub(crate) fn deadline(duration: Duration) -> u64 {
    engine::clock().saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4))
}

/// Gives way.
#[track_caller]
pub fn yield_now() {
    engine::yield_now("yields", Location::caller());
}

/// Sleeps: others may run meanwhile, or not.
#[track_caller]
pub fn sleep(duration: Duration) {
    engine::sleep(
        u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4),
        Location::caller(),
    );
}

/// Sleeps until a moment.
#[track_caller]
pub fn sleep_until(moment: crate::time::Instant) {
    sleep(moment.saturating_duration_since(crate::time::Instant::now()));
}

/// Sleeps.
#[track_caller]
pub fn sleep_ms(milliseconds: u32) {
    sleep(Duration::from_millis(u64::from(milliseconds)));
}

/// How many threads can run at once, in the model.
pub fn available_parallelism() -> crate::io::Result<NonZeroUsize> {
    Ok(NonZeroUsize::new(engine::parallelism()).unwrap_or(NonZeroUsize::MIN))
}

/// What a thread leaves behind.
struct Packet<T>(UnsafeCell<Option<Result<T>>>);
// SAFETY: written before the thread's end, read after it.
unsafe impl<T: Send> Sync for Packet<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Packet<T> {}

/// A handle to wait for a thread with.
pub struct JoinHandle<T> {
    thread: Thread,
    packet: Shared<Packet<T>>,
}

// SAFETY: as the real one.
unsafe impl<T> Send for JoinHandle<T> {}
// SAFETY: as the real one.
unsafe impl<T> Sync for JoinHandle<T> {}

impl<T> ::std::fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

impl<T> JoinHandle<T> {
    /// Waits for the thread's end.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        engine::join(self.thread.id, Location::caller());
        let _quiet = interleave::runtime::Quiet::new();
        // SAFETY: the thread has ended.
        let result = unsafe { (*self.packet.0.get()).take() };
        result.unwrap_or_else(|| Err(Box::new("the thread left nothing")))
    }
    /// The thread.
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
    /// The thread's number, where libraries ask for the system's handle.
    #[doc(hidden)]
    pub fn as_pthread_t(&self) -> ::std::ffi::c_ulong {
        self.thread.id as ::std::ffi::c_ulong
    }
    #[doc(hidden)]
    pub fn into_pthread_t(self) -> ::std::ffi::c_ulong {
        self.as_pthread_t()
    }
    /// Whether it has ended.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        engine::is_finished(self.thread.id, Location::caller())
    }
}

/// Sets a thread up.
#[derive(Debug, Default)]
pub struct Builder {
    name: Option<String>,
}

impl Builder {
    /// Nothing is set.
    pub fn new() -> Self {
        Builder { name: None }
    }
    /// Names the thread.
    pub fn name(mut self, name: String) -> Self {
        self.name = Some(name);
        self
    }
    /// All stacks of the model are of the same size.
    pub fn stack_size(self, _size: usize) -> Self {
        self
    }
    /// Starts the thread.
    #[track_caller]
    pub fn spawn<F, T>(self, body: F) -> crate::io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // SAFETY: nothing borrowed.
        Ok(unsafe { start(self.name, body, Location::caller()) })
    }
    /// Starts the thread.
    ///
    /// # Safety
    ///
    /// As for the real one.
    #[track_caller]
    pub unsafe fn spawn_unchecked<F, T>(self, body: F) -> crate::io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        // SAFETY: the caller's.
        Ok(unsafe { start(self.name, body, Location::caller()) })
    }
    /// Starts a thread of a scope.
    #[track_caller]
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope Scope<'scope, 'env>,
        body: F,
    ) -> crate::io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        Ok(scope.start(self.name, body, Location::caller()))
    }
}

/// Starts a thread.
#[track_caller]
pub fn spawn<F, T>(body: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    // SAFETY: nothing borrowed.
    unsafe { start(None, body, Location::caller()) }
}

/// Starts a thread that may borrow.
///
/// # Safety
///
/// What it borrows must outlive it.
unsafe fn start<F, T>(name: Option<String>, body: F, caller: engine::Caller) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let packet = Shared::new(Packet(UnsafeCell::new(None)));
    let theirs = packet.clone();
    let quiet = interleave::runtime::Quiet::new();
    let shared = name.as_deref().map(Arc::from);
    drop(quiet);
    let body = move || {
        let result = catch_unwind(AssertUnwindSafe(body));
        match &result {
            Ok(_) => run::caught(),
            Err(payload) => run::uncaught(payload.as_ref()),
        }
        local::drop_all();
        let quiet = interleave::runtime::Quiet::new();
        // SAFETY: nobody reads before this thread has ended.
        unsafe { *theirs.0.get() = Some(result) };
        drop(quiet);
    };
    let body: Box<dyn FnOnce() + '_> = Box::new(body);
    // SAFETY: the caller vouches for what it borrows.
    let body: Box<dyn FnOnce() + 'static> = unsafe { ::std::mem::transmute(body) };
    // Threads of libraries may outlive the check: their pools do.
    let daemon = caller.file().starts_with('/');
    let id = run::spawn(name, daemon, body, caller);
    JoinHandle {
        thread: Thread { id, name: shared },
        packet,
    }
}

/// The payload of a panic that is passed on.
pub(crate) type Payload = Box<dyn Any + Send + 'static>;
