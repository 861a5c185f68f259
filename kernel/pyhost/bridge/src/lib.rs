//! The module `tandem` that Python cells can import.
//!
//! Native work with the global interpreter lock held or released, so that the difference can be
//! seen; a parallel sum over a buffer; and which thread and core the caller is on.

use pyo3::prelude::*;
use rayon::prelude::*;
use std::hint::black_box;

/// `rounds` steps of xorshift64 (Marsaglia 2003): work in registers only, so that neither
/// memory nor an optimiser decides how long it takes.
fn xorshift(rounds: u64) -> u64 {
    let mut state = black_box(88_172_645_463_325_252_u64);
    for _ in 0..rounds {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    state
}

/// Native CPU work: `rounds` steps of a random number generator. With `release_gil`, other
/// Python threads run meanwhile.
#[pyfunction]
#[pyo3(signature = (rounds, release_gil = false))]
fn burn(py: Python<'_>, rounds: u64, release_gil: bool) -> u64 {
    match release_gil {
        true => py.detach(|| xorshift(rounds)),
        false => xorshift(rounds),
    }
}

/// The same work, split over all cores by rayon, with the GIL released.
#[pyfunction]
fn burn_parallel(py: Python<'_>, rounds: u64) -> u64 {
    py.detach(|| {
        let parts = rayon::current_num_threads() as u64 * 4;
        (0..parts)
            .into_par_iter()
            .map(|_| xorshift(rounds / parts))
            .reduce(|| 0, |a, b| a ^ b)
    })
}

/// The sum of numbers, by rayon on all cores, with the GIL released meanwhile. A buffer of doubles
/// (`array.array("d")`, a NumPy array) is read where it is; of other sequences a copy is made.
#[pyfunction]
fn parallel_sum(py: Python<'_>, values: &Bound<'_, PyAny>) -> PyResult<f64> {
    // Adding 0.0: the empty sum of floating-point numbers is -0.0 in Rust.
    if let Some(buffer) = Doubles::of(values)? {
        return Ok(py.detach(|| buffer.numbers().par_iter().sum::<f64>() + 0.0));
    }
    let values: Vec<f64> = values.extract()?;
    Ok(py.detach(|| values.par_iter().sum::<f64>() + 0.0))
}

/// A buffer of doubles that some Python object owns.
struct Doubles {
    /// As long as this lives, the owner cannot move or resize the buffer.
    _view: Py<PyAny>,
    _array: Py<PyAny>,
    address: usize,
    length: usize,
}

impl Doubles {
    /// The buffer of `values`; none where it has no contiguous, writable one of doubles. By way of
    /// `ctypes`, because the stable ABI of Python 3.9 has no buffers.
    fn of(values: &Bound<'_, PyAny>) -> PyResult<Option<Doubles>> {
        let py = values.py();
        let Ok(view) = py.import("builtins")?.getattr("memoryview")?.call1((values,)) else {
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

    fn numbers(&self) -> &[f64] {
        // SAFETY: the view keeps the buffer where it is. Other threads of Python may write to it
        // meanwhile, as they may while Python's own `sum` runs; the sum is then of no use.
        unsafe { std::slice::from_raw_parts(self.address as *const f64, self.length) }
    }
}

/// The number by which Linux knows the calling thread.
#[pyfunction]
fn thread_id() -> i64 {
    // SAFETY: no arguments, cannot fail.
    unsafe { libc::syscall(libc::SYS_gettid) as i64 }
}

/// The core that the calling thread is on at this moment.
#[pyfunction]
#[pyo3(name = "core")]
fn current_core() -> i32 {
    // SAFETY: no arguments, cannot fail on Linux.
    unsafe { libc::sched_getcpu() }
}

/// How many cores this process may use.
#[pyfunction]
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get())
}

/// Native work and facts about threads, from Rust.
#[pymodule]
fn tandem(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(burn, module)?)?;
    module.add_function(wrap_pyfunction!(burn_parallel, module)?)?;
    module.add_function(wrap_pyfunction!(parallel_sum, module)?)?;
    module.add_function(wrap_pyfunction!(thread_id, module)?)?;
    module.add_function(wrap_pyfunction!(current_core, module)?)?;
    module.add_function(wrap_pyfunction!(cores, module)?)?;
    Ok(())
}
