//! The module `tandem` that Python cells can import.
//!
//! Native work with the global interpreter lock held or released, so that the difference can be
//! seen; a parallel sum; and which thread and core the caller is on.

use pyo3::exceptions::PyValueError;
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

/// The sum of a list of numbers, by rayon on all cores, with the GIL released meanwhile.
#[pyfunction]
fn parallel_sum(py: Python<'_>, values: Vec<f64>) -> PyResult<f64> {
    if values.iter().any(|value| value.is_nan()) {
        return Err(PyValueError::new_err(
            "the values hold a NaN: their sum is no number",
        ));
    }
    Ok(py.detach(|| values.par_iter().sum()))
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
