//! Lists the sources of the parts that are built under each toolchain, and the exercises, so that
//! the program carries them.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("set by cargo"));
    let mut parts = Vec::new();
    for folder in ["fibers", "interleave", "reports", "virtual-time"] {
        parts.extend(files(&root, &root.join(folder), &["rs", "toml"]));
    }
    let lock = root.join("../Cargo.lock");
    if lock.exists() {
        parts.push(("Cargo.lock".to_owned(), lock));
    }
    std::fs::write(out.join("parts.rs"), list(&parts)).expect("the output folder is writable");
    let folder = root.join("../exercises");
    let exercises = files(&folder, &folder, &["rs", "toml", "md"]);
    std::fs::write(out.join("exercises.rs"), list(&exercises))
        .expect("the output folder is writable");
}

/// All files below a folder with one of the endings: name relative to `root`, and path.
fn files(root: &Path, folder: &Path, endings: &[&str]) -> Vec<(String, PathBuf)> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut found = Vec::new();
    collect(folder, endings, &mut found);
    found.sort();
    let name = |path: &PathBuf| {
        path.strip_prefix(root)
            .expect("below the root")
            .display()
            .to_string()
    };
    found.into_iter().map(|path| (name(&path), path)).collect()
}

/// A list of names and texts, as Rust source.
fn list(files: &[(String, PathBuf)]) -> String {
    let mut list = String::from("&[\n");
    for (name, path) in files {
        let path = path.display().to_string();
        writeln!(list, "({name:?}, include_str!({path:?})),").expect("a string");
        println!("cargo::rerun-if-changed={path}");
    }
    list + "]"
}

fn collect(folder: &Path, endings: &[&str], files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            if path
                .file_name()
                .is_none_or(|name| name != "target" && name != "tests")
            {
                collect(&path, endings, files);
            }
        } else if path
            .extension()
            .is_some_and(|e| endings.iter().any(|ending| e == *ending))
        {
            files.push(path);
        }
    }
}
