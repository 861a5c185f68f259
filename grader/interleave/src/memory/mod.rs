//! The memory as the model sees it: who accessed what, which stores a load may return, what was
//! given back.

mod arena;
mod history;
mod shadow;

pub use arena::Arena;
pub use history::{Histories, Ordering, SeqCst, Thread, read_memory, write_memory};
pub use shadow::{Access, Conflict, Shadow, access};
