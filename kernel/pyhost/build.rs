//! Builds the bridge, the module that serves Python cells. No Python is needed to build it: it
//! keeps to the stable ABI of Python 3.9. Its sources are carried, too, for interpreters that
//! need one of their own.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    for path in [
        "bridge/src",
        "bridge/Cargo.toml",
        "bridge/Cargo.lock",
        "../cell",
        "../../Cargo.toml",
    ] {
        println!("cargo:rerun-if-changed={path}");
    }
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
    std::fs::write(out.join("sources.rs"), sources()).expect("OUT_DIR can be written");
}

/// The sources of the bridge as a Rust constant: names as in this repository, and texts.
fn sources() -> String {
    let root = Path::new("../..");
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("the workspace is here");
    let shared = manifest
        .find("[workspace.package]")
        .expect("the workspace has a package section");
    let mut files = vec![(
        "Cargo.toml".to_owned(),
        format!(
            "[workspace]\nresolver = \"3\"\nmembers = [\"kernel/cell\"]\n\n{}",
            &manifest[shared..]
        ),
    )];
    for name in [
        "kernel/cell/Cargo.toml",
        "kernel/pyhost/bridge/Cargo.toml",
        "kernel/pyhost/bridge/Cargo.lock",
    ] {
        files.push((name.to_owned(), read(&root.join(name))));
    }
    for folder in ["kernel/cell/src", "kernel/pyhost/bridge/src"] {
        let entries = std::fs::read_dir(root.join(folder)).expect("the sources are here");
        let mut names: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        names.sort();
        for path in names {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            files.push((format!("{folder}/{name}"), read(&path)));
        }
    }
    let mut text = String::from(
        "/// The sources of the bridge: names and texts.\nconst SOURCES: &[(&str, &str)] = &[\n",
    );
    for (name, content) in files {
        let _ = writeln!(text, "    ({name:?}, {content:?}),");
    }
    text + "];\n"
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("the sources are here")
}
