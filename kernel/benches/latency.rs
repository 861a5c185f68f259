//! How long cells take in this kernel, in evcxr_jupyter and in ipykernel, in one run.
//!
//! `cargo bench -p tandem --bench latency [-- ROUNDS]`. evcxr_jupyter is measured where it is on
//! the PATH (or named by `EVCXR_JUPYTER`); ipykernel is in the lab's environment.

use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn main() {
    let program = env!("CARGO_BIN_EXE_tandem");
    let prepared = Command::new(program).args(["lab", "--prepare"]).status();
    assert!(
        prepared.is_ok_and(|status| status.success()),
        "`tandem lab --prepare` failed"
    );
    let doctor = Command::new(program)
        .args(["doctor", "--json"])
        .output()
        .expect("the program runs");
    let doctor: Value = serde_json::from_slice(&doctor.stdout).expect("the doctor answers in JSON");
    let python = Path::new(doctor["data"].as_str().unwrap_or_default()).join("lab/bin/python");
    let rounds = std::env::args()
        .filter_map(|word| word.parse::<u32>().ok())
        .next()
        .unwrap_or(9);
    let mut kernels = serde_json::Map::new();
    kernels.insert(
        "tandem".to_owned(),
        json!([program, "serve", "{connection_file}"]),
    );
    match evcxr() {
        Some(evcxr) => {
            kernels.insert(
                "evcxr_jupyter".to_owned(),
                json!([evcxr, "--control_file", "{connection_file}"]),
            );
        }
        None => eprintln!("evcxr_jupyter is not installed: `cargo install evcxr_jupyter --locked`"),
    }
    kernels.insert(
        "ipykernel".to_owned(),
        json!([
            python,
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}"
        ]),
    );
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/latency.py");
    let mut child = Command::new(&python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the lab's Python starts");
    let task = json!({"rounds": rounds, "kernels": kernels});
    let mut input = child.stdin.take().expect("a pipe");
    writeln!(input, "{task}").expect("the script reads its task");
    drop(input);
    let output = child.wait_with_output().expect("the script ends");
    let found: Value = serde_json::from_slice(&output.stdout).expect("the script answers in JSON");
    print(&found, kernels.keys().map(String::as_str).collect());
}

fn evcxr() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("EVCXR_JUPYTER") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join("evcxr_jupyter"))
        .find(|file| file.exists())
}

/// One line a cell: medians in milliseconds, and the ratio to evcxr_jupyter.
fn print(found: &Value, kernels: Vec<&str>) {
    print!("{:<22}", "median, ms");
    kernels.iter().for_each(|kernel| print!("{kernel:>15}"));
    println!("{:>10}", "ratio");
    let row = |label: &str, times: &dyn Fn(&str) -> f64| -> f64 {
        print!("{label:<22}");
        kernels
            .iter()
            .for_each(|kernel| print!("{:>15.0}", times(kernel) * 1000.0));
        let ratio = times("tandem") / times("evcxr_jupyter");
        println!("{ratio:>10.2}");
        ratio
    };
    row("first reply", &|kernel| {
        found["info"][kernel].as_f64().unwrap_or(f64::NAN)
    });
    row("first cell", &|kernel| {
        found["first_cell"][kernel].as_f64().unwrap_or(f64::NAN)
    });
    let mut logarithms = Vec::new();
    for cell in found["cells"].as_array().into_iter().flatten() {
        let label = cell["cell"].as_str().unwrap_or_default();
        let ratio = row(label, &|kernel| {
            cell["median"][kernel].as_f64().unwrap_or(f64::NAN)
        });
        if label != "100,000 lines" {
            logarithms.push(ratio.ln());
        }
    }
    let mean = (logarithms.iter().sum::<f64>() / logarithms.len().max(1) as f64).exp();
    println!("geometric mean of the ratios, without the 100,000 lines: {mean:.2}");
}
