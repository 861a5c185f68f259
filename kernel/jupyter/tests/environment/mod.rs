//! A Python environment with Jupyter's client, made once below the build's folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The environment's Python. Made at first use; tests that run at the same time wait.
///
/// # Panics
/// Where it cannot be made: the message says what is missing.
pub fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let environment = folder.join("jupyter-venv");
    let lock = File::create(folder.join("jupyter-venv.lock")).expect("a lock file can be made");
    lock.lock().expect("the lock can be taken");
    let python = environment.join("bin/python");
    // Written last: without it, or with other contents, the environment is not whole.
    let stamp = environment.join("requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|made| made == REQUIREMENTS) {
        return python;
    }
    run_or_explain(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment),
        "make a Python environment; is python3 there, with its package venv?",
    );
    let wanted = folder.join("jupyter-requirements.txt");
    std::fs::write(&wanted, REQUIREMENTS).expect("the requirements can be written");
    run_or_explain(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(&wanted),
        "install Jupyter's client; is there a network?",
    );
    std::fs::rename(&wanted, &stamp).expect("the stamp can be written");
    python
}

/// Runs a program of `tests/python` with a kernelspec named `test_kernel`.
///
/// # Panics
/// Where a test of it fails.
#[track_caller]
pub fn run(file: &str) {
    let python = python();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let spec = folder.path().join("kernels/test_kernel");
    std::fs::create_dir_all(&spec).expect("the kernelspec can be written");
    let history = folder.path().join("history.sqlite");
    let kernel = serde_json::json!({
        "argv": [test_kernel(), "{connection_file}", history],
        "display_name": "Test kernel", "language": "rust", "interrupt_mode": "message",
    });
    std::fs::write(spec.join("kernel.json"), kernel.to_string())
        .expect("the kernelspec can be written");
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let mut command = Command::new(python);
    command
        .arg(tests.join(file))
        .env("JUPYTER_PATH", folder.path())
        .env("JUPYTER_RUNTIME_DIR", folder.path())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run_or_explain(&mut command, &format!("pass {file}"));
}

/// Cargo builds examples before it runs tests, beside the folder of the test programs.
fn test_kernel() -> PathBuf {
    let test = std::env::current_exe().expect("a program knows its path");
    let folder = test.parent().and_then(Path::parent);
    let kernel = folder
        .expect("tests lie below the build's folder")
        .join("examples/test_kernel");
    assert!(
        kernel.exists(),
        "{} is not built; run all tests, or `cargo build --examples` first",
        kernel.display()
    );
    kernel
}

#[track_caller]
fn run_or_explain(command: &mut Command, what: &str) {
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!(
            "cannot {what}\n{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => panic!("cannot {what}: {command:?}: {error}"),
    }
}
