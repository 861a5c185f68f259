//! `tandem lab`: an environment of its own, the kernelspec, JupyterLab.

mod trust;

use crate::{files, install};
use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

/// The packages of the environment.
const REQUIREMENTS: &str = include_str!("lab/requirements.txt");

/// Where the environment is.
pub fn environment() -> PathBuf {
    files::data().join("lab")
}

/// The environment's Python, if the environment is whole.
pub fn environment_python() -> Option<PathBuf> {
    let folder = environment();
    let stamp = std::fs::read_to_string(folder.join("tandem-stamp")).ok()?;
    let python = folder.join("bin/python");
    (stamp == REQUIREMENTS && python.exists()).then_some(python)
}

/// Shows that something takes its time, until it is dropped.
fn busy(text: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(text.to_owned());
    bar.set_style(
        ProgressStyle::with_template("{spinner} {msg} ({elapsed})").expect("a valid template"),
    );
    bar.enable_steady_tick(Duration::from_millis(120));
    if bar.is_hidden() {
        eprintln!("{text} ...");
    }
    bar
}

/// JupyterLab's settings where the user has none: no question about news in front of the notebook.
const SETTINGS: &str = r#"{
  "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}
}
"#;

/// `tandem lab`
pub fn lab(
    directory: Option<PathBuf>,
    no_browser: bool,
    port: Option<u16>,
    prepare_only: bool,
) -> anyhow::Result<ExitCode> {
    let directory = match directory {
        Some(directory) => directory,
        None if Path::new("notebooks").is_dir() => "notebooks".into(),
        None => ".".into(),
    };
    if !directory.is_dir() {
        bail!("{} is no folder", directory.display());
    }
    let python = prepare()?;
    if prepare_only {
        println!("everything is ready; start with `tandem lab`");
        return Ok(ExitCode::SUCCESS);
    }
    trust::course(&directory, &python, &files::data());
    let mut command = Command::new(python);
    command
        .args(["-m", "jupyterlab", "--ServerApp.root_dir"])
        .arg(std::fs::canonicalize(&directory)?)
        .arg("--LabApp.news_url=None")
        .arg("--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate");
    if no_browser {
        command.arg("--no-browser");
    }
    if let Some(port) = port {
        command.arg(format!("--port={port}"));
    }
    // SAFETY: no arguments, cannot fail.
    if unsafe { libc::geteuid() } == 0 {
        command.arg("--allow-root");
    }
    // Ctrl-C reaches JupyterLab too, which ends its kernels and then itself; this waits for it.
    // SAFETY: plain system call.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
    // SAFETY: only system calls between fork and exec.
    unsafe {
        use std::os::unix::process::CommandExt;
        command.pre_exec(|| {
            libc::signal(libc::SIGINT, libc::SIG_DFL);
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
            Ok(())
        });
    }
    let status = command.status().context("cannot start JupyterLab")?;
    Ok(ExitCode::from(status.code().unwrap_or(130) as u8))
}

/// Makes everything ready, and answers the environment's Python. What is ready is left alone.
pub fn prepare() -> anyhow::Result<PathBuf> {
    crate::doctor::require()?;
    let data = files::data();
    std::fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
    let mut bar: Option<ProgressBar> = None;
    tandem_evcxr::prepare(&data, &mut |step| match &bar {
        None => bar = Some(busy(step)),
        Some(bar) => bar.set_message(format!("building the library of the Rust cells: {step}")),
    })?;
    drop(bar);
    let python = match environment_python() {
        Some(python) => python,
        None => make_environment()?,
    };
    install::write_spec(&environment().join("share/jupyter/kernels"))?;
    let settings = environment().join("share/jupyter/lab/settings");
    std::fs::create_dir_all(&settings)
        .with_context(|| format!("cannot make {}", settings.display()))?;
    files::write(&settings.join("overrides.json"), SETTINGS.as_bytes())?;
    Ok(python)
}

fn make_environment() -> anyhow::Result<PathBuf> {
    let folder = environment();
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let bar = busy("making a Python environment for JupyterLab");
    step(
        Command::new("python3").args(["-m", "venv"]).arg(&folder),
        "cannot make a Python environment; on Debian or Ubuntu type `sudo apt install python3-venv`",
    )?;
    drop(bar);
    let bar = busy("installing JupyterLab into it (once)");
    let list = folder.join("requirements.txt");
    files::write(&list, REQUIREMENTS.as_bytes())?;
    let python = folder.join("bin/python");
    step(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(&list),
        "cannot install JupyterLab; is there a network?",
    )?;
    drop(bar);
    files::write(&folder.join("tandem-stamp"), REQUIREMENTS.as_bytes())?;
    Ok(python)
}

fn step(command: &mut Command, otherwise: &str) -> anyhow::Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .context(otherwise.to_owned())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().rev().take(6).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    bail!("{otherwise}\n{}", last.join("\n"))
}
