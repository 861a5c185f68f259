//! Replacements for three C functions, found by the cells' libraries before those of libc.
//!
//! - `write` and `writev` to descriptors 1 and 2 become frames: exact order, exact bytes, and the cell
//!   that the writing thread belongs to.
//! - `read` from descriptor 0 asks the kernel for a line.
//! - `pthread_create` lets a thread inherit the cell of the thread that starts it.

use std::cell::{Cell as StdCell, RefCell};
use std::ffi::{c_int, c_void};
use std::os::fd::RawFd;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};
use tandem_cell::CellId;
use tandem_cell::frame::{self, Kind};

static FRAMES: AtomicI32 = AtomicI32::new(-1);
static CONTROL: AtomicI32 = AtomicI32::new(-1);
/// Rest of a line of input that a reader with a small buffer has not taken yet.
static INPUT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

thread_local! {
    static CELL: StdCell<u64> = const { StdCell::new(0) };
    /// What this thread prints while a value shows itself.
    static SHOWN: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Sets where frames go and where input is asked for; before that, nothing is replaced.
pub fn install(frames: RawFd, control: RawFd) {
    CONTROL.store(control, Ordering::Relaxed);
    FRAMES.store(frames, Ordering::Release);
}

/// From now on this thread, and the threads it starts, belong to `cell`.
pub fn enter(cell: CellId) {
    CELL.with(|own| own.set(cell.0));
}

/// Forgets input that a cell has left unread.
pub fn forget_input() {
    INPUT.lock().unwrap_or_else(|e| e.into_inner()).clear();
}

fn cell() -> CellId {
    CellId(CELL.try_with(StdCell::get).unwrap_or(0))
}

/// Sends a message of the calling thread's cell to the kernel.
pub fn message(text: &[u8]) {
    let _ = frame::write(FRAMES.load(Ordering::Acquire), Kind::Message, cell(), text);
}

/// Called by the cell runtime, which finds it by name.
#[unsafe(no_mangle)]
unsafe extern "C" fn tandem_message(text: *const u8, length: usize) {
    // SAFETY: the cell runtime hands over a valid slice.
    message(unsafe { std::slice::from_raw_parts(text, length) });
}

/// Called by the cell runtime: what this thread prints from here on is kept for it.
#[unsafe(no_mangle)]
extern "C" fn tandem_collect() {
    SHOWN.with(|shown| *shown.borrow_mut() = Some(Vec::new()));
}

/// Called by the cell runtime: hands over what was kept, and ends that.
#[unsafe(no_mangle)]
unsafe extern "C" fn tandem_collected(
    take: unsafe extern "C" fn(*mut c_void, *const u8, usize),
    context: *mut c_void,
) {
    let shown = SHOWN.with(|shown| shown.borrow_mut().take());
    let shown = shown.unwrap_or_default();
    // SAFETY: the runtime's own function, with the context that it gave.
    unsafe { take(context, shown.as_ptr(), shown.len()) }
}

/// Whether the bytes were kept for the cell runtime.
fn kept(kind: Kind, bytes: &[u8]) -> bool {
    let keep = |shown: &RefCell<Option<Vec<u8>>>| match (&mut *shown.borrow_mut(), kind) {
        (Some(shown), Kind::Stdout) => {
            shown.extend_from_slice(bytes);
            true
        }
        _ => false,
    };
    SHOWN.try_with(keep).unwrap_or(false)
}

fn stream(fd: c_int) -> Option<Kind> {
    if FRAMES.load(Ordering::Acquire) < 0 {
        return None;
    }
    match fd {
        1 => Some(Kind::Stdout),
        2 => Some(Kind::Stderr),
        _ => None,
    }
}

fn framed(kind: Kind, bytes: &[u8]) -> isize {
    if kept(kind, bytes) {
        return bytes.len() as isize;
    }
    match frame::write(FRAMES.load(Ordering::Acquire), kind, cell(), bytes) {
        Ok(()) => bytes.len() as isize,
        Err(_) => -1,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn write(fd: c_int, bytes: *const c_void, length: usize) -> isize {
    match stream(fd) {
        // SAFETY: the caller of `write` promises a valid buffer.
        Some(kind) => framed(kind, unsafe {
            std::slice::from_raw_parts(bytes.cast(), length)
        }),
        // SAFETY: passed on as it came.
        None => unsafe { libc::syscall(libc::SYS_write, fd, bytes, length) as isize },
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn writev(fd: c_int, parts: *const libc::iovec, count: c_int) -> isize {
    let Some(kind) = stream(fd) else {
        // SAFETY: passed on as it came.
        return unsafe { libc::syscall(libc::SYS_writev, fd, parts, count) as isize };
    };
    // SAFETY: the caller of `writev` promises `count` valid parts.
    let joined: Vec<u8> = unsafe {
        std::slice::from_raw_parts(parts, count as usize)
            .iter()
            .flat_map(|part| std::slice::from_raw_parts(part.iov_base.cast::<u8>(), part.iov_len))
            .copied()
            .collect()
    };
    framed(kind, &joined)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn read(fd: c_int, buffer: *mut c_void, length: usize) -> isize {
    if fd != 0 || FRAMES.load(Ordering::Acquire) < 0 {
        // SAFETY: passed on as it came.
        return unsafe { libc::syscall(libc::SYS_read, fd, buffer, length) as isize };
    }
    let mut input = INPUT.lock().unwrap_or_else(|e| e.into_inner());
    if input.is_empty() {
        message(br#"{"type":"input"}"#);
        match read_answer() {
            Some(line) => *input = line,
            None => return 0,
        }
    }
    let taken = length.min(input.len());
    // SAFETY: the caller of `read` promises room for `length` bytes.
    unsafe { std::ptr::copy_nonoverlapping(input.as_ptr(), buffer.cast(), taken) };
    input.drain(..taken);
    taken as isize
}

/// Waits for `{"input": "line"}` on the control socket; `null` is the end of input.
fn read_answer() -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let mut byte = 0u8;
    loop {
        let control = CONTROL.load(Ordering::Relaxed);
        // SAFETY: one byte of room.
        let got = unsafe { libc::syscall(libc::SYS_read, control, &raw mut byte, 1) };
        match got {
            1 if byte == b'\n' => break,
            1 => text.push(byte),
            _ => return None,
        }
    }
    let answer: serde_json::Value = serde_json::from_slice(&text).ok()?;
    Some(format!("{}\n", answer["input"].as_str()?).into_bytes())
}

type Start = unsafe extern "C" fn(*mut c_void) -> *mut c_void;
type Create = unsafe extern "C" fn(
    *mut libc::pthread_t,
    *const libc::pthread_attr_t,
    Start,
    *mut c_void,
) -> c_int;

struct Begin {
    cell: u64,
    start: Start,
    argument: *mut c_void,
}

unsafe extern "C" fn begin(argument: *mut c_void) -> *mut c_void {
    // SAFETY: made by `pthread_create` below, and handed over to this thread alone.
    let begin = unsafe { Box::from_raw(argument.cast::<Begin>()) };
    enter(CellId(begin.cell));
    // SAFETY: what the caller of `pthread_create` asked for.
    unsafe { (begin.start)(begin.argument) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    thread: *mut libc::pthread_t,
    attributes: *const libc::pthread_attr_t,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    let begin_with = Box::into_raw(Box::new(Begin {
        cell: cell().0,
        start,
        argument,
    }));
    // SAFETY: the next `pthread_create` in search order is libc's own, of this type.
    unsafe {
        let real = libc::dlsym(libc::RTLD_NEXT, c"pthread_create".as_ptr());
        let real: Create = std::mem::transmute(real);
        let status = real(thread, attributes, begin, begin_with.cast());
        if status != 0 {
            drop(Box::from_raw(begin_with));
        }
        status
    }
}
