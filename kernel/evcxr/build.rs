//! Builds the worker program, which is carried inside this library.
//!
//! It is a program of its own because it must stay small (it is started and forked all the
//! time) and must export functions, which the `tandem` program itself must not.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let worker = Path::new("worker");
    for path in ["worker", "../cell/src"] {
        println!("cargo:rerun-if-changed={path}");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let cargo = std::env::var_os("CARGO").expect("cargo sets CARGO");
    let status = Command::new(cargo)
        .args(["build", "--release", "--locked", "--manifest-path"])
        .arg(worker.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(out.join("worker"))
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "the worker program does not build");
    let program = out.join("worker/release/tandem-worker");
    println!("cargo:rustc-env=TANDEM_WORKER={}", program.display());
}
