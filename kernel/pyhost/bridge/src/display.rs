//! What cells show: values in their richest representation, figures, updates.

use crate::host::Host;
use crate::values::shown;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyTuple, PyType};
use serde_json::{Map, Value, json};

/// What objects can offer, besides `_repr_mimebundle_`.
const REPRESENTATIONS: [(&str, &str); 8] = [
    ("text/html", "_repr_html_"),
    ("text/markdown", "_repr_markdown_"),
    ("image/svg+xml", "_repr_svg_"),
    ("image/png", "_repr_png_"),
    ("image/jpeg", "_repr_jpeg_"),
    ("text/latex", "_repr_latex_"),
    ("application/json", "_repr_json_"),
    ("application/javascript", "_repr_javascript_"),
];

/// Makes `display`, `update_display` and `clear_output` known to cells.
///
/// # Errors
/// Where the interpreter is not as it should be.
pub fn install(py: Python<'_>) -> PyResult<()> {
    let builtins = py.import("builtins")?;
    builtins.setattr("display", wrap_pyfunction!(display, py)?)?;
    builtins.setattr("update_display", wrap_pyfunction!(update_display, py)?)?;
    builtins.setattr("clear_output", wrap_pyfunction!(clear_output, py)?)
}

/// Representations by MIME type, and their metadata.
type Bundle = (Map<String, Value>, Map<String, Value>);

/// All representations of a value.
///
/// # Errors
/// What a method of the value raises.
pub fn bundle(value: &Bound<'_, PyAny>) -> PyResult<Bundle> {
    let mut found = Bundle::default();
    // The methods of a class are for its instances.
    if !value.is_instance_of::<PyType>() {
        if let Some(many) = method(value, "_repr_mimebundle_") {
            let options = PyDict::new(value.py());
            options.set_item("include", value.py().None())?;
            options.set_item("exclude", value.py().None())?;
            let mut given = many.call((), Some(&options))?;
            if let Ok(pair) = given.cast::<PyTuple>().cloned() {
                if let Value::Object(extra) = shown(&pair.get_item(1)?)? {
                    found.1.extend(extra);
                }
                given = pair.get_item(0)?;
            }
            if let Ok(given) = given.cast::<PyDict>() {
                for (mime, content) in given.iter() {
                    add(&mut found, &mime.str()?.to_string(), &content)?;
                }
            }
        }
        for (mime, name) in REPRESENTATIONS {
            if !found.0.contains_key(mime)
                && let Some(method) = method(value, name)
            {
                add(&mut found, mime, &method.call0()?)?;
            }
        }
        let kind = value.get_type();
        if kind.name()? == "Figure" && kind.getattr("__module__")?.str()? == "matplotlib.figure" {
            let picture = value.py().import("io")?.call_method0("BytesIO")?;
            let options = PyDict::new(value.py());
            options.set_item("format", "png")?;
            options.set_item("bbox_inches", "tight")?;
            options.set_item("dpi", 96)?;
            value.call_method("savefig", (&picture,), Some(&options))?;
            add(&mut found, "image/png", &picture.call_method0("getvalue")?)?;
        }
    }
    if !found.0.contains_key("text/plain") {
        let text = value.repr()?.to_string_lossy().into_owned();
        found.0.insert("text/plain".to_owned(), text.into());
    }
    Ok(found)
}

fn method<'py>(value: &Bound<'py, PyAny>, name: &str) -> Option<Bound<'py, PyAny>> {
    value
        .getattr(name)
        .ok()
        .filter(|method| method.is_callable())
}

fn add(found: &mut Bundle, mime: &str, content: &Bound<'_, PyAny>) -> PyResult<()> {
    let mut content = content.clone();
    if let Ok(pair) = content.cast::<PyTuple>().cloned()
        && pair.len() == 2
    {
        found.1.insert(mime.to_owned(), shown(&pair.get_item(1)?)?);
        content = pair.get_item(0)?;
    }
    if content.is_instance_of::<PyBytes>() || content.is_instance_of::<PyByteArray>() {
        let base64 = content.py().import("base64")?;
        content = base64
            .call_method1("b64encode", (content,))?
            .call_method0("decode")?;
    }
    if !content.is_none() {
        found.0.insert(mime.to_owned(), shown(&content)?);
    }
    Ok(())
}

/// Shows values with their richest representation; with `raw`, a dictionary from MIME types to
/// contents as it is. `display_id` is the name under which `update_display` finds it.
#[pyfunction]
#[pyo3(signature = (*values, display_id = None, raw = false, update = false, **_other))]
fn display(
    py: Python<'_>,
    values: &Bound<'_, PyTuple>,
    display_id: Option<&Bound<'_, PyAny>>,
    raw: bool,
    update: bool,
    _other: Option<&Bound<'_, PyDict>>,
) -> PyResult<()> {
    let id = match display_id {
        Some(id) if !id.is_none() => Some(id.str()?.to_string()),
        _ => None,
    };
    let kind = if update { "update" } else { "display" };
    for value in values.iter() {
        let (data, metadata) = match raw {
            true => match shown(&value)? {
                Value::Object(data) => (data, Map::new()),
                other => (
                    Map::from_iter([("text/plain".to_owned(), other)]),
                    Map::new(),
                ),
            },
            false => bundle(&value)?,
        };
        let message = json!({"type": kind, "id": id, "data": data, "metadata": metadata});
        Host::get().message(py, &message)?;
    }
    Ok(())
}

/// Replaces what was shown under `display_id`.
#[pyfunction]
fn update_display(
    py: Python<'_>,
    value: &Bound<'_, PyAny>,
    display_id: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let values = PyTuple::new(py, [value])?;
    display(py, &values, Some(display_id), false, true, None)
}

/// Removes the cell's output; with `wait`, only when the next output comes.
#[pyfunction]
#[pyo3(signature = (wait = false))]
fn clear_output(py: Python<'_>, wait: bool) -> PyResult<()> {
    Host::get().message(py, &json!({"type": "clear", "wait": wait}))
}

/// Shows the open figures of matplotlib, and closes them.
///
/// # Errors
/// What matplotlib raises.
pub fn figures(py: Python<'_>) -> PyResult<()> {
    let modules = py.import("sys")?.getattr("modules")?;
    let Ok(pyplot) = modules.get_item("matplotlib.pyplot") else {
        return Ok(());
    };
    for number in pyplot.call_method0("get_fignums")?.try_iter()? {
        let figure = pyplot.call_method1("figure", (number?,))?;
        display(py, &PyTuple::new(py, [figure])?, None, false, false, None)?;
    }
    pyplot.call_method1("close", ("all",))?;
    Ok(())
}
