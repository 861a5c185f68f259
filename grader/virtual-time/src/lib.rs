//! Runs a program's threads in virtual time, on a simulated machine with any number of cores: how
//! fast a program would be on 8 cores can be told on 2, and on a busy machine as on an idle one.
//!
//! This is a discrete-event simulation whose events are the program's own operations. The program
//! runs for real, one thread at a time. The time that a thread computes between two operations is
//! measured on the processor and added to its virtual clock; operations cost what [`machine`] says;
//! and at every operation that others can see, the thread with the earliest clock goes first. So
//! locks are contended, queues run dry and cache lines travel as they would on the machine that is
//! simulated.
//!
//! - [`stopwatch`] measures stretches of computation, also where the system interrupts them;
//! - [`machine`] is what cores, caches and the system cost;
//! - [`simulation`] is who runs when; [`measures`] what is written down meanwhile;
//! - [`sync`], [`atomics`] and [`run`] are the operations, under the names that the modelled
//!   standard library (`interleave/std`) calls: the same library stands on this engine;
//! - [`entry`] is the main function of a measured program, its answer is in the crate `reports`.
//!
//! Not modelled: the bandwidth of memory, plain accesses to shared cache lines, contention in the
//! allocator and in the system's own code. The method is that of virtual-time schedulers for
//! parallel programs, such as Cilkview's burdened dag (He, Leiserson, Leiserson, SPAA 2010), with
//! measured instead of counted work.

pub mod atomics;
pub mod entry;
pub mod heap;
#[path = "../../interleave/src/hooks.rs"]
pub mod hooks;
pub mod machine;
pub mod measures;
pub mod memory;
pub mod objects;
pub mod run;
pub mod runtime;
pub mod simulation;
pub mod stopwatch;
pub mod sync;
pub mod thread;
