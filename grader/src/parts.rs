//! The parts that are built once under each toolchain, into the user's cache: the library that
//! stands in for `std`, and the engine below it.

use anyhow::{Context, Result, bail};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The sources, by path.
const SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/parts.rs"));

/// Built parts.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The folder with the libraries.
    pub libraries: PathBuf,
    /// The library that stands in for `std`.
    pub std: PathBuf,
    /// What `rustc -vV` says.
    pub toolchain: String,
}

/// The cache folder of the user: `TANDEM_CACHE_DIR`, or `tandem` in the XDG cache folder.
///
/// # Errors
///
/// There is no home folder.
pub fn cache() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("TANDEM_CACHE_DIR") {
        return Ok(folder.into());
    }
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .context("no home folder: set TANDEM_CACHE_DIR to a folder for built parts")?;
    Ok(base.join("tandem"))
}

/// The compiler: `RUSTC`, or `rustc` on the path.
pub fn rustc() -> Command {
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    for variable in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC_BOOTSTRAP",
        "RUSTC_WRAPPER",
    ] {
        command.env_remove(variable);
    }
    command
}

/// Provides the parts for the present toolchain, and builds them where they are not there yet.
/// `progress` is told what takes time.
///
/// # Errors
///
/// There is no toolchain, or the parts do not build under it.
pub fn provide(progress: &mut dyn FnMut(&str)) -> Result<Parts> {
    let answer = rustc()
        .arg("-vV")
        .output()
        .context("cannot run rustc: install Rust from https://rustup.rs")?;
    if !answer.status.success() {
        bail!(
            "rustc -vV failed: {}",
            String::from_utf8_lossy(&answer.stderr).trim()
        );
    }
    let toolchain = String::from_utf8_lossy(&answer.stdout).into_owned();
    if !toolchain.contains("host: x86_64-unknown-linux-gnu") {
        bail!(
            "the checker works on x86_64 Linux only, so far; this toolchain is for another machine:\n{toolchain}"
        );
    }
    let mut hasher = DefaultHasher::new();
    (SOURCES, &toolchain).hash(&mut hasher);
    let folder = cache()?.join(format!("checker-{:016x}", hasher.finish()));
    let libraries = folder.join("target/release");
    let parts = Parts {
        std: libraries.join("libmodelled_std.rlib"),
        libraries: libraries.join("deps"),
        toolchain,
    };
    if folder.join("complete").exists() {
        return Ok(parts);
    }
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    // Two programs that start together must not build in the same folder.
    let lock = std::fs::File::create(folder.join("lock"))
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    // SAFETY: a descriptor of ours, open while the lock is needed.
    if unsafe { libc::flock(lock.as_raw_fd(), libc::LOCK_EX) } != 0 {
        bail!("cannot lock {}", folder.display());
    }
    if folder.join("complete").exists() {
        return Ok(parts);
    }
    progress("building the checker's library for this toolchain (once, about half a minute)");
    write_sources(&folder)?;
    build(&folder)?;
    std::fs::File::create(folder.join("complete"))?.write_all(parts.toolchain.as_bytes())?;
    Ok(parts)
}

fn write_sources(folder: &Path) -> Result<()> {
    for (name, text) in SOURCES {
        let name = name
            .strip_prefix("interleave/")
            .map_or((*name).to_owned(), |rest| format!("interleave/{rest}"));
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().context("below the folder")?)?;
        std::fs::write(path, text)?;
    }
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\"interleave\", \"interleave/std\"]\n\
         [workspace.package]\nversion = \"{}\"\nedition = \"2024\"\nrust-version = \"{}\"\nlicense = \"{}\"\n\
         [workspace.lints.rust]\n[profile.release]\ndebug = 0\n",
        env!("CARGO_PKG_VERSION"),
        env!("CARGO_PKG_RUST_VERSION"),
        env!("CARGO_PKG_LICENSE"),
    );
    std::fs::write(folder.join("Cargo.toml"), manifest)?;
    Ok(())
}

fn build(folder: &Path) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args([
            "build",
            "--release",
            "--quiet",
            "-p",
            "modelled-std",
            "--target-dir",
            "target",
        ])
        .current_dir(folder);
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy().into_owned();
        // The surrounding build's settings are not ours.
        let inherited = name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_BIN_")
            || name.starts_with("CARGO_PROFILE_");
        if inherited
            || [
                "RUSTFLAGS",
                "CARGO_ENCODED_RUSTFLAGS",
                "RUSTC_WRAPPER",
                "CARGO_TARGET_DIR",
                "CARGO_BUILD_TARGET",
                "RUSTC_BOOTSTRAP",
            ]
            .contains(&name.as_str())
        {
            command.env_remove(&variable);
        }
    }
    let output = command.output().context("cannot run cargo")?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!(
            "the checker's library does not build; the first build needs the network.\n{}",
            errors.trim()
        );
    }
    Ok(())
}
