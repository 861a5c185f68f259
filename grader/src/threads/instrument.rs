//! An instrumented standard library, made of the toolchain's own: the rlibs that a stable toolchain
//! ships carry LLVM bitcode, which its own linker runs ThreadSanitizer's passes over. Built once for
//! each toolchain.

use crate::parts::{self, Parts};
use anyhow::{Context, Result, anyhow, bail};
use object::read::archive::ArchiveFile;
use object::{Object, ObjectSection};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Our part of the runtime.
const RUNTIME: &str = include_str!("runtime.rs");
/// What is the same in all programs.
const HARNESS: &str = include_str!("harness.rs");

/// The target, the only one so far.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Libraries in which nothing is to be seen, or which the runtime itself needs.
const PLAIN: [&str; 6] = [
    "compiler_builtins",
    "unwind",
    "proc_macro",
    "rustc_std",
    "profiler",
    "test",
];
/// Atomic operations that the runtime's part of ours stands before.
const OPERATIONS: [&str; 10] = [
    "load",
    "store",
    "compare_exchange_val",
    "exchange",
    "fetch_add",
    "fetch_sub",
    "fetch_and",
    "fetch_or",
    "fetch_xor",
    "fetch_nand",
];

/// What programs are compiled against.
pub struct Instrumented {
    folder: PathBuf,
    runtime: PathBuf,
    /// Another one whenever it is made in another way.
    name: String,
}

/// Provides it, and makes it where it is not there yet.
///
/// # Errors
///
/// This toolchain lacks the runtime or the bitcode, or a tool is missing.
pub fn provide(parts: &Parts, progress: &mut dyn FnMut(&str)) -> Result<Instrumented> {
    let mut hasher = DefaultHasher::new();
    (RUNTIME, HARNESS, include_str!("instrument.rs")).hash(&mut hasher);
    let name = format!("threads-{:016x}", hasher.finish());
    let folder = parts.folder.join(&name);
    let libraries = parts.sysroot.join("lib/rustlib").join(TARGET).join("lib");
    let runtime = find(&libraries, "rt.tsan.a")
        .context("this toolchain has no runtime of ThreadSanitizer")?;
    let made = Instrumented {
        folder,
        runtime,
        name,
    };
    if made.folder.join("complete").exists() {
        return Ok(made);
    }
    std::fs::create_dir_all(&made.folder)
        .with_context(|| format!("cannot create {}", made.folder.display()))?;
    let _lock = parts::lock(&made.folder)?;
    if !made.folder.join("complete").exists() {
        progress(
            "instrumenting the standard library for runs with real threads (once, about 15 seconds)",
        );
        made.make(&libraries)?;
        std::fs::write(made.folder.join("complete"), "")?;
    }
    Ok(made)
}

impl Instrumented {
    fn sysroot(&self) -> PathBuf {
        self.folder.join("sysroot")
    }

    /// Flags that instrument a program.
    pub fn flags(&self) -> Vec<String> {
        vec![
            "--sysroot".into(),
            self.sysroot().display().to_string(),
            // Accesses that are moved out of their loops lose their lines, and seldom meet.
            "-Cllvm-args=-force-attribute=sanitize_thread -disable-licm-promotion \
             -enable-load-pre=false"
                .into(),
            "-Cpasses=forceattrs tsan-module function(tsan)".into(),
        ]
    }

    /// Flags that link the runtime.
    pub fn linked(&self) -> Vec<String> {
        let wrapped = [8, 16, 32, 64].iter().flat_map(|bits| {
            OPERATIONS.map(|operation| format!("__tsan_atomic{bits}_{operation}"))
        });
        let wrapped = wrapped.chain(["__tsan_atomic_thread_fence".to_owned()]);
        let runtime = self.runtime.display();
        let mut flags: Vec<String> = [
            "-Wl,--whole-archive".to_owned(),
            runtime.to_string(),
            "-Wl,--no-whole-archive".to_owned(),
            self.folder.join("runtime.o").display().to_string(),
        ]
        .into();
        flags.extend(wrapped.map(|name| format!("-Wl,--wrap={name}")));
        flags
            .into_iter()
            .map(|flag| format!("-Clink-arg={flag}"))
            .collect()
    }

    /// The library with the main function of programs, `tandem_threads`.
    pub fn harness(&self) -> PathBuf {
        self.folder.join("libtandem_threads.rlib")
    }

    fn make(&self, libraries: &Path) -> Result<()> {
        let source = self.folder.join("runtime.rs");
        std::fs::write(&source, RUNTIME)?;
        let mut rustc = parts::rustc();
        rustc.args(["--edition", "2024", "--crate-type", "lib", "--emit", "obj"]);
        rustc.args(["-O", "-Cpanic=abort", "-o"]);
        done(rustc.arg(self.folder.join("runtime.o")).arg(source))?;
        self.make_library(libraries)?;
        let source = self.folder.join("harness.rs");
        std::fs::write(&source, HARNESS)?;
        let mut rustc = parts::rustc();
        rustc.args(["--edition", "2024", "--crate-type", "rlib", "-Copt-level=2"]);
        rustc.args(["--crate-name", "tandem_threads", "-o"]);
        rustc.arg(self.harness()).arg(source).args(self.flags());
        done(&mut rustc)
    }

    /// Makes the standard library.
    fn make_library(&self, libraries: &Path) -> Result<()> {
        let place = self.sysroot().join("lib/rustlib").join(TARGET);
        std::fs::create_dir_all(place.join("lib"))?;
        let tools = place.join("bin");
        if !tools.exists() {
            std::os::unix::fs::symlink(libraries.with_file_name("bin"), tools)?;
        }
        for entry in std::fs::read_dir(libraries)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let new = place.join("lib").join(&name);
            let _ = std::fs::remove_file(&new);
            let plain = PLAIN.iter().any(|p| name.starts_with(&format!("lib{p}")));
            if !name.ends_with(".rlib") || plain {
                std::os::unix::fs::symlink(&path, &new)?;
                continue;
            }
            std::fs::copy(&path, &new)?;
            let linker = libraries.with_file_name("bin").join("rust-lld");
            self.instrument(&path, &new, &linker)
                .with_context(|| format!("cannot instrument {name}"))?;
        }
        Ok(())
    }

    /// Replaces the objects of an archive by instrumented ones.
    fn instrument(&self, from: &Path, to: &Path, linker: &Path) -> Result<()> {
        let folder = self.folder.join("objects");
        std::fs::create_dir_all(&folder)?;
        let data = std::fs::read(from)?;
        let archive = ArchiveFile::parse(data.as_slice())?;
        for member in archive.members() {
            let member = member?;
            let name = String::from_utf8_lossy(member.name()).into_owned();
            if !name.ends_with(".o") {
                continue;
            }
            let contents = member.data(data.as_slice())?;
            let bitcode = object::File::parse(contents)?
                .section_by_name(".llvmbc")
                .ok_or_else(|| anyhow!("it carries no bitcode"))?
                .data()?
                .to_vec();
            let (old, new) = (folder.join("bitcode"), folder.join(&name));
            std::fs::write(&old, bitcode)?;
            let mut link = Command::new(linker);
            link.args(["-flavor", "gnu", "-r"]).arg(&old).args([
                "--lto-newpm-passes=forceattrs,tsan-module,function(tsan)",
                "--lto-O1",
                "-mllvm",
                "-force-attribute=sanitize_thread",
                "-o",
            ]);
            done(link.arg(&new))?;
            done(Command::new("ar").arg("r").arg(to).arg(&new))?;
        }
        std::fs::remove_dir_all(folder)?;
        Ok(())
    }

    /// The published libraries, instrumented: name and file of each.
    pub fn published(
        &self,
        parts: &Parts,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Vec<(String, PathBuf)>> {
        parts::published_with(parts, &self.name, &self.flags(), progress)
    }
}

fn find(folder: &Path, end: &str) -> Option<PathBuf> {
    let mut files = std::fs::read_dir(folder).ok()?.flatten();
    let wanted = |name: &str| name.ends_with(end) && !name.contains("rtsan");
    files
        .find(|file| wanted(&file.file_name().to_string_lossy()))
        .map(|file| file.path())
}

fn done(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("cannot run {:?}", command.get_program()))?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
