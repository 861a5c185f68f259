//! Work that is done beside other work, and given up where nobody needs it any more.

use anyhow::{Context, Result, anyhow};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Work on a thread of its own. Dropped, it is given up, and waited for: what it has started and
/// written must be gone before this program ends.
pub struct Beside<T> {
    thread: Option<JoinHandle<T>>,
    given_up: Arc<AtomicBool>,
}

impl<T: Send + 'static> Beside<T> {
    /// Begins; the work is told when it is given up.
    pub fn start(work: impl FnOnce(&AtomicBool) -> T + Send + 'static) -> Self {
        let given_up = Arc::new(AtomicBool::new(false));
        let told = given_up.clone();
        Beside {
            thread: Some(std::thread::spawn(move || work(&told))),
            given_up,
        }
    }

    /// Waits for what comes of it.
    ///
    /// # Errors
    ///
    /// It panicked.
    pub fn finish(mut self) -> Result<T> {
        let thread = self.thread.take().context("it was started")?;
        thread
            .join()
            .map_err(|_| anyhow!("work beside other work was lost"))
    }
}

impl<T> Drop for Beside<T> {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
