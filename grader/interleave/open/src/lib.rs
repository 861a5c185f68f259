//! The modelled standard library for published libraries, such as rayon: they read settings from
//! the environment and ask the system what it has, which submissions may not.

pub use ::std::{arch, env, fs, net, os, process};
pub use modelled_std::*;
