//! The execution of cells.

use crate::host::Host;
use crate::{display, errors, lock};
use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyDict, PyList};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::atomic::Ordering;
use tandem_cell::frame::{Kind, monotonic_ns};

/// `inspect.CO_COROUTINE`: the code waits at its top level.
const COROUTINE: u32 = 0x80;

#[derive(Deserialize)]
struct Request {
    cell: u64,
    code: String,
    silent: bool,
    allow_stdin: bool,
    lane: bool,
    repeat: u32,
    /// Whether to look who holds the interpreter lock.
    #[serde(default)]
    watch_lock: bool,
}

/// Runs a cell to its end, and says how it ended.
///
/// # Errors
/// Where the kernel is gone, or an interrupt came after the end.
pub fn execute(py: Python<'_>, host: &Host, request: &Value) -> PyResult<()> {
    let request = match Request::deserialize(request) {
        Ok(request) => request,
        Err(error) => {
            let error =
                json!({"name": "RequestError", "value": error.to_string(), "traceback": []});
            return host.message(py, &json!({"type": "done", "error": error}));
        }
    };
    host.cell.store(request.cell, Ordering::SeqCst);
    host.allow_stdin
        .store(request.allow_stdin, Ordering::SeqCst);
    let namespace = host.namespace.bind(py);
    // A lane leaves nothing behind.
    let before = match request.lane {
        true => Some(namespace.copy()?),
        false => None,
    };
    let ended = run(py, host, &request);
    if !host.is_here() {
        // A child that the cell has forked came to the end of the cell.
        // SAFETY: plain system call.
        unsafe { libc::_exit(0) };
    }
    // A thread that waits for the user now gets its answer before the next request is read.
    host.allow_stdin.store(false, Ordering::SeqCst);
    drop(host.asking.lock_py_attached(py));
    if let Some(before) = before {
        namespace.clear();
        namespace.update(before.as_mapping())?;
    }
    let done = match ended {
        Ok(()) => json!({"type": "done"}),
        Err(error) if error.is_instance_of::<PySystemExit>(py) => {
            let code = error.value(py).getattr("code")?.str()?;
            let text = format!("the cell asked to exit ({code}); the Python session goes on\n");
            host.send(py, Kind::Stderr, text.as_bytes())?;
            json!({"type": "done"})
        }
        Err(error) => json!({"type": "done", "error": errors::describe(py, &error)}),
    };
    host.message(py, &done)
}

fn run(py: Python<'_>, host: &Host, request: &Request) -> PyResult<()> {
    let name = format!("<cell {}>", request.cell);
    let compiled = compile(py, &request.code, &name, request.silent || request.lane)?;
    keep_definitions(host, &compiled.tree)?;
    let namespace = host.namespace.bind(py);
    let mut value = None;
    for _ in 0..request.repeat.max(1) {
        host.message(py, &json!({"type": "started"}))?;
        // The kernel attaches its recorder first.
        host.control.read(py)?;
        let watched = request.watch_lock.then(lock::Watched::start);
        let ran = run_code(py, &compiled.body, namespace).and_then(|_| {
            let last = compiled.last.as_ref();
            last.map(|last| run_code(py, last, namespace)).transpose()
        });
        let time = monotonic_ns();
        if host.is_here() {
            let held = watched.map(lock::Watched::finish);
            host.message(py, &json!({"type": "ended", "time": time, "lock": held}))?;
        }
        value = ran?;
    }
    if let Some(value) = value.filter(|value| !value.is_none()) {
        namespace.set_item("_", &value)?;
        let (data, metadata) = display::bundle(&value)?;
        host.message(
            py,
            &json!({"type": "result", "data": data, "metadata": metadata}),
        )?;
    }
    display::figures(py)
}

/// The code objects of a cell.
struct Compiled<'py> {
    tree: Bound<'py, PyAny>,
    body: Bound<'py, PyAny>,
    /// The last expression, where its value is shown.
    last: Option<Bound<'py, PyAny>>,
}

fn compile<'py>(py: Python<'py>, code: &str, name: &str, silent: bool) -> PyResult<Compiled<'py>> {
    // Tracebacks read the text of a cell here.
    let lines: Vec<String> = code.split('\n').map(|line| format!("{line}\n")).collect();
    py.import("linecache")?
        .getattr("cache")?
        .set_item(name, (code.len(), py.None(), lines, name))?;
    let ast = py.import("ast")?;
    let builtins = py.import("builtins")?;
    let wait: u32 = ast.getattr("PyCF_ALLOW_TOP_LEVEL_AWAIT")?.extract()?;
    let only_tree: u32 = ast.getattr("PyCF_ONLY_AST")?.extract()?;
    let compile = |code: &Bound<'py, PyAny>, mode: &str, flags: u32| {
        builtins.call_method1("compile", (code, name, mode, flags, true))
    };
    let text = code.into_pyobject(py)?.into_any();
    let tree = compile(&text, "exec", wait | only_tree)?;
    let body = tree.getattr("body")?.cast_into::<PyList>()?;
    let mut last = None;
    if !silent
        && !code.trim_end().ends_with(';')
        && let Some(statement) = body.iter().last()
        && statement.is_instance(&ast.getattr("Expr")?)?
    {
        body.del_item(body.len() - 1)?;
        let expression = ast.call_method1("Expression", (statement.getattr("value")?,))?;
        last = Some(compile(&expression, "eval", wait)?);
    }
    let body = compile(&tree, "exec", wait)?;
    Ok(Compiled { tree, body, last })
}

fn run_code<'py>(
    py: Python<'py>,
    code: &Bound<'py, PyAny>,
    namespace: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let value = py
        .import("builtins")?
        .call_method1("eval", (code, namespace))?;
    let flags: u32 = code.getattr("co_flags")?.extract()?;
    if flags & COROUTINE != 0 {
        return py.import("asyncio")?.call_method1("run", (value,));
    }
    Ok(value)
}

/// Appends what child processes need to the file of definitions: imports, functions, classes and
/// constants.
fn keep_definitions(host: &Host, tree: &Bound<'_, PyAny>) -> PyResult<()> {
    let ast = tree.py().import("ast")?;
    let is = |node: &Bound<'_, PyAny>, kinds: &[&str]| -> PyResult<bool> {
        for kind in kinds {
            if node.is_instance(&ast.getattr(*kind)?)? {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let mut kept = String::new();
    for node in tree.getattr("body")?.try_iter()? {
        let node = node?;
        let import = is(&node, &["Import", "ImportFrom"])?;
        let mut keep = import || is(&node, &["FunctionDef", "AsyncFunctionDef", "ClassDef"])?;
        if is(&node, &["Assign"])? && is(&node.getattr("value")?, &["Constant"])? {
            keep = true;
            for target in node.getattr("targets")?.try_iter()? {
                keep &= is(&target?, &["Name"])?;
            }
        }
        if !keep {
            continue;
        }
        let text: String = ast.call_method1("unparse", (&node,))?.extract()?;
        match import {
            true => {
                let text = text.replace('\n', "\n    ");
                kept += &format!("try:\n    {text}\nexcept ImportError:\n    pass\n");
            }
            false => kept += &format!("{text}\n"),
        }
    }
    if !kept.is_empty() {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(&host.definitions)?;
        file.write_all(kept.as_bytes())?;
    }
    Ok(())
}
