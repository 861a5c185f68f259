//! Rust cells.
//!
//! evcxr is the front end: it keeps the variables' types and the items, infers types with
//! rust-analyzer and writes the code of each cell. It believes that it also builds and runs
//! that code; in truth
//!
//! - its cargo is a stand-in that asks [`service`], which calls rustc directly;
//! - its child process is a relay that says "done" at once, so that evcxr is free to answer
//!   questions while the cell runs;
//! - the compiled cell runs in a worker process ([`worker`]), which takes a checkpoint of
//!   itself before every cell, so that nothing a cell does can lose the variables.

mod assist;
mod diagnostics;
mod ending;
mod engine;
mod hints;
mod items;
mod parts;
mod rust;
mod service;
mod source;
mod worker;

pub use parts::{PartsError, Progress, prepare};
pub use rust::{Export, Rust, RustConfig, RustError};
