//! Makes the worker's replacements of C functions visible to the libraries that it loads, and
//! nothing else: the libraries have a Rust runtime of their own.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for name in ["write", "writev", "read", "pthread_create", "tandem_message"] {
        println!("cargo:rustc-link-arg-bins=-Wl,--export-dynamic-symbol={name}");
    }
}
