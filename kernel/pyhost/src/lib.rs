//! Python cells, run by the user's own interpreter.
//!
//! The interpreter is started as a host process, so that every virtual environment works as it
//! is and a crash kills the host and not the kernel. A few lines of Python load the bridge
//! (`bridge/`, a module made with PyO3), which serves the requests. What the cells write comes
//! back as frames ([`tandem_cell::frame`]).

mod bridge;
mod comms;
mod host;
mod interpreter;
mod python;

pub use interpreter::{Interpreter, PythonError};
pub use python::{Python, PythonConfig};
