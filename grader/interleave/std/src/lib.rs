//! Stands in for the standard library under a program that is explored.
//!
//! Everything that is not about threads, time or the outside is the real library's. What is about
//! threads and time calls the engine. What is about the outside (processes, files, the network,
//! the environment) is not there, so that no program uses it without the model.

#![allow(clippy::module_inception)]

pub use ::std::*;

pub mod hint;
pub mod io;
pub mod panic;
mod shared;
pub mod sync;
pub mod thread;
pub mod time;

#[macro_use]
mod macros;

#[global_allocator]
static HEAP: interleave::heap::Heap = interleave::heap::Heap;

/// The main function of programs on this library: the engine's.
#[doc(hidden)]
pub use interleave::entry::*;

/// The entry of the ThreadSanitizer interface, so that the linker keeps it.
#[doc(hidden)]
#[used]
pub static __HOOKS: extern "C-unwind" fn(usize) = interleave::hooks::__tsan_read1;

#[doc(hidden)]
pub mod __engine {
    pub use crate::thread::drop_locals;
    pub use interleave::sync::{me, yield_now};

    /// What a program prints goes to its report.
    pub fn print(text: ::std::fmt::Arguments<'_>, line: bool) {
        let quiet = interleave::runtime::Quiet::new();
        let text = ::std::format!("{text}{}", if line { "\n" } else { "" });
        drop(quiet);
        print_text(&text);
    }

    /// Adds text to the report.
    pub fn print_text(text: &str) {
        interleave::sync::print(text);
    }
}

/// The prelude with this library's macros.
pub mod prelude {
    macro_rules! prelude {
        ($($edition:ident)*) => { $(
            /// The prelude of an edition.
            pub mod $edition {
                pub use crate::{dbg, eprint, eprintln, print, println, thread_local};
                pub use ::std::prelude::$edition::*;
            }
        )* };
    }
    prelude! { v1 rust_2015 rust_2018 rust_2021 rust_2024 }
}

/// Modules of the real library that reach outside of the program: empty, so that their use is an error.
macro_rules! absent {
    ($($name:ident)*) => { $(
        #[doc(hidden)]
        pub mod $name {}
    )* };
}
absent! { env fs net os process }

/// The processor's instructions as functions; assembly is not there.
pub mod arch {
    pub use ::std::arch::x86_64;
}
