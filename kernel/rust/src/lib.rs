//! Rust cells on evcxr.
