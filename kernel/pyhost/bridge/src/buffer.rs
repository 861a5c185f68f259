//! Buffers of doubles that Python objects own.

use pyo3::prelude::*;

/// A buffer of doubles that some Python object owns.
pub struct Doubles {
    /// As long as this lives, the owner cannot move or resize the buffer.
    _view: Py<PyAny>,
    _array: Py<PyAny>,
    address: usize,
    length: usize,
}

impl Doubles {
    /// The buffer of `values`; none where it has no contiguous, writable one of doubles. By way of
    /// `ctypes`, because the stable ABI of Python 3.9 has no buffers.
    pub fn of(values: &Bound<'_, PyAny>) -> PyResult<Option<Doubles>> {
        let py = values.py();
        let Ok(view) = py
            .import("builtins")?
            .getattr("memoryview")?
            .call1((values,))
        else {
            return Ok(None);
        };
        let format: String = view.getattr("format")?.extract()?;
        let contiguous: bool = view.getattr("c_contiguous")?.extract()?;
        let read_only: bool = view.getattr("readonly")?.extract()?;
        if format != "d" || !contiguous || read_only {
            return Ok(None);
        }
        let bytes: usize = view.getattr("nbytes")?.extract()?;
        let ctypes = py.import("ctypes")?;
        let kind = ctypes.getattr("c_char")?.mul(bytes)?;
        let flat = view.call_method1("cast", ("B",))?;
        let array = kind.call_method1("from_buffer", (flat,))?;
        let address: usize = ctypes.getattr("addressof")?.call1((&array,))?.extract()?;
        Ok((bytes > 0).then(|| Doubles {
            _view: view.unbind(),
            _array: array.unbind(),
            address,
            length: bytes / size_of::<f64>(),
        }))
    }

    /// The numbers.
    pub fn numbers(&self) -> &[f64] {
        // SAFETY: the view keeps the buffer where it is. Other threads of Python may write to it
        // meanwhile, as they may while Python's own `sum` runs; the sum is then of no use.
        unsafe { std::slice::from_raw_parts(self.address as *const f64, self.length) }
    }
}
