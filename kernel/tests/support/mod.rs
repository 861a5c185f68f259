//! What the tests share: a data folder below the build's, prepared once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Condvar, Mutex, OnceLock};

/// The program under test.
pub fn program() -> &'static str {
    env!("CARGO_BIN_EXE_tandem")
}

/// A data folder with everything in it: JupyterLab, the prebuilt library, the kernelspec.
///
/// # Panics
/// Where it cannot be prepared: the message says what is missing.
pub fn data() -> &'static Path {
    static DATA: OnceLock<PathBuf> = OnceLock::new();
    DATA.get_or_init(|| {
        let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("data");
        std::fs::create_dir_all(&data).expect("the build folder can be written");
        // Test programs run one after the other, but two builds may share the folder.
        let lock =
            std::fs::File::create(data.join("lock")).expect("the data folder can be written");
        lock.lock().expect("the lock can be taken");
        let status = Command::new(program())
            .args(["lab", "--prepare"])
            .env("TANDEM_DATA_DIR", &data)
            .status()
            .expect("the program starts");
        assert!(status.success(), "`tandem lab --prepare` failed; see above");
        data
    })
}

/// The right to run a program that drives kernels. There are two: a machine with two cores has
/// work enough with them.
struct Slots(usize);

static FREE: (Mutex<usize>, Condvar) = (Mutex::new(2), Condvar::new());

impl Slots {
    fn take(count: usize) -> Slots {
        let free = FREE.0.lock().unwrap_or_else(|e| e.into_inner());
        let wait = FREE.1.wait_while(free, |free| *free < count);
        *wait.unwrap_or_else(|e| e.into_inner()) -= count;
        Slots(count)
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        *FREE.0.lock().unwrap_or_else(|e| e.into_inner()) += self.0;
        FREE.1.notify_all();
    }
}

/// Runs a Python program of `tests/client` in the lab's environment, with the kernel known.
///
/// # Panics
/// Where a test of it fails.
#[track_caller]
#[allow(dead_code)]
pub fn python(file: &str, arguments: &[&str]) {
    run(file, arguments, Slots::take(1));
}

/// As [`python`], while no other such program runs: kernels share their history.
///
/// # Panics
/// Where a test of it fails.
#[track_caller]
#[allow(dead_code)]
pub fn python_alone(file: &str) {
    run(file, &[], Slots::take(2));
}

#[track_caller]
fn run(file: &str, arguments: &[&str], _slots: Slots) {
    let data = data();
    let lab = data.join("lab");
    let status = Command::new(lab.join("bin/python"))
        .arg(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/client")
                .join(file),
        )
        .args(arguments)
        .env("TANDEM_DATA_DIR", data)
        .env("JUPYTER_PATH", lab.join("share/jupyter"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .status()
        .expect("the environment's Python starts");
    assert!(status.success(), "{file} failed; see above");
}
