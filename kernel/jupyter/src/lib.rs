//! The Jupyter protocol for Tandem: sockets, signatures, messages, the session, history and
//! comms.
//!
//! [`serve`] runs one kernel over any [`tandem_cell::Language`]. Nothing that can be answered
//! without running code waits for a running cell:
//!
//! ```text
//!            client
//!              |
//!            gate          limits on what a connection may send; closes it if broken
//!              |
//!           sockets        shell, control, stdin, iopub, heartbeat (ZeroMQ)
//!              |  wire     signatures checked, JSON read into typed messages
//!              v
//!          requests ----- execute ----> executor thread: one cell after another
//!              |                            |
//!              | complete, inspect,         v  events, in one order
//!              | history, comms ...     publisher thread ----> iopub, stdin
//!              v
//!      answered at once, each on its own thread
//! ```
//!
//! Where to change what: [`KernelInfo`] (what the kernel says of itself) is in `info.rs`, what
//! a connection file may hold in `connection.rs`, one request's answer in `requests.rs`, the
//! life of a cell in `executor.rs`, how output becomes messages in `publisher.rs`.

mod cells;
mod comms;
mod connection;
mod error;
mod executor;
mod gate;
mod history;
mod hub;
mod info;
mod limits;
mod orphan;
mod publisher;
mod requests;
mod serve;
mod signature;
mod sockets;
mod text;
mod wire;

pub use comms::{Comm, CommHandler, CommTarget, Comms};
pub use error::ServeError;
pub use info::KernelInfo;
pub use serve::{Exit, serve, serve_with_comms};

/// One line on standard error, where Jupyter keeps a kernel's log.
macro_rules! log {
    ($($text:tt)*) => { eprintln!("tandem: {}", format_args!($($text)*)) };
}
pub(crate) use log;
