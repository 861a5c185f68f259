//! Values between Python and JSON, by serde_json.

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Number, Value};

/// How deeply lists and dictionaries may be nested.
const DEPTH: usize = 100;

/// What to do with a value that JSON does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strange {
    /// An error that names the part.
    Refuse,
    /// Its text in its place: for representations, which objects choose themselves.
    Show,
}

/// The JSON of a value that `name` stands for.
///
/// # Errors
/// Names the part which JSON cannot carry, or would change.
pub fn to_json(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Value> {
    convert(value, name, 0, Strange::Refuse)
}

/// The JSON of a representation: what JSON does not have is there as its text.
///
/// # Errors
/// What the text of a part raises; nesting without an end.
pub fn shown(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    convert(value, "the representation", 0, Strange::Show)
}

fn convert(
    value: &Bound<'_, PyAny>,
    name: &str,
    depth: usize,
    strange: Strange,
) -> PyResult<Value> {
    if depth > DEPTH {
        return Err(PyValueError::new_err(format!(
            "`{name}` is nested too deeply, or holds itself"
        )));
    }
    if value.is_none() {
        return Ok(Value::Null);
    }
    // `bool` first: it is an `int`, too.
    if value.is_instance_of::<PyBool>() {
        return Ok(Value::Bool(value.extract()?));
    }
    if value.is_instance_of::<PyString>() {
        return Ok(Value::String(text(value)?));
    }
    if value.is_instance_of::<PyInt>() {
        let number = value.extract::<i64>().map(Number::from);
        return match number.or_else(|_| value.extract::<u64>().map(Number::from)) {
            Ok(number) => Ok(Value::Number(number)),
            Err(_) if strange == Strange::Show => Ok(Value::String(value.str()?.to_string())),
            Err(_) => Err(PyOverflowError::new_err(format!(
                "`{name}` is an integer of more than 64 bits"
            ))),
        };
    }
    if value.is_instance_of::<PyFloat>() {
        return match Number::from_f64(value.extract()?) {
            Some(number) => Ok(Value::Number(number)),
            None if strange == Strange::Show => Ok(Value::Null),
            None => Err(PyValueError::new_err(format!(
                "`{name}` is {}, which JSON does not have",
                value.str()?
            ))),
        };
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let items = value
            .try_iter()?
            .enumerate()
            .map(|(index, item)| convert(&item?, &format!("{name}[{index}]"), depth + 1, strange));
        return items.collect::<PyResult<Vec<_>>>().map(Value::Array);
    }
    if let Ok(entries) = value.cast::<PyDict>() {
        let mut map = Map::new();
        for (key, item) in entries.iter() {
            if !key.is_instance_of::<PyString>() && strange == Strange::Refuse {
                return Err(PyTypeError::new_err(format!(
                    "`{name}` has the key {}: keys of JSON are texts",
                    key.repr()?
                )));
            }
            let part = format!("{name}[{}]", key.repr()?);
            let item = convert(&item, &part, depth + 1, strange)?;
            map.insert(key.str()?.to_string_lossy().into_owned(), item);
        }
        return Ok(Value::Object(map));
    }
    if strange == Strange::Show {
        return Ok(Value::String(value.str()?.to_string()));
    }
    let kind = value.get_type().name()?;
    let hint = match kind.to_string().as_str() {
        _ if value.hasattr("tolist")? => format!("; share `{name}.tolist()`"),
        "set" | "frozenset" | "range" => format!("; share `list({name})`"),
        _ => String::new(),
    };
    Err(PyTypeError::new_err(format!(
        "`{name}` is a {kind}, which JSON cannot carry{hint}"
    )))
}

/// The text of a Python string; what UTF-8 does not have (lone surrogates) is replaced.
pub fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(value.cast::<PyString>()?.to_string_lossy().into_owned())
}

/// The Python value of a JSON value.
///
/// # Errors
/// Where there is no memory.
pub fn from_json<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into_pyobject(py)?.into_any(),
            (None, Some(number)) => number.into_pyobject(py)?.into_any(),
            (None, None) => PyFloat::new(py, number.as_f64().unwrap_or(f64::NAN)).into_any(),
        },
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(from_json(py, item)?)?;
            }
            list.into_any()
        }
        Value::Object(entries) => {
            let dict = PyDict::new(py);
            for (key, item) in entries {
                dict.set_item(key, from_json(py, item)?)?;
            }
            dict.into_any()
        }
    })
}
