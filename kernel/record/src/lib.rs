//! Records when the threads of a process were really on a core, and draws it.
//!
//! - [`recorder`]: attaches to a process from outside, for the time a cell runs.
//! - [`perf`]: context switches from the kernel (exact); [`schedstat`]: the fallback.
//! - [`recording`]: what was recorded, and the figures that follow from it.
//! - [`draw`]: one picture for all lanes; [`report`]: the picture with its table and sentence.

pub mod draw;
mod perf;
pub mod recorder;
pub mod recording;
pub mod report;
mod schedstat;

pub use recorder::Recorder;
pub use recording::{Lane, Recording, Source, Thread};
