//! Ctrl-C, and being asked to end: what was started is ended first, and temporary folders are removed.

use super::{session, watch};
use std::process::{Child, Command};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::{Duration, Instant};

static ENDING: AtomicBool = AtomicBool::new(false);

/// What else has to be done at the end.
static LAST: Mutex<Option<fn()>> = Mutex::new(None);

/// How long what was started may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(5);

/// Where the signal handler says which signal it was.
static SAY: AtomicI32 = AtomicI32::new(-1);

/// Takes care of signals from here on.
pub fn handle() {
    let mut ends = [0; 2];
    // SAFETY: fills in two descriptors.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return;
    }
    SAY.store(ends[1], Ordering::SeqCst);
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: filled in by the call, and a handler that writes to a pipe only. What is started has
        // none of it: a handler ends where another program begins.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &mut action);
            // As under `nohup`.
            if action.sa_sigaction == libc::SIG_IGN {
                continue;
            }
            action.sa_sigaction = told as *const () as usize;
            action.sa_flags = libc::SA_RESTART;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
    std::thread::spawn(move || {
        let mut signal = 0u8;
        loop {
            // SAFETY: one byte, into a byte.
            match unsafe { libc::read(ends[0], (&raw mut signal).cast(), 1) } {
                1 => end(signal.into()),
                0 => return,
                _ => {}
            }
        }
    });
}

extern "C" fn told(signal: i32) {
    let signal = signal as u8;
    // SAFETY: one byte; allowed in a handler.
    unsafe { libc::write(SAY.load(Ordering::SeqCst), (&raw const signal).cast(), 1) };
}

/// Has `last` called before the program is ended by a signal: a terminal must be as it was.
pub fn at_end(last: fn()) {
    if let Ok(mut place) = LAST.lock() {
        *place = Some(last);
    }
}

/// Ends the program as the signal would.
pub fn end(signal: i32) -> ! {
    ENDING.store(true, Ordering::SeqCst);
    // What was just being started is there now, and nothing more is.
    drop(STARTING.lock());
    if let Some(last) = LAST.lock().ok().and_then(|mut last| last.take()) {
        last();
    }
    end_children();
    session::remove();
    // SAFETY: the signal's own effect is wanted.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
        libc::_exit(128 + signal)
    }
}

/// Ends all processes that this one has started, and waits until they are gone.
fn end_children() {
    let started = Instant::now();
    let mut asked = Vec::new();
    loop {
        let left = watch::running_children();
        if left.is_empty() || started.elapsed() > 2 * GRACE {
            return;
        }
        for process in left {
            let signal = if started.elapsed() > GRACE {
                libc::SIGKILL
            } else if asked.contains(&process) {
                continue;
            } else {
                asked.push(process);
                libc::SIGTERM
            };
            // SAFETY: a child that nobody has waited for.
            unsafe { libc::kill(process as i32, signal) };
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Held while something is started.
static STARTING: Mutex<()> = Mutex::new(());

/// Starts a process, unless the program is ending.
///
/// # Errors
///
/// It cannot be started.
pub fn start(command: &mut Command) -> std::io::Result<Child> {
    let starting = STARTING.lock();
    if ENDING.load(Ordering::SeqCst) {
        drop(starting);
        settle();
    }
    command.spawn()
}

/// Goes no further when the program is ending: what was started is being ended then, and says nothing
/// about a submission.
pub fn settle() {
    while ENDING.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_secs(1));
    }
}
