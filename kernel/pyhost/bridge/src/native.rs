//! Functions of Rust cells, as Python functions.

use crate::values::{from_json, to_json};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use std::ffi::{CStr, CString, c_char, c_void};

/// Takes the arguments as a JSON array, and gives `{"ok": …}` or `{"error": …}`.
type Call = unsafe extern "C" fn(*const c_char) -> *mut c_char;
/// Frees an answer.
type Free = unsafe extern "C" fn(*mut c_char);

/// Defines functions of a library in `namespace`.
///
/// # Errors
/// What the system says of the library; the name of a function that it does not have.
pub fn import(
    py: Python<'_>,
    namespace: &Bound<'_, PyDict>,
    library: &str,
    names: &[&str],
) -> PyResult<()> {
    let path = CString::new(library)?;
    // SAFETY: a library that the kernel has compiled from the user's cells.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
    if handle.is_null() {
        return Err(PyOSError::new_err(problem()));
    }
    let free = symbol(handle, "tandem_free")?;
    for name in names {
        let call = symbol(handle, &format!("tandem_call_{name}"))?;
        // SAFETY: the kernel writes these functions with these types; the library stays loaded.
        let function = unsafe {
            NativeFunction {
                name: (*name).to_owned(),
                call: std::mem::transmute::<*mut c_void, Call>(call),
                free: std::mem::transmute::<*mut c_void, Free>(free),
            }
        };
        namespace.set_item(name, Bound::new(py, function)?)?;
    }
    Ok(())
}

fn problem() -> String {
    // SAFETY: the message is valid until the next call of this thread.
    unsafe {
        let message = libc::dlerror();
        match message.is_null() {
            true => "the library cannot be loaded".to_owned(),
            false => CStr::from_ptr(message).to_string_lossy().into_owned(),
        }
    }
}

fn symbol(handle: *mut c_void, name: &str) -> PyResult<*mut c_void> {
    let text = CString::new(name)?;
    // SAFETY: a handle of dlopen, and a text that ends with zero.
    let found = unsafe { libc::dlsym(handle, text.as_ptr()) };
    match found.is_null() {
        true => Err(PyOSError::new_err(problem())),
        false => Ok(found),
    }
}

/// A Rust function. With `release_gil=True` other Python threads run meanwhile.
#[pyclass(frozen)]
struct NativeFunction {
    name: String,
    call: Call,
    free: Free,
}

#[pymethods]
impl NativeFunction {
    #[pyo3(signature = (*arguments, release_gil = false))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        arguments: &Bound<'py, PyTuple>,
        release_gil: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let arguments = to_json(arguments.as_any(), "arguments")?.to_string();
        let arguments = CString::new(arguments)?;
        let call = || {
            // SAFETY: the function reads a text that ends with zero and gives one that `free`
            // takes back.
            unsafe {
                let pointer = (self.call)(arguments.as_ptr());
                let answer = CStr::from_ptr(pointer).to_bytes().to_vec();
                (self.free)(pointer);
                answer
            }
        };
        let answer = match release_gil {
            true => py.detach(call),
            false => call(),
        };
        let answer: serde_json::Value = serde_json::from_slice(&answer)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        match answer["error"].as_str() {
            Some(error) => Err(PyRuntimeError::new_err(format!("{}: {error}", self.name))),
            None => from_json(py, &answer["ok"]),
        }
    }

    fn __repr__(&self) -> String {
        format!("<Rust function {}>", self.name)
    }

    #[getter]
    fn __name__(&self) -> &str {
        &self.name
    }
}
