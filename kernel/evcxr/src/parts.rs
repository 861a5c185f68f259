//! What Rust cells need before the first one runs: the toolchain, the worker program, and the
//! library that all cells share, built once per toolchain into the user's data folder.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The worker program, built with this library.
const WORKER: &[u8] = include_bytes!(env!("TANDEM_WORKER"));
/// The source of the crate `tandem` that cells use: files of `src`, and texts.
const PRELUDE: [(&str, &str); 2] = [
    ("lib.rs", include_str!("../prelude/lib.rs")),
    ("picture.rs", include_str!("../prelude/picture.rs")),
];
/// Crates that every cell can use.
pub const CRATES: &[(&str, &str)] = &[
    ("rayon", "\"1\""),
    ("parking_lot", "\"0.12\""),
    ("crossbeam-channel", "\"0.5\""),
    ("serde", "{ version = \"1\", features = [\"derive\"] }"),
    ("serde_json", "\"1\""),
];

/// Called with what is being done now, for steps that take long.
pub type Progress<'a> = &'a mut dyn FnMut(&str);

/// Why Rust cells cannot run here.
#[derive(Debug, thiserror::Error)]
pub enum PartsError {
    /// There is no compiler.
    #[error(
        "Rust cells need rustc and cargo, which are not on the PATH. Install them from https://rustup.rs"
    )]
    NoRustc,
    /// rust-analyzer cannot read the standard library.
    #[error(
        "Rust cells need the source of the standard library. Type `rustup component add rust-src`"
    )]
    NoSource,
    /// The shared library does not build.
    #[error("the library of the Rust cells could not be built: {0}")]
    Prelude(String),
    /// Something in the data folder cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> PartsError + use<> {
    let path = path.to_owned();
    move |error| PartsError::Io { path, error }
}

/// Everything that is ready for use.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The worker program.
    pub worker: PathBuf,
    /// The real rustc, not rustup's proxy.
    pub rustc: PathBuf,
    /// The real cargo.
    pub cargo: PathBuf,
    /// The shared library `libtandem.so`.
    pub library: PathBuf,
    /// `--extern` and `-L` arguments for a cell.
    pub externs: Vec<String>,
    /// Where the library's project is.
    pub project: PathBuf,
}

/// Prepares everything ahead of the first cell. Quick when it was done before.
///
/// # Errors
/// What is missing, and what to type.
pub fn prepare(data: &Path, progress: Progress) -> Result<(), PartsError> {
    Parts::find(data, &[], progress).map(drop)
}

impl Parts {
    /// Finds the parts, and makes those that are not there; `more` are dependencies that this
    /// session has added (name and requirement).
    pub fn find(
        data: &Path,
        more: &[(String, String)],
        progress: Progress,
    ) -> Result<Parts, PartsError> {
        let sysroot = output("rustc", &["--print", "sysroot"]).ok_or(PartsError::NoRustc)?;
        let sysroot = PathBuf::from(sysroot);
        let source = sysroot.join("lib/rustlib/src/rust/library/std/src/lib.rs");
        if !source.exists() {
            return Err(PartsError::NoSource);
        }
        let rustc = sysroot.join("bin/rustc");
        let cargo = Some(sysroot.join("bin/cargo"))
            .filter(|cargo| cargo.exists())
            .unwrap_or_else(|| PathBuf::from("cargo"));
        let version = output(&rustc, &["-vV"]).ok_or(PartsError::NoRustc)?;
        let mut hasher = DefaultHasher::new();
        (WORKER, PRELUDE, &version, CRATES, env!("CARGO_PKG_VERSION")).hash(&mut hasher);
        let folder = data.join("rust").join(format!("{:016x}", hasher.finish()));
        fs::create_dir_all(&folder).map_err(at(&folder))?;
        let worker = folder.join("worker");
        if !worker.exists() {
            write_program(&worker)?;
        }
        let project = match more {
            [] => folder.join("library"),
            _ => {
                let mut hasher = DefaultHasher::new();
                more.hash(&mut hasher);
                folder.join(format!("library-{:016x}", hasher.finish()))
            }
        };
        let libraries = output(&rustc, &["--print", "target-libdir"]).ok_or(PartsError::NoRustc)?;
        let list = project.join("externs");
        // Kernels that start at the same time: one builds, the others wait.
        let lock = folder.join("lock");
        let lock = fs::File::create(&lock).map_err(at(&lock))?;
        if !list.exists() && lock.lock().is_ok() && !list.exists() {
            let tools = Tools {
                cargo: &cargo,
                // Found also by another process than rustc's own children.
                flags: format!("-Cprefer-dynamic -Clink-arg=-Wl,-rpath,{libraries}"),
            };
            let target = folder.join("target");
            build_library(&project, &target, &tools, more, &list, progress)?;
        }
        let externs: Vec<String> = fs::read_to_string(&list)
            .map_err(at(&list))?
            .lines()
            .map(str::to_owned)
            .collect();
        let library = externs
            .iter()
            .find_map(|line| line.strip_prefix("--extern=tandem="))
            .map(PathBuf::from)
            .ok_or_else(|| PartsError::Prelude("its list of parts is damaged".to_owned()))?;
        Ok(Parts {
            worker,
            rustc,
            cargo,
            library,
            externs,
            project,
        })
    }
}

fn output(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}

fn write_program(path: &Path) -> Result<(), PartsError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut new = tempfile::NamedTempFile::new_in(folder).map_err(at(folder))?;
    new.write_all(WORKER).map_err(at(path))?;
    let mode = fs::Permissions::from_mode(0o755);
    new.as_file().set_permissions(mode).map_err(at(path))?;
    new.persist(path).map_err(|error| at(path)(error.error))?;
    Ok(())
}

struct Tools<'a> {
    cargo: &'a Path,
    flags: String,
}

/// Fetches what the crates need on other systems. It is not built; but without it cargo describes no
/// dependencies offline, and nothing is known of a crate's documentation. Cells run without it.
fn fetch(project: &Path, cargo: &Path) {
    let _ = Command::new(cargo)
        .args(["fetch", "--quiet"])
        .env("CARGO_NET_RETRY", "0")
        .current_dir(project)
        .stdin(Stdio::null())
        .output();
}

fn build_library(
    project: &Path,
    target: &Path,
    tools: &Tools,
    more: &[(String, String)],
    list: &Path,
    progress: Progress,
) -> Result<(), PartsError> {
    progress("building the library of the Rust cells (once)");
    fs::create_dir_all(project.join("src")).map_err(at(project))?;
    let own = CRATES
        .iter()
        .map(|(name, version)| (name.to_string(), version.to_string()));
    let dependencies: Vec<(String, String)> = own
        .filter(|(name, _)| !more.iter().any(|(other, _)| other == name))
        .chain(more.iter().cloned())
        .collect();
    let lines: Vec<String> = dependencies
        .iter()
        .map(|(name, version)| format!("{name} = {version}"))
        .collect();
    let manifest = format!(
        "[package]\nname = \"tandem\"\nversion = \"{}\"\nedition = \"2024\"\n\n[lib]\npath = \"src/lib.rs\"\n\
         crate-type = [\"dylib\"]\n\n[dependencies]\n{}\n\n[profile.release]\nopt-level = 2\n\n[workspace]\n",
        env!("CARGO_PKG_VERSION"),
        lines.join("\n")
    );
    let uses: Vec<String> = dependencies
        .iter()
        .map(|(name, _)| format!("extern crate {} as _;", name.replace('-', "_")))
        .collect();
    let write = |name: &str, text: String| {
        let path = project.join(name);
        fs::write(&path, text).map_err(at(&path))
    };
    write("Cargo.toml", manifest)?;
    for (name, text) in PRELUDE {
        // The crates that cells use, so that each of them is linked once, into this library.
        let uses = if name == "lib.rs" {
            uses.join("\n")
        } else {
            String::new()
        };
        write(&format!("src/{name}"), format!("{text}\n{uses}\n"))?;
    }
    let mut child = Command::new(tools.cargo)
        .args([
            "build",
            "--release",
            "--message-format=json",
            "--target-dir",
        ])
        .arg(target)
        .current_dir(project)
        .env("RUSTFLAGS", &tools.flags)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(at(tools.cargo))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let messages = std::thread::spawn(move || {
        let mut text = Vec::new();
        let read = stdout.map(|mut stdout| stdout.read_to_end(&mut text));
        read.and_then(Result::ok).map(|_| text).unwrap_or_default()
    });
    let mut errors = Vec::new();
    for line in stderr
        .into_iter()
        .flat_map(|said| BufReader::new(said).lines())
    {
        let line = line.unwrap_or_default();
        let crate_name = |line: &str| Some(line.split_whitespace().nth(1)?.to_owned());
        match line.trim_start() {
            line if line.starts_with("Compiling ") || line.starts_with("Downloaded ") => {
                progress(&format!(
                    "compiling {}",
                    crate_name(line).unwrap_or_default()
                ));
            }
            _ => errors.push(line),
        }
    }
    let status = child.wait().map_err(at(tools.cargo))?;
    let messages = messages.join().unwrap_or_default();
    if !status.success() {
        return Err(PartsError::Prelude(errors.join("\n")));
    }
    fetch(project, tools.cargo);
    let wanted: Vec<String> = dependencies
        .iter()
        .map(|(name, _)| name.replace('-', "_"))
        .chain(["tandem".to_owned()])
        .collect();
    let mut externs = vec![format!(
        "-Ldependency={}",
        target.join("release/deps").display()
    )];
    for line in String::from_utf8_lossy(&messages).lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else {
            continue;
        };
        let name = message["target"]["name"]
            .as_str()
            .unwrap_or_default()
            .replace('-', "_");
        if message["reason"] != "compiler-artifact" || !wanted.contains(&name) {
            continue;
        }
        let files = message["filenames"].as_array().cloned().unwrap_or_default();
        let file = files
            .iter()
            .filter_map(|file| file.as_str())
            .find(|file| file.ends_with(".rlib") || file.ends_with(".so"));
        if let Some(file) = file {
            externs.push(format!("--extern={name}={}", keep(project, &name, file)?));
        }
    }
    let new = list.with_extension("new");
    fs::write(&new, externs.join("\n")).map_err(at(&new))?;
    fs::rename(&new, list).map_err(at(list))
}

/// The shared library is copied beside its project: another build with other dependencies
/// would overwrite it.
fn keep(project: &Path, name: &str, file: &str) -> Result<String, PartsError> {
    if name != "tandem" {
        return Ok(file.to_owned());
    }
    let kept = project.join("libtandem.so");
    fs::copy(file, &kept).map_err(at(&kept))?;
    Ok(kept.display().to_string())
}
