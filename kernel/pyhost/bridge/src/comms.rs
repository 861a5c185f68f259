//! Comms: channels between objects of a cell and the page, for widgets. The package `comm`
//! manages them; libraries expect the kernel to give it a class that sends. It is given when the
//! package is imported, so that sessions without widgets do not pay for it.

use crate::host::Host;
use crate::values::{from_json, shown};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple, PyType};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

const PACKAGE: &str = "comm";

/// Waits for the import of the package.
///
/// # Errors
/// Where the interpreter is not as it should be.
pub fn install(py: Python<'_>) -> PyResult<()> {
    let finder = Bound::new(py, Finder::default())?;
    let path = py.import("sys")?.getattr("meta_path")?;
    path.call_method1("insert", (0, finder))?;
    Ok(())
}

/// Finds the package as Python would, and looks after its import.
#[pyclass(frozen)]
#[derive(Default)]
struct Finder {
    found: AtomicBool,
}

#[pymethods]
impl Finder {
    #[pyo3(signature = (name, path = None, _target = None))]
    fn find_spec<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        path: Option<Bound<'py, PyAny>>,
        _target: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if name != PACKAGE || self.found.swap(true, Ordering::SeqCst) {
            return Ok(None);
        }
        let usual = py.import("importlib.machinery")?.getattr("PathFinder")?;
        let spec = usual.call_method1("find_spec", (name, path))?;
        if spec.is_none() {
            self.found.store(false, Ordering::SeqCst);
            return Ok(None);
        }
        let loader = Loader {
            usual: spec.getattr("loader")?.unbind(),
        };
        spec.setattr("loader", Bound::new(py, loader)?)?;
        Ok(Some(spec))
    }
}

#[pyclass(frozen)]
struct Loader {
    usual: Py<PyAny>,
}

#[pymethods]
impl Loader {
    fn create_module<'py>(
        &self,
        py: Python<'py>,
        spec: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.usual.bind(py).call_method1("create_module", (spec,))
    }

    fn exec_module(&self, module: &Bound<'_, PyAny>) -> PyResult<()> {
        let usual = self.usual.bind(module.py());
        module.getattr("__spec__")?.setattr("loader", usual)?;
        module.setattr("__loader__", usual)?;
        usual.call_method1("exec_module", (module,))?;
        give_class(module)
    }
}

/// Gives the package a class whose messages reach the page.
fn give_class(module: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = module.py();
    let method = py.import("functools")?.getattr("partialmethod")?;
    let members = PyDict::new(py);
    members.set_item(
        "publish_msg",
        method.call1((wrap_pyfunction!(publish, py)?,))?,
    )?;
    members.set_item(
        "handle_msg",
        method.call1((wrap_pyfunction!(handle, py)?,))?,
    )?;
    let bases = PyTuple::new(py, [module.getattr("BaseComm")?])?;
    let class = py.get_type::<PyType>().call1(("Comm", bases, members))?;
    module.setattr("create_comm", class)
}

/// Sends a message of a comm to the page.
#[pyfunction]
#[pyo3(signature = (comm, msg_type, data = None, metadata = None, buffers = None, **keys))]
fn publish(
    comm: &Bound<'_, PyAny>,
    msg_type: &str,
    data: Option<&Bound<'_, PyAny>>,
    metadata: Option<&Bound<'_, PyAny>>,
    buffers: Option<&Bound<'_, PyAny>>,
    keys: Option<&Bound<'_, PyDict>>,
) -> PyResult<()> {
    let py = comm.py();
    let object = |value: Option<&Bound<'_, PyAny>>| match value {
        Some(value) if !value.is_none() => shown(value),
        _ => Ok(json!({})),
    };
    let key = |name: &str| -> PyResult<Value> {
        match keys.map(|keys| keys.get_item(name)).transpose()?.flatten() {
            Some(value) => shown(&value),
            None => Ok(Value::Null),
        }
    };
    let mut parts = Vec::new();
    if let Some(buffers) = buffers.filter(|buffers| !buffers.is_none()) {
        let base64 = py.import("base64")?;
        for buffer in buffers.try_iter()? {
            let text = base64.call_method1("b64encode", (buffer?,))?;
            parts.push(text.call_method0("decode")?.extract::<String>()?);
        }
    }
    let message = json!({
        "type": "comm", "kind": msg_type, "id": shown(&comm.getattr("comm_id")?)?,
        "target": key("target_name")?, "module": key("target_module")?,
        "data": object(data)?, "metadata": object(metadata)?, "buffers": parts,
    });
    Host::get().message(py, &message)
}

/// Hands a message of the page to the comm's callback.
#[pyfunction]
fn handle(comm: &Bound<'_, PyAny>, message: &Bound<'_, PyAny>) -> PyResult<()> {
    let callback = comm.getattr("_msg_callback")?;
    if !callback.is_none() {
        callback.call1((message,))?;
    }
    Ok(())
}

/// Hands over what the page has sent. Answers whether anybody here knows of comms.
///
/// # Errors
/// An interrupt; errors of callbacks are logged by the package.
pub fn receive(py: Python<'_>, host: &Host, request: &Value) -> PyResult<bool> {
    let modules = py.import("sys")?.getattr("modules")?;
    let Ok(package) = modules.get_item(PACKAGE) else {
        return Ok(false);
    };
    host.cell
        .store(request["cell"].as_u64().unwrap_or(0), Ordering::SeqCst);
    let content = json!({
        "comm_id": request["id"], "target_name": request["target"], "data": request["data"],
    });
    let message = PyDict::new(py);
    message.set_item("content", from_json(py, &content)?)?;
    message.set_item("metadata", from_json(py, &request["metadata"])?)?;
    let buffers = PyList::empty(py);
    let base64 = py.import("base64")?;
    for buffer in request["buffers"].as_array().into_iter().flatten() {
        let text = PyString::new(py, buffer.as_str().unwrap_or_default());
        let bytes = base64.call_method1("b64decode", (text,))?;
        // Widgets expect views, as they get them from ZeroMQ.
        let view = py
            .import("builtins")?
            .getattr("memoryview")?
            .call1((bytes.cast::<PyBytes>()?,))?;
        buffers.append(view)?;
    }
    message.set_item("buffers", buffers)?;
    let manager = package.call_method0("get_comm_manager")?;
    let method = request["kind"].as_str().unwrap_or("comm_msg");
    manager.call_method1(method, (py.None(), py.None(), message))?;
    Ok(true)
}
