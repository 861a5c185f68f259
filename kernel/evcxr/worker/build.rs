//! Makes the worker's replacements of C functions visible to the libraries that it loads, and
//! nothing else: the libraries have a Rust runtime of their own.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let replaced = ["write", "writev", "read", "pthread_create"];
    let own = ["tandem_message", "tandem_collect", "tandem_collected"];
    for name in replaced.iter().chain(&own) {
        println!("cargo:rustc-link-arg-bins=-Wl,--export-dynamic-symbol={name}");
    }
}
