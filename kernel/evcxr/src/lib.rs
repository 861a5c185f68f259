//! Rust cells.
//!
//! Cells of new items, statements and expressions are written out by [`direct`], and rustc infers
//! the types of their variables. All other cells, and those that do not compile so, are evcxr's: it keeps the
//! items, infers types with rust-analyzer, finds ways to make a cell compile, and answers
//! questions about code. It believes that it also builds and runs that code; in truth
//!
//! - its cargo is a stand-in that asks [`service`], which calls rustc directly;
//! - its child process is a relay that says "done" at once, so that evcxr is free to answer
//!   questions while the cell runs;
//! - the compiled cell runs in a worker process ([`worker`]), which takes a checkpoint of
//!   itself before every cell, so that nothing a cell does can lose the variables.

mod assist;
mod diagnostics;
mod direct;
mod ending;
mod engine;
mod hints;
mod items;
mod kinds;
mod link;
mod parts;
mod rust;
mod rustc;
mod service;
mod session;
mod source;
mod startup;
mod worker;

pub use parts::{PartsError, Progress, prepare};
pub use rust::{Export, Rust, RustConfig, RustError};
