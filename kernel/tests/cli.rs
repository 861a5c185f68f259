//! The command line, as processes.

mod support;

use assert_cmd::Command;
use std::path::Path;

fn tandem() -> Command {
    let mut command = Command::new(support::program());
    command.env("TANDEM_DATA_DIR", support::data());
    command
}

fn notebook(folder: &Path, cells: &[&str]) -> std::path::PathBuf {
    let cells: Vec<_> = cells
        .iter()
        .enumerate()
        .map(|(at, source)| {
            serde_json::json!({"cell_type": "code", "id": format!("c{at}"), "metadata": {},
                "execution_count": null, "outputs": [], "source": source})
        })
        .collect();
    let text = serde_json::json!({"cells": cells, "metadata": {"own": {"kept": true}},
        "nbformat": 4, "nbformat_minor": 5});
    let path = folder.join("test.ipynb");
    std::fs::write(&path, text.to_string()).unwrap();
    path
}

fn read(path: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_notebook_is_run_and_its_outputs_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = notebook(
        folder.path(),
        &["let a = 20;", "%%python\nprint('hi')", "a + 1"],
    );
    tandem().arg("run").arg(&path).assert().success();
    let ran = read(&path);
    assert_eq!(ran["cells"][1]["outputs"][0]["text"][0], "hi\n");
    assert_eq!(ran["cells"][2]["outputs"][0]["data"]["text/plain"][0], "21");
    assert_eq!(ran["metadata"]["own"]["kept"], true);
}

#[test]
fn the_first_failing_cell_is_named_and_the_rest_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = notebook(folder.path(), &["1", "panic!(\"on purpose\")", "3"]);
    let failed = tandem().arg("run").arg(&path).assert().code(1);
    let said = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
    assert!(
        said.contains("cell 2 failed") && said.contains("on purpose"),
        "{said}"
    );
    let ran = read(&path);
    assert_eq!(ran["cells"][1]["outputs"][0]["ename"], "panic");
    assert_eq!(ran["cells"][2]["outputs"], serde_json::json!([]));
}

#[test]
fn a_cell_that_takes_too_long_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path = notebook(folder.path(), &["loop {}"]);
    let failed = tandem()
        .arg("run")
        .arg(&path)
        .args(["--timeout", "2"])
        .assert()
        .code(1);
    assert!(String::from_utf8_lossy(&failed.get_output().stderr).contains("longer than 2 s"));
}

#[test]
fn what_is_no_notebook_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.ipynb");
    std::fs::write(&path, "{ not json").unwrap();
    let failed = tandem().arg("run").arg(&path).assert().code(1);
    assert!(String::from_utf8_lossy(&failed.get_output().stderr).contains("broken.ipynb"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{ not json");
    tandem().args(["run", "/no/such.ipynb"]).assert().code(1);
}

#[test]
fn the_kernel_can_be_installed_below_a_prefix_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    tandem()
        .args(["install", "--prefix"])
        .arg(folder.path())
        .assert()
        .success();
    let spec = read(
        &folder
            .path()
            .join("share/jupyter/kernels/tandem/kernel.json"),
    );
    assert_eq!(spec["display_name"], "Tandem (Rust + Python)");
    assert_eq!(spec["language"], "rust");
    tandem()
        .args(["uninstall", "--prefix"])
        .arg(folder.path())
        .assert()
        .success();
    assert!(!folder.path().join("share/jupyter/kernels/tandem").exists());
    tandem()
        .args(["uninstall", "--prefix"])
        .arg(folder.path())
        .assert()
        .code(1);
}

#[test]
fn a_second_start_of_the_lab_needs_no_network() {
    support::data();
    tandem()
        .args(["lab", "--prepare"])
        .env("PIP_INDEX_URL", "http://127.0.0.1:9/")
        .env("CARGO_NET_OFFLINE", "true")
        .assert()
        .success();
}

#[test]
fn the_doctor_says_what_is_there() {
    let found = tandem().args(["doctor", "--json"]).assert().success();
    let json: serde_json::Value = serde_json::from_slice(&found.get_output().stdout).unwrap();
    let checks = json["checks"].as_array().unwrap();
    for name in [
        "rustc",
        "rust-src",
        "python3",
        "cores",
        "context switches",
        "JupyterLab",
    ] {
        assert!(checks.iter().any(|check| check["name"] == name), "{name}");
    }
    // Without tools on the PATH the message says what to type.
    let missing = tandem().arg("doctor").env("PATH", "").assert().code(1);
    assert!(String::from_utf8_lossy(&missing.get_output().stdout).contains("rustup"));
}

#[test]
fn help_version_and_completions_are_there() {
    tandem().arg("--version").assert().success();
    for shell in ["bash", "zsh", "fish"] {
        tandem().args(["completions", shell]).assert().success();
    }
    let help = tandem().arg("--help").assert().success();
    assert!(String::from_utf8_lossy(&help.get_output().stdout).contains("Exit status"));
    tandem().arg("no-such-command").assert().code(2);
}
