//! What the engines below programs share: threads as fibers of one thread of the system, the
//! memory that each of them sees as its own, and the channel to the process that asked.

mod channel;
mod image;
mod panics;
mod stack;
mod wait;

pub use channel::{Channel, Request};
pub use image::{Image, base};
pub use panics::{PanicHook, panic_hook, set_panic_hook};
pub use stack::{Fiber, FiberStack, THREADS};
pub use wait::{Access, WaitKind};
