//! Watching a file: it is checked again whenever it is saved.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, SystemTime};

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The file was saved.
    Saved,
    /// A line was typed.
    Typed(String),
    /// The input has ended.
    Ended,
}

/// Lines typed by the user, read on a thread of their own.
pub fn keys() -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            let Ok(line) = line else { return };
            if send.send(line.trim().to_owned()).is_err() {
                return;
            }
        }
    });
    receive
}

/// When the file was saved last; none where it is not there just now, as while an editor saves.
pub fn saved(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|m| m.modified()).ok()
}

/// Waits until the file is saved after `since`, or a line is typed.
pub fn wait(path: &Path, since: Option<SystemTime>, keys: &Receiver<String>) -> Event {
    loop {
        match keys.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => return Event::Typed(line),
            Err(RecvTimeoutError::Disconnected) => return Event::Ended,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(now) = saved(path)
            && Some(now) != since
        {
            return Event::Saved;
        }
    }
}
