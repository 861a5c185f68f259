//! A kernel whose Jupyter has died without a word ends too.

use std::time::Duration;

/// How often to look.
const INTERVAL: Duration = Duration::from_secs(1);

/// Waits until the process that started this one is gone. Jupyter says who that is in
/// `JPY_PARENT_PID`; without it, or where another program stands between, waits for ever.
pub async fn orphaned() {
    let parent = std::env::var("JPY_PARENT_PID");
    let parent = parent.ok().and_then(|pid| pid.parse().ok());
    // SAFETY: cannot fail and has no arguments.
    let getppid = || unsafe { libc::getppid() };
    if parent != Some(getppid()) {
        std::future::pending::<()>().await;
    }
    let mut interval = tokio::time::interval(INTERVAL);
    while parent == Some(getppid()) {
        interval.tick().await;
    }
}
