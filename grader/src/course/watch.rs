//! Watching a file: what is typed, and when the file is saved.

use crate::sandbox::interrupt;
use std::io::Read;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, SystemTime};

/// What was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A letter; of a line, the first one.
    Letter(char),
    /// The Enter key, or an empty line.
    Enter,
    /// One line up or down.
    Lines(isize),
    /// One page up or down.
    Pages(isize),
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// Ctrl-C.
    Interrupt,
    /// The input has ended.
    Ended,
}

/// Keys, on a terminal: each is there at once. Elsewhere lines.
pub struct Keys(Receiver<Key>);

impl Keys {
    /// Reads them, on a thread of their own.
    pub fn read() -> Keys {
        let at_once = at_once();
        let (send, typed) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 64];
            loop {
                let keys = if at_once {
                    match std::io::stdin().read(&mut bytes) {
                        Ok(1..) => Ok(()),
                        _ => Err(()),
                    }
                    .map(|()| parsed(&bytes))
                } else {
                    let mut line = String::new();
                    match std::io::stdin().read_line(&mut line) {
                        Ok(1..) => Ok(vec![
                            line.trim().chars().next().map_or(Key::Enter, Key::Letter),
                        ]),
                        _ => Err(()),
                    }
                };
                bytes = [0; 64];
                let ended = keys.is_err();
                for key in keys.unwrap_or_else(|()| vec![Key::Ended]) {
                    if send.send(key).is_err() {
                        return;
                    }
                }
                if ended {
                    return;
                }
            }
        });
        Keys(typed)
    }

    /// What is typed next, if it is typed soon.
    pub fn next(&self, soon: Duration) -> Option<Key> {
        match self.0.recv_timeout(soon) {
            Ok(key) => Some(key),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Key::Ended),
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        restore();
    }
}

/// The keys that a terminal says with these bytes, up to the first zero.
fn parsed(bytes: &[u8]) -> Vec<Key> {
    const SEQUENCES: [(&str, Key); 10] = [
        ("[A", Key::Lines(-1)),
        ("[B", Key::Lines(1)),
        ("OA", Key::Lines(-1)),
        ("OB", Key::Lines(1)),
        ("[5~", Key::Pages(-1)),
        ("[6~", Key::Pages(1)),
        ("[H", Key::Home),
        ("[F", Key::End),
        ("[1~", Key::Home),
        ("[4~", Key::End),
    ];
    let text = String::from_utf8_lossy(bytes);
    let mut rest = text.split('\0').next().unwrap_or_default();
    let mut keys = Vec::new();
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        match first {
            '\x1b' => match SEQUENCES.iter().find(|(s, _)| rest.starts_with(s)) {
                Some((sequence, key)) => {
                    rest = &rest[sequence.len()..];
                    keys.push(*key);
                }
                // Of one that is not known, nothing is to be taken for letters.
                None => return keys,
            },
            '\x03' => keys.push(Key::Interrupt),
            '\r' | '\n' => keys.push(Key::Enter),
            letter => keys.push(Key::Letter(letter)),
        }
    }
    keys
}

/// The terminal as it was.
static BEFORE: Mutex<Option<libc::termios>> = Mutex::new(None);

/// Has the terminal pass keys on at once; whether there is one.
fn at_once() -> bool {
    // SAFETY: filled in by the system.
    let before = unsafe {
        let mut settings = std::mem::zeroed();
        (libc::tcgetattr(0, &mut settings) == 0).then_some(settings)
    };
    let Some(before) = before else {
        return false;
    };
    let mut now = before;
    now.c_lflag &= !(libc::ICANON | libc::ECHO | libc::ISIG);
    if let Ok(mut place) = BEFORE.lock() {
        *place = Some(before);
    }
    interrupt::at_end(restore);
    // SAFETY: settings that are valid but for these flags.
    unsafe { libc::tcsetattr(0, libc::TCSANOW, &now) == 0 }
}

/// Whether a screen of our own is shown.
static SHOWN: Mutex<bool> = Mutex::new(false);

/// Shows a screen of our own, until the keys are dropped; what was there before comes back then.
pub fn own_screen() {
    if let Ok(mut shown) = SHOWN.lock() {
        *shown = true;
        say("\x1b[?1049h\x1b[?25l");
    }
}

/// Makes the terminal as it was.
fn restore() {
    if let Ok(mut shown) = SHOWN.lock()
        && std::mem::take(&mut *shown)
    {
        say("\x1b[?25h\x1b[?1049l");
    }
    if let Some(before) = BEFORE.lock().ok().and_then(|mut before| before.take()) {
        // SAFETY: settings that the terminal has had.
        unsafe { libc::tcsetattr(0, libc::TCSANOW, &before) };
    }
}

/// Writes to the terminal, all at once.
pub fn say(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    // A terminal that is gone is noticed by its keys.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// When a file was saved last, and its length; none where it is not there.
pub fn saved(path: &Path) -> Option<(SystemTime, u64)> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart() {
        let typed = b"n\x1b[B\x1b[5~\r\x03\0\0";
        let keys = [
            Key::Letter('n'),
            Key::Lines(1),
            Key::Pages(-1),
            Key::Enter,
            Key::Interrupt,
        ];
        assert_eq!(parsed(typed), keys);
        assert_eq!(parsed(b"\x1b[99qn"), []);
    }
}
