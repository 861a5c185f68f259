//! Watching a file: it is checked again whenever it is saved.

use std::io::Read;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, SystemTime};

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The file was saved.
    Saved,
    /// A key was typed, or a line; the Enter key is an empty one.
    Typed(String),
    /// The input has ended.
    Ended,
}

/// Keys, on a terminal: each is there at once. Elsewhere lines.
pub struct Keys {
    typed: Receiver<String>,
    /// The terminal as it was.
    before: Option<libc::termios>,
}

impl Keys {
    /// Reads them, on a thread of their own.
    pub fn read() -> Keys {
        let before = at_once();
        let (send, typed) = channel();
        std::thread::spawn(move || match &before {
            Some(before) => {
                for key in std::io::stdin().lock().bytes() {
                    let text = match key {
                        Ok(INTERRUPT) => {
                            restore(before);
                            std::process::exit(130)
                        }
                        Ok(b'\n' | b'\r') => String::new(),
                        Ok(key) => char::from(key).to_string(),
                        Err(_) => return,
                    };
                    if send.send(text).is_err() {
                        return;
                    }
                }
            }
            None => {
                for line in std::io::stdin().lines() {
                    let Ok(line) = line else { return };
                    if send.send(line.trim().to_owned()).is_err() {
                        return;
                    }
                }
            }
        });
        Keys { typed, before }
    }

    /// Waits until the file is saved after `since`, or something is typed.
    pub fn wait(&self, path: &Path, since: Option<SystemTime>) -> Event {
        loop {
            match self.typed.recv_timeout(Duration::from_millis(200)) {
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
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            restore(before);
        }
    }
}

/// What Ctrl-C sends. The signal would end the program before the terminal is as it was.
const INTERRUPT: u8 = 3;

/// Has the terminal pass keys on at once; how it was before. None: there is no terminal.
fn at_once() -> Option<libc::termios> {
    // SAFETY: filled in by the system.
    let before = unsafe {
        let mut settings = std::mem::zeroed();
        (libc::tcgetattr(0, &mut settings) == 0).then_some(settings)
    }?;
    let mut now = before;
    now.c_lflag &= !(libc::ICANON | libc::ECHO | libc::ISIG);
    // SAFETY: settings that are valid but for these flags.
    (unsafe { libc::tcsetattr(0, libc::TCSANOW, &now) } == 0).then_some(before)
}

fn restore(before: &libc::termios) {
    // SAFETY: settings that the terminal has had.
    unsafe { libc::tcsetattr(0, libc::TCSANOW, before) };
}

/// When the file was saved last; none where it is not there just now, as while an editor saves.
pub fn saved(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|m| m.modified()).ok()
}
