//! Native work that cells can call, and facts about the calling thread.

use crate::buffer::Doubles;
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
pub fn burn(py: Python<'_>, rounds: u64, release_gil: bool) -> u64 {
    match release_gil {
        true => py.detach(|| xorshift(rounds)),
        false => xorshift(rounds),
    }
}

/// The same work, split over all cores by rayon, with the GIL released.
#[pyfunction]
pub fn burn_parallel(py: Python<'_>, rounds: u64) -> u64 {
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
pub fn parallel_sum(py: Python<'_>, values: &Bound<'_, PyAny>) -> PyResult<f64> {
    // Adding 0.0: the empty sum of floating-point numbers is -0.0 in Rust.
    if let Some(buffer) = Doubles::of(values)? {
        return Ok(py.detach(|| buffer.numbers().par_iter().sum::<f64>() + 0.0));
    }
    let values: Vec<f64> = values.extract()?;
    Ok(py.detach(|| values.par_iter().sum::<f64>() + 0.0))
}

/// The number by which Linux knows the calling thread.
#[pyfunction]
pub fn thread_id() -> i64 {
    // SAFETY: no arguments, cannot fail.
    unsafe { libc::syscall(libc::SYS_gettid) as i64 }
}

/// The core that the calling thread is on at this moment.
#[pyfunction]
#[pyo3(name = "core")]
pub fn current_core() -> i32 {
    // SAFETY: no arguments, cannot fail on Linux.
    unsafe { libc::sched_getcpu() }
}

/// How many cores this process may use.
#[pyfunction]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get())
}
