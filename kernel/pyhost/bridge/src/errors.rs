//! Exceptions: how they are told, also those that nobody catches.

use crate::host::Host;
use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;
use serde_json::{Value, json};
use tandem_cell::frame::Kind;

const RED: &str = "\x1b[1;31m";
const GREEN: &str = "\x1b[32m";
const PLAIN: &str = "\x1b[0m";

/// Tells of exceptions in threads and where Python ignores them.
///
/// # Errors
/// Where the interpreter is not as it should be.
pub fn install(py: Python<'_>) -> PyResult<()> {
    let threading = py.import("threading")?;
    threading.setattr("excepthook", wrap_pyfunction!(of_thread, py)?)?;
    let sys = py.import("sys")?;
    sys.setattr("unraisablehook", wrap_pyfunction!(ignored, py)?)
}

/// Name, text and coloured lines of an exception.
pub fn describe(py: Python<'_>, error: &PyErr) -> Value {
    let name = error.get_type(py).name();
    let name = name.map_or_else(|_| "Exception".to_owned(), |name| name.to_string());
    let value = error.value(py).str();
    let value = value.map_or_else(
        |_| String::new(),
        |text| text.to_string_lossy().into_owned(),
    );
    let lines = lines(py, error).unwrap_or_else(|_| vec![format!("{RED}{name}{PLAIN}: {value}")]);
    json!({"name": name, "value": value, "traceback": lines})
}

fn lines(py: Python<'_>, error: &PyErr) -> PyResult<Vec<String>> {
    let arguments = (error.get_type(py), error.value(py), error.traceback(py));
    let exception = py
        .import("traceback")?
        .call_method1("TracebackException", arguments)?;
    let mut lines = Vec::new();
    for part in exception.call_method0("format")?.try_iter()? {
        let part = part?.str()?.to_string_lossy().into_owned();
        for line in part.trim_end_matches('\n').split('\n') {
            lines.push(match line.starts_with("  File \"<cell") {
                true => {
                    let line = line.replacen("  File \"<", "", 1).replacen(">\"", "", 1);
                    format!("{GREEN}{line}{PLAIN}")
                }
                false => line.to_owned(),
            });
        }
    }
    if let Some(last) = lines.last_mut() {
        *last = match last.split_once(':') {
            Some((name, text)) => format!("{RED}{name}{PLAIN}:{text}"),
            None => format!("{RED}{last}{PLAIN}"),
        };
    }
    Ok(lines)
}

/// Tells of an exception that ended a thread.
#[pyfunction]
fn of_thread(py: Python<'_>, args: &Bound<'_, PyAny>) -> PyResult<()> {
    let value = args.getattr("exc_value")?;
    if value.is_none() || value.is_instance_of::<PySystemExit>() {
        return Ok(());
    }
    let error = PyErr::from_value(value);
    let thread = args.getattr("thread")?;
    let name = match thread.is_none() {
        true => "a thread".to_owned(),
        false => thread.getattr("name")?.str()?.to_string(),
    };
    let lines = lines(py, &error)?.join("\n");
    let text = format!("Exception in {name}:\n{lines}\n");
    Host::get().send(py, Kind::Stderr, text.as_bytes())
}

/// Tells of an exception that Python has no place for, such as one in `__del__`.
#[pyfunction]
fn ignored(py: Python<'_>, args: &Bound<'_, PyAny>) -> PyResult<()> {
    let message = args.getattr("err_msg")?;
    let message = match message.is_none() {
        true => String::new(),
        false => message.str()?.to_string(),
    };
    let value = args.getattr("exc_value")?.repr()?;
    let text = format!("Exception ignored: {message} {value}\n");
    Host::get().send(py, Kind::Stderr, text.as_bytes())
}
