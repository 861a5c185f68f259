//! The parts that are built once under each toolchain, into the user's cache: the library that
//! stands in for `std`, on each of the engines.

use anyhow::{Context, Result, bail};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// The sources, by path.
const SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/parts.rs"));

/// Built parts.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The folder with the libraries.
    pub libraries: PathBuf,
    /// What `rustc -vV` says.
    pub toolchain: String,
    /// The toolchain's folder.
    pub sysroot: PathBuf,
    /// The folder of all parts.
    pub folder: PathBuf,
}

/// What stands below the library that a program is compiled against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The one that explores interleavings.
    Interleave,
    /// The one that simulates cores.
    VirtualTime,
}

impl Engine {
    /// The compiler flags that make a program visible to the engine: LLVM's ThreadSanitizer pass,
    /// for all accesses, or for atomic operations only, which leaves all others as fast as they are.
    pub fn instrumentation(self) -> Vec<String> {
        let mut llvm = String::from("llvm-args=-force-attribute=sanitize_thread");
        if self == Engine::VirtualTime {
            for kind in ["memory-accesses", "func-entry-exit", "memintrinsics"] {
                llvm += &format!(" -tsan-instrument-{kind}=0");
            }
        }
        let passes = "passes=forceattrs tsan-module function(tsan)";
        ["-C", passes, "-C", &llvm].map(str::to_owned).to_vec()
    }

    /// The prefix of the libraries' names.
    fn prefix(self) -> &'static str {
        match self {
            Engine::Interleave => "modelled",
            Engine::VirtualTime => "timed",
        }
    }
}

impl Parts {
    /// The library that stands in for `std`.
    pub fn std(&self, engine: Engine) -> PathBuf {
        self.library(&format!("{}_std", engine.prefix()))
    }

    /// The main function of programs that are measured by the clock: a library, and its name.
    pub fn clock(&self) -> (String, PathBuf) {
        let name = "timed_clock".to_owned();
        let file = self.library(&name);
        (name, file)
    }

    fn library(&self, name: &str) -> PathBuf {
        let release = self.libraries.parent().unwrap_or(&self.libraries);
        release.join(format!("lib{name}.rlib"))
    }
}

/// Published libraries, built as they are, for the compiler's own messages, and against the library
/// that stands in for `std`.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// Name and file of each, as they are.
    pub native: Vec<(String, PathBuf)>,
    /// Name and file of each, on the engine.
    pub modelled: Vec<(String, PathBuf)>,
}

/// The published libraries that submissions may use, and what stands for each in the model: itself
/// built from its sources, or nothing where the model has a twin.
const PUBLISHED: &[(&str, &str, bool)] = &[
    ("rayon", "1", true),
    ("crossbeam", "0.8", true),
    ("crossbeam-channel", "0.5", true),
    ("crossbeam-utils", "0.8", true),
    ("crossbeam-epoch", "0.9", true),
    ("crossbeam-deque", "0.8", true),
    ("crossbeam-queue", "0.3", true),
    ("parking_lot", "0.12", false),
];

/// The only target so far.
const TARGET: &str = "x86_64-unknown-linux-gnu";

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

/// The parts that were provided last, and when their compiler was written.
static PROVIDED: Mutex<Option<(Parts, SystemTime)>> = Mutex::new(None);

/// Provides the parts for the present toolchain, and builds them where they are not there yet.
/// `progress` is told what takes time.
///
/// # Errors
///
/// There is no toolchain, or the parts do not build under it.
pub fn provide(progress: &mut dyn FnMut(&str)) -> Result<Parts> {
    // A check asks several times, and the compiler takes a while to say which one it is.
    let mut provided = PROVIDED.lock().unwrap_or_else(PoisonError::into_inner);
    let written = |parts: &Parts| std::fs::metadata(parts.sysroot.join("bin/rustc"))?.modified();
    if let Some((parts, at)) = &*provided
        && written(parts).is_ok_and(|now| now == *at)
        && parts.folder.join("complete").exists()
    {
        return Ok(parts.clone());
    }
    let parts = look(progress)?;
    *provided = written(&parts).ok().map(|at| (parts.clone(), at));
    Ok(parts)
}

fn look(progress: &mut dyn FnMut(&str)) -> Result<Parts> {
    let ask = |arguments: &[&str]| {
        rustc()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run rustc: install Rust from https://rustup.rs")
    };
    let answered = |asked: Child| {
        let answer = asked.wait_with_output()?;
        if !answer.status.success() {
            bail!(
                "rustc -vV failed: {}",
                String::from_utf8_lossy(&answer.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
    };
    // Both at once: each takes some milliseconds.
    let (version, sysroot) = (ask(&["-vV"])?, ask(&["--print", "sysroot"])?);
    let (toolchain, sysroot) = (answered(version)?, answered(sysroot)?);
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
        libraries: libraries.join("deps"),
        toolchain,
        sysroot: sysroot.trim().into(),
        folder: folder.clone(),
    };
    if folder.join("complete").exists() {
        return Ok(parts);
    }
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let _lock = lock(&folder)?;
    if folder.join("complete").exists() {
        return Ok(parts);
    }
    progress("building the checker's library for this toolchain (once, about half a minute)");
    write_sources(&folder)?;
    build(&folder)?;
    std::fs::File::create(folder.join("complete"))?.write_all(parts.toolchain.as_bytes())?;
    Ok(parts)
}

/// Two programs that start together must not build in the same folder.
pub(crate) fn lock(folder: &Path) -> Result<std::fs::File> {
    let lock = std::fs::File::create(folder.join("lock"))
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    // SAFETY: a descriptor of ours, open while the lock is needed.
    if unsafe { libc::flock(lock.as_raw_fd(), libc::LOCK_EX) } != 0 {
        bail!("cannot lock {}", folder.display());
    }
    Ok(lock)
}

/// Whether a text may use one of the published libraries.
pub fn mentions_published(text: &str) -> bool {
    PUBLISHED
        .iter()
        .any(|(name, ..)| text.contains(&name.replace('-', "_")))
}

/// Whether this is the name of a published library that programs may use.
pub fn is_published(name: &str) -> bool {
    PUBLISHED
        .iter()
        .any(|(published, ..)| published.replace('-', "_") == name)
}

/// Provides the published libraries for the present toolchain, as they are and on an engine.
///
/// # Errors
///
/// They do not build, or cannot be fetched the first time.
pub fn provide_published(
    parts: &Parts,
    engine: Engine,
    progress: &mut dyn FnMut(&str),
) -> Result<Published> {
    let folder = parts.folder.join("published");
    let flavour = engine.prefix();
    let _lock = project(&folder, flavour, progress)?;
    let complete = |name: &str| folder.join(format!("{name}.complete"));
    if !complete(flavour).exists() {
        let mut flags = engine.instrumentation();
        let open = parts.library(&format!("{flavour}_std_open"));
        for name in ["std", "core"] {
            flags.push("--extern".into());
            flags.push(format!("{name}={}", open.display()));
        }
        flags.push("-L".into());
        flags.push(format!("dependency={}", parts.libraries.display()));
        flags.extend(["--cap-lints".into(), "allow".into()]);
        let own = PUBLISHED.iter().filter(|p| p.2).map(|(name, ..)| *name);
        build_published(&folder, flavour, &flags, own)?;
        std::fs::write(complete(flavour), "")?;
    }
    let mut published = Published::default();
    for (name, _, own) in PUBLISHED {
        let name = name.replace('-', "_");
        let native = find(&folder.join("native/release/deps"), &name)?;
        published.native.push((name.clone(), native));
        let modelled = match (own, engine) {
            (true, _) => find(
                &folder.join(flavour).join(TARGET).join("release/deps"),
                &name,
            )?,
            (false, Engine::Interleave) => parts.library(&name),
            (false, Engine::VirtualTime) => parts.library(&format!("timed_{name}")),
        };
        published.modelled.push((name, modelled));
    }
    Ok(published)
}

/// Provides the published libraries, all from their own sources, compiled with `flags`.
///
/// # Errors
///
/// They do not build, or cannot be fetched the first time.
pub(crate) fn published_with(
    parts: &Parts,
    flavour: &str,
    flags: &[String],
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<(String, PathBuf)>> {
    let folder = parts.folder.join("published");
    let _lock = project(&folder, flavour, progress)?;
    let complete = folder.join(format!("{flavour}.complete"));
    if !complete.exists() {
        let all = PUBLISHED.iter().map(|(name, ..)| *name);
        build_published(&folder, flavour, flags, all)?;
        std::fs::write(complete, "")?;
    }
    let built = folder.join(flavour).join(TARGET).join("release/deps");
    let names = PUBLISHED.iter().map(|(name, ..)| name.replace('-', "_"));
    names
        .map(|name| find(&built, &name).map(|file| (name, file)))
        .collect()
}

/// The project that builds the published libraries, locked, with those that are as they are built.
fn project(folder: &Path, flavour: &str, progress: &mut dyn FnMut(&str)) -> Result<std::fs::File> {
    std::fs::create_dir_all(folder.join("src"))
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let lock = lock(folder)?;
    if !folder.join(format!("{flavour}.complete")).exists() {
        progress(
            "building rayon, crossbeam and parking_lot for the checker (once, about half a minute)",
        );
    }
    if !folder.join("native.complete").exists() {
        let dependencies: String = PUBLISHED
            .iter()
            .map(|(name, version, _)| format!("{name} = \"{version}\"\n"))
            .collect();
        let manifest = format!(
            "[workspace]\n[package]\nname = \"published\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             [dependencies]\n{dependencies}[profile.release]\ndebug = \"line-tables-only\"\n"
        );
        std::fs::write(folder.join("Cargo.toml"), manifest)?;
        std::fs::write(folder.join("src/lib.rs"), "")?;
        run(cargo(folder).args(["build", "--release", "--quiet", "--target-dir", "native"]))?;
        std::fs::write(folder.join("native.complete"), "")?;
    }
    Ok(lock)
}

/// Builds some of the published libraries with flags of their own.
fn build_published<'a>(
    folder: &Path,
    flavour: &str,
    flags: &[String],
    names: impl Iterator<Item = &'a str>,
) -> Result<()> {
    let mut command = cargo(folder);
    command.args(["build", "--release", "--quiet", "--target-dir", flavour]);
    command.args(["--target", TARGET]);
    for name in names {
        command.args(["-p", name]);
    }
    run(command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")))
}

fn find(folder: &Path, name: &str) -> Result<PathBuf> {
    let prefix = format!("lib{name}-");
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let path = entry?.path();
        let file = path
            .file_name()
            .map(|f| f.to_string_lossy().into_owned())
            .unwrap_or_default();
        if file.starts_with(&prefix) && file.ends_with(".rlib") {
            return Ok(path);
        }
    }
    bail!("{name} was not built")
}

fn write_sources(folder: &Path) -> Result<()> {
    for (name, text) in SOURCES {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().context("below the folder")?)?;
        std::fs::write(path, text)?;
    }
    let members: Vec<String> = ["interleave", "virtual-time"]
        .iter()
        .flat_map(|e| ["", "/std", "/open", "/parking_lot"].map(|p| format!("{e}{p}")))
        .chain(["virtual-time/clock".to_owned()])
        .map(|member| format!("\"{member}\""))
        .collect();
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\"fibers\", \"reports\", {}]\n\
         [workspace.package]\nversion = \"{}\"\nedition = \"2024\"\nrust-version = \"{}\"\nlicense = \"{}\"\n\
         [workspace.lints.rust]\n[profile.release]\ndebug = 0\n",
        members.join(", "),
        env!("CARGO_PKG_VERSION"),
        env!("CARGO_PKG_RUST_VERSION"),
        env!("CARGO_PKG_LICENSE"),
    );
    std::fs::write(folder.join("Cargo.toml"), manifest)?;
    Ok(())
}

fn build(folder: &Path) -> Result<()> {
    let mut command = cargo(folder);
    command.args(["build", "--release", "--quiet", "--target-dir", "target"]);
    for flavour in ["modelled", "timed"] {
        for part in ["std", "std-open", "parking-lot"] {
            command.args(["-p", &format!("{flavour}-{part}")]);
        }
    }
    command.args(["-p", "timed-clock"]);
    run(&mut command)
}

/// cargo, in a folder of the cache, without the settings of a surrounding build.
fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder);
    const SETTINGS: [&str; 6] = [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC_WRAPPER",
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET",
        "RUSTC_BOOTSTRAP",
    ];
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy().into_owned();
        let inherited = ["CARGO_PKG_", "CARGO_BIN_", "CARGO_PROFILE_"]
            .iter()
            .any(|p| name.starts_with(p));
        if inherited || SETTINGS.contains(&name.as_str()) {
            command.env_remove(&variable);
        }
    }
    command
}

fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .context("cannot run cargo: install Rust from https://rustup.rs")?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!(
            "the checker's library does not build; the first build needs the network.\n{}",
            errors.trim()
        );
    }
    Ok(())
}
