//! Builds the bridge, the module that Python cells import. No Python is needed to build it:
//! it keeps to the stable ABI of Python 3.9.

use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=bridge/src");
    println!("cargo:rerun-if-changed=bridge/Cargo.toml");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let cargo = std::env::var_os("CARGO").expect("cargo sets CARGO");
    let status = Command::new(cargo)
        .args([
            "build",
            "--release",
            "--locked",
            "--manifest-path",
            "bridge/Cargo.toml",
        ])
        .arg("--target-dir")
        .arg(out.join("bridge"))
        .env("PYO3_NO_PYTHON", "1")
        .env("PYO3_BUILD_EXTENSION_MODULE", "1")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "the bridge does not build");
    let module = out.join("bridge/release/libtandem.so");
    println!("cargo:rustc-env=TANDEM_BRIDGE={}", module.display());
}
