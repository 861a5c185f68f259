//! Getting ready in the background: the parts, the build service, and then, which takes seconds,
//! evcxr.

use crate::ending::failure;
use crate::engine::Engine;
use crate::parts::Parts;
use crate::service::{FOLDER, Service, sweep};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;
use tandem_cell::CellError;

/// Locks; what a panic has left behind is used as it is.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}

/// Why nothing can run.
pub fn cannot_start(error: impl std::fmt::Display) -> CellError {
    failure("StartError", error.to_string())
}

/// What is made in the background.
pub struct Ready {
    pub engine: Mutex<Engine>,
    pub service: Arc<Service>,
}

/// Filled once by the thread that starts everything.
#[derive(Default)]
pub struct Startup {
    ready: Mutex<Option<Result<Arc<Ready>, CellError>>>,
    changed: Condvar,
    base: Mutex<Option<tempfile::TempDir>>,
    early: Mutex<Option<Arc<Service>>>,
    waiting: AtomicUsize,
    /// Everything has been made, or will not be.
    over: AtomicBool,
}

impl Startup {
    /// Starts to get ready, on threads of its own; returns at once.
    ///
    /// # Errors
    /// Where no temporary folder can be made.
    pub fn begin(data: &Path) -> std::io::Result<Arc<Startup>> {
        let startup = Arc::new(Startup::default());
        let base = tempfile::Builder::new().prefix(FOLDER).tempdir()?;
        let (own, data, folder) = (startup.clone(), data.to_owned(), base.path().to_owned());
        *lock(&startup.base) = Some(base);
        std::thread::spawn(move || {
            let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let parts = Parts::find(&data, &[], &mut |_| {}).map_err(cannot_start)?;
                let service = Service::start(&folder, parts).map_err(cannot_start)?;
                *lock(&own.early) = Some(service.clone());
                own.changed.notify_all();
                service.get_ready();
                let engine = Engine::new(service.clone()).map_err(cannot_start)?;
                Ok(Arc::new(Ready {
                    engine: Mutex::new(engine),
                    service,
                }))
            }));
            own.set(
                made.unwrap_or_else(|_| Err(failure("StartError", "evcxr panicked at its start"))),
            );
            // A cell that waits goes first; else the first `let` is made ready for.
            if own.waiting.load(Ordering::SeqCst) == 0
                && let Some(ready) = own.now()
            {
                lock(&ready.engine).warm_up();
            }
            sweep();
            own.over.store(true, Ordering::SeqCst);
        });
        Ok(startup)
    }

    /// Whether nothing is being made any more.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Waits like [`Startup::wait`], and keeps the warming up away meanwhile.
    pub fn wait_first(&self) -> Result<Arc<Ready>, CellError> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let ready = self.wait();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        ready
    }

    /// Waits until evcxr is ready, or has failed to be.
    pub fn wait(&self) -> Result<Arc<Ready>, CellError> {
        let mut ready = self.ready.lock().unwrap_or_else(|e| e.into_inner());
        loop {
            if let Some(result) = &*ready {
                return result.clone();
            }
            ready = self.changed.wait(ready).unwrap_or_else(|e| e.into_inner());
        }
    }

    /// The engine, if it is ready.
    pub fn now(&self) -> Option<Arc<Ready>> {
        let ready = self.ready.lock().unwrap_or_else(|e| e.into_inner());
        ready.as_ref()?.as_ref().ok().cloned()
    }

    /// The service, if it is there.
    pub fn early(&self) -> Option<Arc<Service>> {
        lock(&self.early).clone()
    }

    fn set(&self, result: Result<Arc<Ready>, CellError>) {
        *self.ready.lock().unwrap_or_else(|e| e.into_inner()) = Some(result);
        self.changed.notify_all();
    }

    /// Waits for the service, which is there long before evcxr is.
    pub fn service(&self) -> Option<Arc<Service>> {
        let mut early = self.early.lock().unwrap_or_else(|e| e.into_inner());
        loop {
            if early.is_some() {
                return early.clone();
            }
            if self
                .ready
                .lock()
                .unwrap_or_else(|e| e.into_inner())
                .is_some()
            {
                return None;
            }
            early = self
                .changed
                .wait_timeout(early, Duration::from_millis(20))
                .unwrap_or_else(|e| e.into_inner())
                .0;
        }
    }
}
