//! A checker for ordinary concurrent programs: it runs a program's threads one at a time, decides
//! at every visible operation who goes on and what a load returns, and looks for what goes wrong.
//!
//! - [`schedule`] is where every open question is answered, and how all answers are enumerated;
//! - [`execution`] is one run: threads, scheduling points, what each thread knows;
//! - [`memory`] is the C11 memory model, the race detector and the heap; [`accesses`] asks it, and
//!   [`mod@record`] keeps the steps for the report;
//! - [`sync`], [`threads`] and [`atomics`] are the operations that the modelled library offers to programs;
//! - [`verdict`] says what is wrong when nothing goes on; [`lock_order`] what may go wrong;
//! - [`explore`] is the search and the main function of an explored program;
//! - [`report`] is what it answers, as data;
//! - [`random`] makes sure that nothing but the schedule differs from run to run.
//!
//! Programs reach it in two ways: the crate `modelled-std` next door, which stands in for the
//! standard library and calls [`sync`], and [`hooks`], which LLVM's ThreadSanitizer pass calls for
//! every memory access and atomic operation.

pub mod accesses;
pub mod atomics;
pub mod clock;
pub mod depot;
pub mod entry;
pub mod execution;
pub mod explore;
pub mod heap;
pub mod hooks;
pub mod lock_order;
pub mod memory;
pub mod objects;
pub mod process;
pub mod random;
pub mod record;
pub use reports::exploration as report;
pub mod run;
pub mod runtime;
pub mod schedule;
pub mod sync;
pub mod thread;
pub mod threads;
pub mod unwind;
pub mod verdict;
