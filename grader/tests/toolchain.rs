//! What the checker says under a compiler whose passes are not what it expects: one clear message,
//! and never a verdict.
//!
//! The compilers here are the real one behind a script that changes how the pass is asked for.

use assert_cmd::Command;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A program that is correct, and one that is not.
const PROGRAMS: [&str; 2] = [
    "fn main() { std::thread::spawn(|| ()).join().unwrap(); }",
    "static mut X: u32 = 0; fn main() { let t = std::thread::spawn(|| unsafe { X += 1 }); unsafe { X += 1 } t.join().unwrap(); }",
];

/// The real toolchain's folder.
fn sysroot() -> PathBuf {
    let output = std::process::Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .expect("a compiler");
    String::from_utf8_lossy(&output.stdout).trim().into()
}

/// The same files in another folder: links where the file system allows them.
fn mirror(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a writable folder");
    for entry in std::fs::read_dir(from).expect("a folder of the toolchain") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("readable").is_dir() {
            mirror(&entry.path(), &target);
        } else if std::fs::hard_link(entry.path(), &target).is_err() {
            std::fs::copy(entry.path(), &target).expect("room for a copy");
        }
    }
}

/// A toolchain whose compiler gets `passes` instead of what the checker asks for.
fn toolchain(folder: &Path, passes: &str) -> PathBuf {
    let real = sysroot();
    let host = "lib/rustlib/x86_64-unknown-linux-gnu";
    mirror(&real.join(host), &folder.join(host));
    for entry in std::fs::read_dir(real.join("lib")).expect("the toolchain's libraries") {
        let path = entry.expect("readable").path();
        if path.is_file() {
            let name = path.file_name().expect("a name");
            let target = folder.join("lib").join(name);
            if std::fs::hard_link(&path, &target).is_err() {
                std::fs::copy(&path, &target).expect("room for a copy");
            }
        }
    }
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin).expect("a writable folder");
    std::fs::copy(real.join("bin/rustc"), bin.join("rustc-itself")).expect("room for a copy");
    let script = format!(
        "#!/bin/sh\nfor argument in \"$@\"; do\n  shift\n  case \"$argument\" in\n    \
         passes=*) argument='{passes}' ;;\n  esac\n  set -- \"$@\" \"$argument\"\ndone\n\
         exec \"$(dirname \"$0\")/rustc-itself\" \"$@\"\n"
    );
    let rustc = bin.join("rustc");
    std::fs::write(&rustc, script).expect("a writable folder");
    let everybody = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&rustc, everybody).expect("a file of ours");
    rustc
}

#[track_caller]
fn says(passes: &str, message: &str) {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = tempfile::tempdir_in(tmp).expect("a temporary folder");
    let rustc = toolchain(folder.path(), passes);
    for text in PROGRAMS {
        let program = folder.path().join("program.rs");
        std::fs::write(&program, text).expect("a writable folder");
        let assert = Command::cargo_bin("tandem-grader")
            .expect("built with the tests")
            .env("TANDEM_CACHE_DIR", tmp.join("cache"))
            .env("RUSTC", &rustc)
            // Set by cargo, and would lead to the real toolchain's libraries.
            .env_remove("LD_LIBRARY_PATH")
            .arg("explore")
            .arg(&program)
            .assert()
            .code(3);
        let output = assert.get_output();
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains(message), "{said}");
    }
}

#[test]
fn a_compiler_that_instruments_nothing_gives_no_verdict() {
    says(
        "debuginfo=1",
        "a race that was planted to test the checker was not found",
    );
}

#[test]
fn a_compiler_without_the_passes_is_told_from_a_program_that_is_not_modelled() {
    says(
        "passes=tsan-of-tomorrow",
        "this toolchain cannot instrument programs",
    );
}
