//! Which cell a thread belongs to, and which thread holds the global interpreter lock.
//!
//! The holder is sampled by a native thread that never takes the lock itself. What it reads is
//! the address of a thread state, which is compared with those that the threads have told of
//! themselves, and never followed: a thread that ends meanwhile does no harm.

use crate::host::Host;
use pyo3::ffi;
use pyo3::prelude::*;
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tandem_cell::frame::monotonic_ns;
use tandem_cell::looks::Looks;

/// How often the holder is looked up; Python lets a thread keep the lock for 5 ms.
const SAMPLE: Duration = Duration::from_micros(500);

thread_local! {
    static CELL: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Thread states, by address, and the Linux number of their threads.
static THREADS: Mutex<Option<HashMap<usize, u32>>> = Mutex::new(None);
static READER: OnceLock<Result<Reader, String>> = OnceLock::new();
/// `Thread.start` and `Thread._bootstrap_inner` as the interpreter has them.
static ORIGINALS: OnceLock<[Py<PyAny>; 2]> = OnceLock::new();

/// The cell of a thread that Python code has started; none for others, such as the main thread.
pub fn cell_of_thread() -> Option<u64> {
    CELL.get()
}

/// Lets threads belong to the cell of the thread that starts them, and tell their thread state.
///
/// # Errors
/// Where the interpreter is not as it should be.
pub fn install(py: Python<'_>) -> PyResult<()> {
    register(py);
    let version = py.version_info();
    let _ = READER.set(Reader::find(py, (version.major, version.minor)));
    let thread = py.import("threading")?.getattr("Thread")?;
    let method = py.import("functools")?.getattr("partialmethod")?;
    let names = ["start", "_bootstrap_inner"];
    let originals = [
        thread.getattr(names[0])?.unbind(),
        thread.getattr(names[1])?.unbind(),
    ];
    let _ = ORIGINALS.set(originals);
    thread.setattr(names[0], method.call1((wrap_pyfunction!(start, py)?,))?)?;
    thread.setattr(names[1], method.call1((wrap_pyfunction!(run, py)?,))?)
}

fn original(py: Python<'_>, which: usize) -> Bound<'_, PyAny> {
    ORIGINALS.get().expect("set before it is called")[which]
        .bind(py)
        .clone()
}

/// `Thread.start`, in the cell of the caller.
#[pyfunction]
fn start(py: Python<'_>, thread: &Bound<'_, PyAny>) -> PyResult<()> {
    let host = Host::get();
    let cell = cell_of_thread().unwrap_or(host.cell.load(Ordering::SeqCst));
    thread.setattr("_tandem_cell", cell)?;
    original(py, 0).call1((thread,))?;
    Ok(())
}

/// All that a thread does.
#[pyfunction]
fn run(py: Python<'_>, thread: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Ok(cell) = thread.getattr("_tandem_cell") {
        CELL.set(Some(cell.extract()?));
    }
    // A forked child is not watched, and the table may have been locked when it was copied.
    if !Host::get().is_here() {
        return original(py, 1).call1((thread,)).map(drop);
    }
    let state = register(py);
    let ended = original(py, 1).call1((thread,));
    if let Some(threads) = &mut *threads() {
        threads.remove(&state);
    }
    ended.map(drop)
}

fn threads() -> std::sync::MutexGuard<'static, Option<HashMap<usize, u32>>> {
    THREADS.lock().unwrap_or_else(|e| e.into_inner())
}

/// Tells the thread state of the calling thread.
fn register(_py: Python<'_>) -> usize {
    // SAFETY: the thread is attached to the interpreter.
    let (state, tid) = unsafe {
        let state = ffi::PyThreadState_Get() as usize;
        (state, libc::syscall(libc::SYS_gettid) as u32)
    };
    threads().get_or_insert_default().insert(state, tid);
    state
}

/// Where the holder of the lock can be read.
enum Reader {
    /// Up to 3.11: the thread state that runs, by a function of the interpreter.
    Function(unsafe extern "C" fn() -> *mut ffi::PyThreadState),
    /// From 3.13 on: fields of the interpreter's state, at the offsets that it tells debuggers.
    Fields {
        locked: *const i32,
        holder: *const usize,
    },
}

// SAFETY: the addresses are those of statics of the interpreter, and only read.
unsafe impl Send for Reader {}
unsafe impl Sync for Reader {}

fn symbol(name: &CStr) -> Option<*mut libc::c_void> {
    // SAFETY: looks a name up in this process.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

impl Reader {
    fn find(py: Python<'_>, version: (u8, u8)) -> Result<Reader, String> {
        let sys = py.import("sys").map_err(|error| error.to_string())?;
        let enabled = sys.call_method0("_is_gil_enabled");
        if enabled.is_ok_and(|enabled| !enabled.is_truthy().unwrap_or(true)) {
            return Err("this Python has no global interpreter lock".to_owned());
        }
        let unknown = || {
            format!(
                "Python {}.{} does not show which thread holds its lock",
                version.0, version.1
            )
        };
        match version {
            (3, ..=11) => {
                let function = symbol(c"_PyThreadState_UncheckedGet").ok_or_else(unknown)?;
                // SAFETY: the function has this type in these versions.
                Ok(Reader::Function(unsafe {
                    std::mem::transmute::<
                        *mut libc::c_void,
                        unsafe extern "C" fn() -> *mut ffi::PyThreadState,
                    >(function)
                }))
            }
            (3, 13..=14) => Reader::fields(version).ok_or_else(unknown),
            _ => Err(unknown()),
        }
    }

    /// `_Py_DebugOffsets` of 3.13 and 3.14 is a row of 64-bit numbers at the start of `_PyRuntime`:
    /// cookie, version, free-threaded, three of the runtime, then those of an interpreter's state.
    fn fields(version: (u8, u8)) -> Option<Reader> {
        let offsets = symbol(c"_PyRuntime")?.cast::<u64>();
        let main = symbol(c"PyInterpreterState_Main")?;
        // SAFETY: the cookie and the version say that the table is there; the main interpreter
        // lives as long as the process.
        unsafe {
            let at = |index: usize| offsets.add(index).read();
            let tells =
                at(1) >> 24 == u64::from(version.0) && at(1) >> 16 & 0xff == u64::from(version.1);
            if at(0).to_ne_bytes() != *b"xdebugpy" || !tells {
                return None;
            }
            // 3.14 has one more field, `threads_main`, before.
            let locked = 17 + usize::from(version.1 >= 14);
            let main: extern "C" fn() -> *const u8 = std::mem::transmute(main);
            let state = main();
            Some(Reader::Fields {
                locked: state.add(at(locked) as usize).cast(),
                holder: state.add(at(locked + 1) as usize).cast(),
            })
        }
    }

    /// The address of the thread state that holds the lock; 0 if none does.
    fn holder(&self) -> usize {
        // SAFETY: the function reads one word, and the fields are words of the interpreter; a
        // value that is changing at this moment is one of the two.
        unsafe {
            match self {
                Reader::Function(function) => function() as usize,
                Reader::Fields { locked, holder } if locked.read_volatile() != 0 => {
                    holder.read_volatile()
                }
                Reader::Fields { .. } => 0,
            }
        }
    }
}

/// A run during which the holder is sampled.
pub struct Watched {
    sampler: Option<(Arc<AtomicBool>, std::thread::JoinHandle<Value>)>,
}

impl Watched {
    /// Starts to look.
    pub fn start() -> Watched {
        let Some(Ok(reader)) = READER.get() else {
            return Watched { sampler: None };
        };
        let stop = Arc::new(AtomicBool::new(false));
        let own = stop.clone();
        let sampler = std::thread::Builder::new()
            .name("lock holder".to_owned())
            .spawn(move || sample(reader, &own));
        Watched {
            sampler: sampler.ok().map(|sampler| (stop, sampler)),
        }
    }

    /// Who held it when, and when that is known: `{"sampler": THREAD, "holds": [[THREAD, FROM, TO], …],
    /// "looked": [[FROM, TO], …]}`, times of `CLOCK_MONOTONIC` in nanoseconds; or `{"hidden": WHY}`.
    pub fn finish(self) -> Value {
        let seen = self.sampler.and_then(|(stop, sampler)| {
            stop.store(true, Ordering::Release);
            sampler.join().ok()
        });
        match (seen, READER.get()) {
            (Some(seen), _) => seen,
            (None, Some(Err(why))) => json!({"hidden": why}),
            (None, _) => json!({"hidden": "it could not be watched"}),
        }
    }
}

fn sample(reader: &Reader, stop: &AtomicBool) -> Value {
    // SAFETY: no arguments, cannot fail.
    let own = unsafe { libc::syscall(libc::SYS_gettid) } as u32;
    let mut looks = Looks::every(SAMPLE);
    while !stop.load(Ordering::Acquire) {
        let state = reader.holder();
        let now = monotonic_ns();
        let holder = threads().as_ref().and_then(|t| t.get(&state).copied());
        looks.add(now, holder);
        std::thread::sleep(SAMPLE);
    }
    let seen = looks.finish();
    json!({"sampler": own, "holds": seen.holds, "looked": seen.looked})
}
