//! The module `tandem`, which serves Python cells and can be imported by them.
//!
//! [`host`] is the kernel's end in the user's own interpreter: the request loop, the execution of
//! cells, their output and their interrupts. [`work`] is what cells call: native work with the
//! global interpreter lock held or released, so that the difference can be seen.

mod buffer;
mod cells;
mod comms;
mod display;
mod errors;
mod host;
mod lock;
mod native;
mod questions;
mod streams;
mod values;
mod work;

use pyo3::prelude::*;

/// Native work and facts about threads, from Rust.
#[pymodule]
mod tandem {
    #[pymodule_export]
    use crate::host::_serve;
    #[pymodule_export]
    use crate::work::{burn, burn_parallel, cores, current_core, parallel_sum, thread_id};
}
