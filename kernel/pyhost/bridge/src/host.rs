//! The host: what the kernel asks for, and who answers it.
//!
//! Requests come as JSON lines on one socket, questions (completion and the like) on another.
//! Everything that happens goes out as frames on one pipe: what is printed, what is shown, and
//! the answers.

use crate::values::{from_json, to_json};
use crate::{cells, comms, display, errors, lock, native, questions, streams};
use pyo3::exceptions::{PyKeyboardInterrupt, PyNameError, PySystemExit, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyModule};
use serde::Deserialize;
use serde_json::{Value, json};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use tandem_cell::CellId;
use tandem_cell::frame::{self, Kind};

static HOST: OnceLock<Host> = OnceLock::new();

/// What the kernel names at the start.
#[derive(Deserialize)]
struct Settings {
    control: RawFd,
    questions: RawFd,
    frames: RawFd,
    /// A file that holds the definitions of the cells, for child processes.
    definitions: String,
}

/// The state of a host: one for each process.
pub struct Host {
    frames: RawFd,
    /// Requests, and answers to what cells ask the user.
    pub control: Connection,
    /// Questions about code.
    pub questions: Connection,
    /// The file with the definitions of the cells.
    pub definitions: String,
    /// The process that serves; a forked child is another one.
    pub pid: u32,
    /// The namespace of the cells: that of `__main__`.
    pub namespace: Py<PyDict>,
    /// The cell that runs, or ran last.
    pub cell: AtomicU64,
    /// Whether the user can be asked now.
    pub allow_stdin: AtomicBool,
    /// Held by whoever waits for an answer of the user.
    pub asking: Mutex<()>,
}

impl Host {
    /// The host of this process.
    ///
    /// # Panics
    /// Before it serves: nothing that is called then needs it.
    pub fn get() -> &'static Host {
        HOST.get().expect("the host is serving")
    }

    /// Writes frames for the cell of the calling thread; other threads of Python run meanwhile.
    ///
    /// # Errors
    /// `OSError` where the kernel is gone.
    pub fn send(&self, py: Python<'_>, kind: Kind, bytes: &[u8]) -> PyResult<()> {
        let cell = CellId(lock::cell_of_thread().unwrap_or(self.cell.load(Ordering::SeqCst)));
        py.detach(|| frame::write(self.frames, kind, cell, bytes))?;
        Ok(())
    }

    /// Sends a message to the kernel.
    ///
    /// # Errors
    /// `OSError` where the kernel is gone.
    pub fn message(&self, py: Python<'_>, message: &Value) -> PyResult<()> {
        self.send(py, Kind::Message, message.to_string().as_bytes())
    }

    /// Whether this process is the one that serves, and not a child that a cell has forked.
    pub fn is_here(&self) -> bool {
        self.pid == std::process::id()
    }
}

/// A socket that carries JSON lines.
pub struct Connection {
    fd: RawFd,
    received: Mutex<Vec<u8>>,
}

impl Connection {
    fn new(fd: RawFd) -> Connection {
        Connection {
            fd,
            received: Mutex::default(),
        }
    }

    /// The next line. The end of the kernel is the end of this process, and of those that cells
    /// have started.
    ///
    /// # Errors
    /// An interrupt; a line that is not JSON. Nothing of a later line is lost.
    pub fn read(&self, py: Python<'_>) -> PyResult<Value> {
        let mut buffer = [0; 1 << 16];
        loop {
            if let Some(line) = self.line() {
                return serde_json::from_slice(&line)
                    .map_err(|error| PyValueError::new_err(error.to_string()));
            }
            let read = py.detach(|| {
                // SAFETY: room for as many bytes as it says.
                unsafe { libc::recv(self.fd, buffer.as_mut_ptr().cast(), buffer.len(), 0) }
            });
            match read {
                1.. => self.bytes().extend_from_slice(&buffer[..read as usize]),
                0 => end(),
                _ if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {
                    py.check_signals()?;
                }
                _ => end(),
            }
        }
    }

    fn bytes(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.received.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn line(&self) -> Option<Vec<u8>> {
        let mut bytes = self.bytes();
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        Some(bytes.drain(..=end).collect())
    }

    /// Sends an answer.
    pub fn write(&self, py: Python<'_>, answer: &Value) {
        let line = format!("{answer}\n");
        py.detach(|| {
            let mut rest = line.as_bytes();
            while !rest.is_empty() {
                // SAFETY: as many bytes as it says.
                let sent = unsafe {
                    libc::send(
                        self.fd,
                        rest.as_ptr().cast(),
                        rest.len(),
                        libc::MSG_NOSIGNAL,
                    )
                };
                match sent {
                    1.. => rest = &rest[sent as usize..],
                    _ if std::io::Error::last_os_error().kind()
                        == std::io::ErrorKind::Interrupted => {}
                    _ => return,
                }
            }
        });
    }
}

/// Ends the process, with everything that cells have started where it leads the group.
fn end() -> ! {
    // SAFETY: plain system calls; nothing of this process is needed any more.
    unsafe {
        if HOST.get().is_some_and(Host::is_here) && libc::getpgrp() == libc::getpid() {
            libc::killpg(libc::getpgrp(), libc::SIGKILL);
        }
        libc::_exit(0)
    }
}

/// Serves the kernel that has started this interpreter, until it ends.
#[pyfunction]
pub fn _serve(py: Python<'_>, settings: &str) -> PyResult<()> {
    let settings: Settings =
        serde_json::from_str(settings).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let main = PyModule::new(py, "__main__")?;
    main.setattr("__builtins__", py.import("builtins")?)?;
    // What a child that is started by spawn or forkserver runs first: definitions only.
    main.setattr("__file__", &settings.definitions)?;
    let sys = py.import("sys")?;
    sys.getattr("modules")?.set_item("__main__", &main)?;
    let host = HOST.get_or_init(|| Host {
        frames: settings.frames,
        control: Connection::new(settings.control),
        questions: Connection::new(settings.questions),
        definitions: settings.definitions,
        pid: std::process::id(),
        namespace: main.dict().unbind(),
        cell: AtomicU64::new(0),
        allow_stdin: AtomicBool::new(false),
        asking: Mutex::new(()),
    });
    streams::install(py)?;
    display::install(py)?;
    errors::install(py)?;
    lock::install(py)?;
    comms::install(py)?;
    let builtins = py.import("builtins")?;
    for name in ["exit", "quit"] {
        builtins.setattr(name, wrap_pyfunction!(exit, py)?)?;
    }
    let environment = py.import("os")?.getattr("environ")?;
    environment.call_method1("setdefault", ("MPLBACKEND", "agg"))?;
    questions::start(py)?;
    let version: String = py
        .import("platform")?
        .call_method0("python_version")?
        .extract()?;
    // Only 3.13 and later have the question.
    let gil = match sys.getattr("_is_gil_enabled") {
        Ok(enabled) => enabled.call0()?.extract()?,
        Err(_) => true,
    };
    let path: String = sys.getattr("executable")?.extract()?;
    host.message(
        py,
        &json!({"type": "ready", "version": version, "gil": gil, "path": path}),
    )?;
    loop {
        match serve_one(py, host) {
            Ok(()) => {}
            // It came when the cell had just ended.
            Err(error) if error.is_instance_of::<PyKeyboardInterrupt>(py) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Raises `SystemExit`, which ends the cell and not the session.
#[pyfunction]
#[pyo3(signature = (code = None))]
fn exit(code: Option<Py<PyAny>>) -> PyResult<()> {
    Err(PySystemExit::new_err(code))
}

fn serve_one(py: Python<'_>, host: &Host) -> PyResult<()> {
    let request = host.control.read(py)?;
    let answer = match request["type"].as_str().unwrap_or_default() {
        "execute" => return cells::execute(py, host, &request),
        "evaluate" | "read" | "define" | "native" | "comm" => answer(py, host, &request),
        // An answer or a start that an interrupted cell no longer waits for.
        _ => return Ok(()),
    };
    let message = match answer {
        Ok(mut answer) => {
            answer["type"] = "answer".into();
            answer
        }
        Err(error) => json!({"type": "answer", "error": errors::describe(py, &error)}),
    };
    host.message(py, &message)
}

/// Answers requests other than cells.
fn answer(py: Python<'_>, host: &Host, request: &Value) -> PyResult<Value> {
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    let namespace = host.namespace.bind(py);
    match text("type") {
        "evaluate" => {
            let value = py
                .import("builtins")?
                .call_method1("eval", (text("code"), namespace))?;
            let (data, metadata) = display::bundle(&value)?;
            Ok(json!({"data": data, "metadata": metadata}))
        }
        "read" => {
            let name = text("name");
            let value = namespace.get_item(name)?.ok_or_else(|| {
                PyNameError::new_err(format!("there is no Python variable `{name}`"))
            })?;
            Ok(json!({"value": to_json(&value, name)?}))
        }
        "define" => {
            namespace.set_item(text("name"), from_json(py, &request["value"])?)?;
            Ok(json!({}))
        }
        "comm" => Ok(json!({"taken": comms::receive(py, host, request)?})),
        _ => {
            let names = request["names"].as_array().into_iter().flatten();
            let names: Vec<&str> = names.filter_map(Value::as_str).collect();
            native::import(py, namespace, text("library"), &names)?;
            Ok(json!({}))
        }
    }
}
