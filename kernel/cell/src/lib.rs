//! What every cell language of Tandem agrees on.
//!
//! A language (Rust, Python, C) implements [`Language`]. It is handed a [`Cell`], sends what
//! happens to an [`Output`], and answers with an [`Outcome`]. Nothing here knows Jupyter, and
//! no language knows another one.
//!
//! - [`event`]: what a cell can put on the page, and the channel that carries it in order.
//! - [`language`]: the traits, and the types a cell and its end are described with.
//! - [`frame`]: how a child process hands its output over, byte for byte, in the order written.
//! - [`looks`]: when a lock was held, from looks at it.

pub mod event;
pub mod frame;
pub mod language;
pub mod looks;

pub use event::{
    CellId, Comm, CommKind, Event, EventKind, InputRequest, MimeBundle, Output, Stream,
};
pub use language::{
    Assistant, Cell, CellError, Completeness, Completions, Hold, Inspection, Interrupter, LaneRun,
    Language, Lock, Outcome, Unwatched, Watch,
};
