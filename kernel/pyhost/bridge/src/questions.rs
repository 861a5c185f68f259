//! Questions about code: completion, documentation, whether it is whole. They are answered on a
//! thread of their own, also while a cell runs.

use crate::host::Host;
use pyo3::exceptions::{PyOSError, PyOverflowError, PySyntaxError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Value, json};

/// The most completions of an answer.
const MOST: usize = 200;
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// Starts the thread that answers.
///
/// # Errors
/// Where there can be no thread.
pub fn start(py: Python<'_>) -> PyResult<()> {
    let options = PyDict::new(py);
    options.set_item("target", wrap_pyfunction!(answer_all, py)?)?;
    options.set_item("daemon", true)?;
    options.set_item("name", "questions")?;
    let thread = py
        .import("threading")?
        .call_method("Thread", (), Some(&options))?;
    thread.call_method0("start")?;
    Ok(())
}

#[pyfunction]
fn answer_all(py: Python<'_>) -> PyResult<()> {
    let host = Host::get();
    loop {
        let question = host.questions.read(py)?;
        let answer = answer(py, &question);
        let answer = answer.unwrap_or_else(|error| json!({"error": error.to_string()}));
        host.questions.write(py, &answer);
    }
}

fn answer(py: Python<'_>, question: &Value) -> PyResult<Value> {
    let code = question["code"].as_str().unwrap_or_default();
    let position = question["position"].as_u64().unwrap_or_default() as usize;
    match question["type"].as_str().unwrap_or_default() {
        "complete" => complete(py, code, position),
        "inspect" => {
            let detail = question["detail"].as_u64().unwrap_or_default() > 0;
            Ok(json!({"text": inspect(py, code, position, detail)?}))
        }
        "is_complete" => is_complete(py, code),
        _ => Ok(json!({})),
    }
}

/// Completions as text and kind, and the start of what they replace, in characters.
fn complete(py: Python<'_>, code: &str, position: usize) -> PyResult<Value> {
    // jedi knows more, where it is installed; what it cannot do must not be in the way.
    if let Ok(Some(found)) = complete_by_jedi(py, code, position) {
        return Ok(found);
    }
    let chars: Vec<char> = code.chars().collect();
    let start = word_start(&chars, position);
    let word: String = chars[start..position.min(chars.len())].iter().collect();
    let namespace = Host::get().namespace.bind(py);
    let completer = py
        .import("rlcompleter")?
        .call_method1("Completer", (namespace,))?;
    let mut matches = Vec::new();
    while matches.len() < MOST {
        let found = completer.call_method1("complete", (&word, matches.len()))?;
        if found.is_none() {
            break;
        }
        let text: String = found.extract()?;
        matches.push((text.trim_end_matches(['(', ' ']).to_owned(), ""));
    }
    Ok(json!({"matches": matches, "start": start}))
}

fn complete_by_jedi(py: Python<'_>, code: &str, position: usize) -> PyResult<Option<Value>> {
    let before: String = code.chars().take(position).collect();
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count();
    let namespace = Host::get().namespace.bind(py).copy()?;
    let interpreter = py
        .import("jedi")?
        .call_method1("Interpreter", (code, vec![namespace]))?;
    let mut matches: Vec<(String, String)> = Vec::new();
    let mut start = position;
    for found in interpreter
        .call_method1("complete", (line, column))?
        .try_iter()?
        .take(MOST)
    {
        let found = found?;
        if matches.is_empty() {
            let prefix: usize = found
                .call_method0("get_completion_prefix_length")?
                .extract()?;
            start = position.saturating_sub(prefix);
        }
        matches.push((
            found.getattr("name")?.extract()?,
            found.getattr("type")?.extract()?,
        ));
    }
    Ok((!matches.is_empty()).then(|| json!({"matches": matches, "start": start})))
}

fn of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word_start(chars: &[char], position: usize) -> usize {
    let mut start = position.min(chars.len());
    while start > 0 && (of_name(chars[start - 1]) || chars[start - 1] == '.') {
        start -= 1;
    }
    start
}

/// Signature, documentation and (with detail) source of the name at a position.
fn inspect(py: Python<'_>, code: &str, position: usize, detail: bool) -> PyResult<Option<String>> {
    let chars: Vec<char> = code.chars().collect();
    let start = word_start(&chars, position);
    let mut end = position.min(chars.len());
    while end < chars.len() && of_name(chars[end]) {
        end += 1;
    }
    let name: String = chars[start..end].iter().collect();
    let name = name.trim_matches('.');
    if name.is_empty() {
        return Ok(None);
    }
    let namespace = Host::get().namespace.bind(py).copy()?;
    let Ok(value) = py
        .import("builtins")?
        .call_method1("eval", (name, namespace))
    else {
        return Ok(None);
    };
    let inspect = py.import("inspect")?;
    let optional = |found: PyResult<Bound<'_, PyAny>>| match found {
        Ok(found) if !found.is_none() => Ok(Some(found.str()?.to_string_lossy().into_owned())),
        Ok(_) => Ok(None),
        Err(error)
            if error.is_instance_of::<PyTypeError>(py)
                || error.is_instance_of::<PyValueError>(py)
                || error.is_instance_of::<PyOSError>(py) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    };
    let mut text = match optional(inspect.call_method1("signature", (&value,)))? {
        Some(signature) => format!("{BOLD}{name}{signature}{PLAIN}"),
        None => format!("{BOLD}{name}{PLAIN}: {}", value.get_type().name()?),
    };
    if let Some(documentation) = optional(inspect.call_method1("getdoc", (&value,)))? {
        text += &format!("\n\n{documentation}");
    }
    if detail && let Some(source) = optional(inspect.call_method1("getsource", (&value,)))? {
        text += &format!("\n\n{source}");
    }
    Ok(Some(text))
}

/// Whether code can run as it stands, and how the next line is indented if not.
fn is_complete(py: Python<'_>, code: &str) -> PyResult<Value> {
    let options = PyDict::new(py);
    options.set_item("symbol", "exec")?;
    let text = format!("{}\n", code.trim_end());
    let compiled = py
        .import("codeop")?
        .call_method("compile_command", (text,), Some(&options));
    let compiled = match compiled {
        Ok(compiled) => compiled,
        Err(error)
            if error.is_instance_of::<PySyntaxError>(py)
                || error.is_instance_of::<PyValueError>(py)
                || error.is_instance_of::<PyOverflowError>(py) =>
        {
            return Ok(json!({"status": "invalid"}));
        }
        Err(error) => return Err(error),
    };
    if !compiled.is_none() {
        return Ok(json!({"status": "complete"}));
    }
    let last = code
        .trim_end_matches('\n')
        .rsplit('\n')
        .next()
        .unwrap_or_default();
    let mut indent = last[..last.len() - last.trim_start().len()].to_owned();
    if last.trim_end().ends_with(':') {
        indent += "    ";
    }
    Ok(json!({"status": "incomplete", "indent": indent}))
}
