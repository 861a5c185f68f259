//! Makes the worker's replacements for `write`, `read` and `pthread_create` visible to the
//! libraries that it loads.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg-bins=-Wl,--export-dynamic");
}
