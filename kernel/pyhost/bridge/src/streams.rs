//! Standard output, standard error and standard input of Python cells.

use crate::host::Host;
use crate::values::text;
use pyo3::exceptions::{PyEOFError, PyRuntimeError, PyStopIteration, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyString};
use serde_json::json;
use std::sync::atomic::Ordering;
use tandem_cell::frame::Kind;

/// Puts the streams in place of the interpreter's own.
///
/// # Errors
/// Where the interpreter is not as it should be.
pub fn install(py: Python<'_>) -> PyResult<()> {
    let (sys, io) = (py.import("sys")?, py.import("io")?);
    for (name, kind) in [("stdout", Kind::Stdout), ("stderr", Kind::Stderr)] {
        let stream = Bound::new(py, Stream { kind })?;
        sys.setattr(name, &stream)?;
        sys.setattr(format!("__{name}__"), stream)?;
    }
    sys.setattr("stdin", Bound::new(py, Input)?)?;
    // Libraries ask whether they hold a text stream.
    let text = io.getattr("TextIOBase")?;
    text.call_method1("register", (py.get_type::<Stream>(),))?;
    text.call_method1("register", (py.get_type::<Input>(),))?;
    io.getattr("RawIOBase")?
        .call_method1("register", (py.get_type::<Raw>(),))?;
    let builtins = py.import("builtins")?;
    builtins.setattr("input", wrap_pyfunction!(input, py)?)?;
    py.import("getpass")?
        .setattr("getpass", wrap_pyfunction!(getpass, py)?)
}

fn descriptor(kind: Kind) -> i32 {
    match kind {
        Kind::Stderr => 2,
        _ => 1,
    }
}

/// Standard output or error, of every thread and of forked children. What is written is on its
/// way when `write` returns: nothing is left to flush, and nothing that a crash could lose.
#[pyclass(frozen)]
struct Stream {
    kind: Kind,
}

#[pymethods]
impl Stream {
    fn write(&self, value: &Bound<'_, PyAny>) -> PyResult<usize> {
        if !value.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err(format!(
                "write() argument must be str, not {}",
                value.get_type().name()?
            )));
        }
        let bytes = text(value)?;
        if !bytes.is_empty() {
            Host::get().send(value.py(), self.kind, bytes.as_bytes())?;
        }
        value.len()
    }

    fn writelines(&self, lines: &Bound<'_, PyAny>) -> PyResult<()> {
        for line in lines.try_iter()? {
            self.write(&line?)?;
        }
        Ok(())
    }

    fn flush(&self) {}

    fn close(&self) {}

    #[pyo3(signature = (**_options))]
    fn reconfigure(&self, _options: Option<&Bound<'_, PyAny>>) {}

    fn fileno(&self) -> i32 {
        descriptor(self.kind)
    }

    fn isatty(&self) -> bool {
        false
    }

    fn readable(&self) -> bool {
        false
    }

    fn writable(&self) -> bool {
        true
    }

    fn seekable(&self) -> bool {
        false
    }

    fn __enter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    #[pyo3(signature = (*_error))]
    fn __exit__(&self, _error: &Bound<'_, PyAny>) {}

    #[getter]
    fn closed(&self) -> bool {
        false
    }

    #[getter]
    fn line_buffering(&self) -> bool {
        true
    }

    #[getter]
    fn encoding(&self) -> &str {
        "utf-8"
    }

    #[getter]
    fn errors(&self) -> &str {
        "replace"
    }

    #[getter]
    fn newlines(&self) -> Option<&str> {
        None
    }

    #[getter]
    fn mode(&self) -> &str {
        "w"
    }

    #[getter]
    fn name(&self) -> &str {
        match self.kind {
            Kind::Stderr => "<stderr>",
            _ => "<stdout>",
        }
    }

    #[getter]
    fn buffer(&self) -> Raw {
        Raw { kind: self.kind }
    }
}

/// The bytes below a stream.
#[pyclass(frozen)]
struct Raw {
    kind: Kind,
}

#[pymethods]
impl Raw {
    fn write(&self, data: &Bound<'_, PyAny>) -> PyResult<usize> {
        let py = data.py();
        let bytes = py.get_type::<PyBytes>().call1((data,))?;
        let bytes = bytes.cast::<PyBytes>()?.as_bytes();
        if !bytes.is_empty() {
            Host::get().send(py, self.kind, bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&self) {}

    fn close(&self) {}

    fn fileno(&self) -> i32 {
        descriptor(self.kind)
    }

    fn isatty(&self) -> bool {
        false
    }

    fn readable(&self) -> bool {
        false
    }

    fn writable(&self) -> bool {
        true
    }

    fn seekable(&self) -> bool {
        false
    }

    #[getter]
    fn closed(&self) -> bool {
        false
    }
}

/// Standard input: every line is asked for.
#[pyclass(frozen)]
struct Input;

#[pymethods]
impl Input {
    #[pyo3(signature = (_size = -1))]
    fn readline(&self, py: Python<'_>, _size: i64) -> PyResult<String> {
        Ok(match ask(py, "", false)? {
            Some(line) => line + "\n",
            None => String::new(),
        })
    }

    #[pyo3(signature = (_size = -1))]
    fn read(&self, py: Python<'_>, _size: i64) -> PyResult<String> {
        let mut all = String::new();
        while let Some(line) = ask(py, "", false)? {
            all += &line;
            all.push('\n');
        }
        Ok(all)
    }

    #[pyo3(signature = (_hint = -1))]
    fn readlines(&self, py: Python<'_>, _hint: i64) -> PyResult<Vec<String>> {
        let all = self.read(py, -1)?;
        Ok(all.split_inclusive('\n').map(str::to_owned).collect())
    }

    /// Every forked child of `multiprocessing` closes it; there is nothing to close.
    fn close(&self) {}

    fn flush(&self) {}

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<String> {
        match ask(py, "", false)? {
            Some(line) => Ok(line + "\n"),
            None => Err(PyStopIteration::new_err(())),
        }
    }

    fn fileno(&self) -> i32 {
        0
    }

    fn isatty(&self) -> bool {
        false
    }

    fn readable(&self) -> bool {
        true
    }

    fn writable(&self) -> bool {
        false
    }

    fn seekable(&self) -> bool {
        false
    }

    #[getter]
    fn closed(&self) -> bool {
        false
    }

    #[getter]
    fn encoding(&self) -> &str {
        "utf-8"
    }

    #[getter]
    fn errors(&self) -> &str {
        "replace"
    }

    #[getter]
    fn mode(&self) -> &str {
        "r"
    }

    #[getter]
    fn name(&self) -> &str {
        "<stdin>"
    }
}

/// Asks the user for a line; none where there is no more.
fn ask(py: Python<'_>, prompt: &str, password: bool) -> PyResult<Option<String>> {
    let host = Host::get();
    if !host.allow_stdin.load(Ordering::SeqCst) {
        return Err(PyRuntimeError::new_err(
            "input was asked for, but nobody can be asked: no cell runs, or the front end takes no questions",
        ));
    }
    let _one_at_a_time = host
        .asking
        .lock_py_attached(py)
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    host.message(
        py,
        &json!({"type": "input", "prompt": prompt, "password": password}),
    )?;
    // The kernel answers an interrupted question, too. Its answer is taken before the interrupt
    // goes on, so that it cannot be mistaken for something else later.
    let mut interrupted = None;
    loop {
        match host.control.read(py) {
            Ok(answer) => {
                return match interrupted {
                    Some(error) => Err(error),
                    None => Ok(answer["input"].as_str().map(str::to_owned)),
                };
            }
            Err(error) => interrupted = Some(error),
        }
    }
}

fn ask_or_end(py: Python<'_>, prompt: &str, password: bool) -> PyResult<String> {
    ask(py, prompt, password)?.ok_or_else(|| PyEOFError::new_err("there is no more input"))
}

/// Asks the user for a line.
#[pyfunction]
#[pyo3(signature = (prompt = None))]
fn input(py: Python<'_>, prompt: Option<&Bound<'_, PyAny>>) -> PyResult<String> {
    let prompt = match prompt {
        Some(prompt) => prompt.str()?.to_string_lossy().into_owned(),
        None => String::new(),
    };
    ask_or_end(py, &prompt, false)
}

/// Asks the user for a line that is not shown.
#[pyfunction]
#[pyo3(signature = (prompt = "Password: ", _stream = None))]
fn getpass(py: Python<'_>, prompt: &str, _stream: Option<&Bound<'_, PyAny>>) -> PyResult<String> {
    ask_or_end(py, prompt, true)
}
