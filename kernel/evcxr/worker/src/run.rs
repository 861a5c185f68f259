//! Loads compiled cells and runs them, with a checkpoint before each.
//!
//! ```text
//! kernel            worker                        checkpoint
//!   run cell  ---->  fork  ---------------------->  sleeps
//!   <---- {"type":"checkpoint","pid":..}
//!                    runs the cell
//!   <---- {"type":"done","status":0}
//!   SIGKILL  ------------------------------------->  ends
//! or, where the cell panicked, crashed or was stopped:
//!   SIGKILL ------>  ends
//!   SIGUSR1  ------------------------------------->  wakes: it is the worker now,
//!   <---- {"type":"restored"} ----------------------  with everything as it was
//! ```

use crate::hooks;
use serde_json::{Value, json};
use std::ffi::{CStr, CString, c_char, c_void};
use std::io::{BufRead, BufReader, Read};
use std::os::fd::{FromRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use tandem_cell::CellId;

/// Descriptors that the kernel hands to the worker.
const CONTROL: RawFd = 3;
const FRAMES: RawFd = 4;

static WOKEN: AtomicBool = AtomicBool::new(false);

extern "C" fn wake(_: i32) {
    WOKEN.store(true, Ordering::SeqCst);
}

/// Serves the kernel until it closes the control socket.
pub fn main() -> ! {
    // SAFETY: plain system calls; the descriptors are this process's own.
    unsafe {
        libc::fcntl(CONTROL, libc::F_SETFD, libc::FD_CLOEXEC);
        libc::fcntl(FRAMES, libc::F_SETFD, libc::FD_CLOEXEC);
        let handler = wake as extern "C" fn(i32);
        libc::signal(libc::SIGUSR1, handler as libc::sighandler_t);
        // Ctrl-C in a terminal is the kernel's to handle.
        libc::signal(libc::SIGINT, libc::SIG_IGN);
    }
    hooks::install(FRAMES, CONTROL);
    // SAFETY: the kernel's end of a socket pair, owned here from now on.
    let control = unsafe { UnixStream::from_raw_fd(CONTROL) };
    // One byte at a time would be slow, but a buffer must not run ahead into the answers to
    // input requests: the kernel sends a command only when the one before is done.
    let mut commands = BufReader::new(ByLine(control));
    let mut store = std::ptr::null_mut();
    let mut line = String::new();
    loop {
        line.clear();
        if commands.read_line(&mut line).unwrap_or(0) == 0 {
            end_all();
        }
        let command: Value = serde_json::from_str(&line).unwrap_or_default();
        match command["type"].as_str() {
            Some("load") => load_library(&command),
            Some("run") => run(&command, &mut store),
            _ => hooks::message(br#"{"type":"unknown command"}"#),
        }
    }
}

/// The kernel is gone: ends this process group, which is the worker, its copies, one of which may run
/// a cell without an end, and what cells have started. No destructors of cells' thread-locals run:
/// their code may be gone.
fn end_all() -> ! {
    // SAFETY: plain system calls.
    unsafe {
        libc::kill(0, libc::SIGKILL);
        libc::_exit(0)
    }
}

/// Reads a socket no further than one line, so that nothing is buffered that somebody else
/// (a cell that asks for input) is to read.
struct ByLine(UnixStream);

impl Read for ByLine {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut taken = 0;
        while taken < buffer.len() {
            match self.0.read(&mut buffer[taken..=taken])? {
                0 => break,
                _ => taken += 1,
            }
            if buffer[taken - 1] == b'\n' {
                break;
            }
        }
        Ok(taken)
    }
}

fn dlerror() -> String {
    // SAFETY: dlerror answers null or a valid string.
    unsafe {
        let text = libc::dlerror();
        match text.is_null() {
            true => String::new(),
            false => CStr::from_ptr(text).to_string_lossy().into_owned(),
        }
    }
}

fn open(path: &str) -> Result<*mut c_void, String> {
    let path = CString::new(path).map_err(|error| error.to_string())?;
    // Global, so that a `static` of an earlier cell is the one that later cells use.
    // SAFETY: loading runs the library's initialisers, which is what the user asked for.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    match handle.is_null() {
        true => Err(dlerror()),
        false => Ok(handle),
    }
}

fn load_library(command: &Value) {
    let answer = match open(command["path"].as_str().unwrap_or_default()) {
        Ok(_) => json!({"type": "loaded"}),
        Err(error) => json!({"type": "loaded", "error": error}),
    };
    hooks::message(answer.to_string().as_bytes());
}

type Entry = unsafe extern "C" fn(*mut *mut c_void) -> i32;

fn run(command: &Value, store: &mut *mut c_void) {
    hooks::forget_input();
    hooks::enter(CellId(command["cell"].as_u64().unwrap_or(0)));
    reap();
    // SAFETY: the child continues as a copy of this thread alone; it makes system calls until
    // it takes over.
    let checkpoint = unsafe { libc::fork() };
    if checkpoint == 0 {
        sleep_until_needed();
        // SAFETY: the cell library offers this function once it is loaded.
        unsafe {
            let restored = libc::dlsym(libc::RTLD_DEFAULT, c"tandem_restored".as_ptr());
            if !restored.is_null() {
                std::mem::transmute::<*mut c_void, extern "C" fn()>(restored)();
            }
        }
        hooks::message(br#"{"type":"restored"}"#);
        return;
    }
    CHECKPOINT.store(checkpoint, Ordering::Relaxed);
    hooks::message(
        json!({"type": "checkpoint", "pid": checkpoint})
            .to_string()
            .as_bytes(),
    );
    let path = command["path"].as_str().unwrap_or_default();
    let name = CString::new(command["entry"].as_str().unwrap_or_default()).unwrap_or_default();
    let handle = match open(path) {
        Ok(handle) => handle,
        Err(error) => {
            hooks::message(
                json!({"type": "done", "status": 3, "error": error})
                    .to_string()
                    .as_bytes(),
            );
            return;
        }
    };
    // SAFETY: `handle` was just opened.
    let entry = unsafe { libc::dlsym(handle, name.as_ptr() as *const c_char) };
    if entry.is_null() {
        let error = json!({"type": "done", "status": 3, "error": dlerror()});
        hooks::message(error.to_string().as_bytes());
        return;
    }
    // SAFETY: the build service gives every entry this type.
    let entry: Entry = unsafe { std::mem::transmute(entry) };
    let times = command["repeat"].as_u64().unwrap_or(1);
    let mut status = 0;
    for _ in 0..times {
        hooks::message(
            json!({"type": "started", "pid": std::process::id()})
                .to_string()
                .as_bytes(),
        );
        if command["wait"] == true {
            wait_for_go();
        }
        // SAFETY: generated code; `store` is what the entries before have left.
        status = unsafe { entry(store) };
        hooks::message(br#"{"type":"ended"}"#);
        if status != 0 {
            break;
        }
    }
    hooks::message(
        json!({"type": "done", "status": status})
            .to_string()
            .as_bytes(),
    );
}

/// Waits until the kernel has attached its recorder: one line on the control socket.
fn wait_for_go() {
    let mut byte = 0u8;
    // SAFETY: one byte of room.
    while unsafe { libc::syscall(libc::SYS_read, CONTROL, &raw mut byte, 1) } == 1 && byte != b'\n'
    {
    }
}

/// The checkpoint of the cell before, which the kernel has ended.
static CHECKPOINT: AtomicI32 = AtomicI32::new(0);

/// Collects that checkpoint; children that the user's code started are left to it.
fn reap() {
    let ended = CHECKPOINT.swap(0, Ordering::Relaxed);
    if ended > 0 {
        // SAFETY: plain system call.
        unsafe { libc::waitpid(ended, std::ptr::null_mut(), libc::WNOHANG) };
    }
}

/// Sleeps until SIGUSR1 says that this copy takes over, or the kernel is gone.
fn sleep_until_needed() {
    let mut poll = libc::pollfd {
        fd: CONTROL,
        events: 0,
        revents: 0,
    };
    while !WOKEN.swap(false, Ordering::SeqCst) {
        // SAFETY: one valid pollfd. The time limit covers a signal that arrives just before.
        let ready = unsafe { libc::poll(&mut poll, 1, 200) };
        if ready > 0 && poll.revents & (libc::POLLHUP | libc::POLLERR) != 0 {
            end_all();
        }
    }
}
