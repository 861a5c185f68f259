//! Lists the sources of the parts that are built under each toolchain, so that the program carries them.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let mut files = Vec::new();
    collect(&root.join("interleave"), &mut files);
    files.sort();
    let mut list = String::from("&[\n");
    for file in &files {
        let name = file
            .strip_prefix(&root)
            .expect("below the root")
            .display()
            .to_string();
        writeln!(
            list,
            "({name:?}, include_str!({:?})),",
            file.display().to_string()
        )
        .expect("a string");
        println!("cargo::rerun-if-changed={}", file.display());
    }
    let lock = root.join("../Cargo.lock");
    if lock.exists() {
        writeln!(
            list,
            "(\"Cargo.lock\", include_str!({:?})),",
            lock.display().to_string()
        )
        .expect("a string");
        println!("cargo::rerun-if-changed={}", lock.display());
    }
    list.push(']');
    println!(
        "cargo::rerun-if-changed={}",
        root.join("interleave").display()
    );
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("set by cargo"));
    std::fs::write(out.join("parts.rs"), list).expect("the output folder is writable");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the package") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            if path
                .file_name()
                .is_none_or(|name| name != "target" && name != "tests")
            {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|e| e == "rs" || e == "toml") {
            files.push(path);
        }
    }
}
