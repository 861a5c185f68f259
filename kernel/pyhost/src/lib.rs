//! Python cells, run by the user's own interpreter.
//!
//! The interpreter is started as a host process with [`HOST`], a program of ours, so that
//! every virtual environment works as it is and a crash kills the host and not the kernel.
//! What the cells write comes back as frames ([`tandem_cell::frame`]).

mod host;
mod interpreter;
mod python;

pub use interpreter::{Interpreter, PythonError};
pub use python::{Python, PythonConfig};
