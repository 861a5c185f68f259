//! Finds the interleaving that breaks an ordinary concurrent Rust program.
//!
//! [`explore::explore`] is the whole of it: a source file and a check go in, a [`verdict::Verdict`]
//! comes out. On the way, [`source`] looks for what cannot be modelled, [`parts`] provides the
//! library that stands in for `std`, [`compile`] builds the program against it, [`child`] runs it,
//! and [`symbols`] finds the lines of what it reports. [`show`] draws a verdict for terminals,
//! [`html`] for pages, [`svg`] as a picture; [`replay`] keeps a counterexample and runs it again.
//! [`speedup`] says whether a program gets faster with more cores, and why not.
//! Everything that a submission causes happens in the [`sandbox`].
//! [`course`] is the exercises, whose submissions are judged the same way.

pub mod advice;
mod beside;
pub mod child;
pub mod compile;
pub mod course;
pub mod explain;
pub mod explore;
pub mod files;
pub mod findings;
pub mod html;
pub mod layout;
pub mod names;
pub mod outside;
pub mod parts;
pub mod replay;
pub mod sandbox;
pub mod show;
pub mod source;
pub mod speedup;
pub mod svg;
pub mod symbols;
pub mod terminal;
pub mod threads;
pub mod verdict;
