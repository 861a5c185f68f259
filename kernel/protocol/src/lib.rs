//! The Jupyter wire protocol for Tandem: sockets, signatures, messages, history.
//!
//! [`serve`] runs one kernel over any [`tandem_cell::Language`]. Three kinds of threads share
//! the work, so that nothing waits for a running cell:
//!
//! ```text
//! sockets (tokio)  -- execute requests -->  executor: one cell after another
//!    |  ^                                       |
//!    |  |                                       v  events, in order
//!    |  '--------- iopub, stdin ----------  publisher
//!    '-- complete, inspect, history, control: answered at once
//! ```

mod comms;
mod executor;
mod history;
mod publish;
mod session;
mod sockets;
mod wire;

pub use session::{Exit, KernelInfo, ServeError, serve};
