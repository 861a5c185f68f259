//! Compiles a submission: as it is, for the compiler's own messages, and against the modelled
//! library, instrumented, to be explored.

use crate::parts::{Engine, Parts, Published, rustc};
use crate::source::{Source, entry_function};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What to compile.
#[derive(Clone, Debug)]
pub struct Program {
    /// The submission.
    pub submission: Source,
    /// The check; none: the submission has its own entries.
    pub check: Option<Source>,
    /// The edition.
    pub edition: String,
    /// The optimisation level of the explored program.
    pub opt_level: u8,
}

/// What came of it.
pub enum Compiled {
    /// The explored program, and the compiler's warnings.
    Program(PathBuf, String),
    /// It does not compile: the compiler's messages.
    Rejected(String),
    /// It compiles as it is, but not in the model: the compiler's messages there.
    Unmodelled(String),
}

/// Compiles in `folder`, which is the program's own.
///
/// # Errors
///
/// The compiler cannot be run, or the folder not be written to.
pub fn compile(
    program: &Program,
    parts: &Parts,
    published: &Published,
    folder: &Path,
    color: bool,
) -> Result<Compiled> {
    write(program, folder)?;
    let base = |root: &str| {
        let mut command = rustc();
        command.current_dir(folder).args([
            "--crate-name",
            "submission",
            "--edition",
            &program.edition,
            "--cfg",
            "test",
        ]);
        command.args([
            "-A",
            "explicit_builtin_cfgs_in_flags",
            "--color",
            if color { "always" } else { "never" },
            root,
        ]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    };
    let mut native = base("native.rs");
    native.args([
        "--emit",
        "metadata",
        "-o",
        "native.rmeta",
        "-A",
        "dead_code",
        "-A",
        "unused_imports",
    ]);
    let mut modelled = base("modelled.rs");
    modelled.args([
        "--cap-lints",
        "allow",
        "-o",
        "program",
        "-C",
        "codegen-units=1",
        "-C",
        "overflow-checks=on",
        "-C",
        "debuginfo=line-tables-only",
    ]);
    modelled
        .arg("-C")
        .arg(format!("opt-level={}", program.opt_level));
    modelled
        .arg("--extern")
        .arg(with_path("std=", &parts.std(Engine::Interleave)));
    modelled
        .arg("-L")
        .arg(with_path("dependency=", &parts.libraries))
        .args(Engine::Interleave.instrumentation());
    link(&mut native, &published.native);
    link(&mut modelled, &published.modelled);
    // Both at once: the student sees the first one's messages, and the second one's only in doubt.
    let (native, modelled) = (start(native)?, start(modelled)?);
    let (native, modelled) = (native.wait_with_output()?, modelled.wait_with_output()?);
    let messages = |bytes: &[u8]| readable(&String::from_utf8_lossy(bytes), program);
    if !native.status.success() {
        return Ok(Compiled::Rejected(messages(&native.stderr)));
    }
    if !modelled.status.success() {
        return Ok(Compiled::Unmodelled(messages(&modelled.stderr)));
    }
    Ok(Compiled::Program(
        folder.join("program"),
        messages(&native.stderr),
    ))
}

/// A race that every exploration must find before it may say that there is none.
const PLANTED: &str = "fn __planted() {
    static mut PLANTED: u32 = 0;
    let other = ::std::thread::spawn(|| unsafe { *::std::hint::black_box(&raw mut PLANTED) = 1 });
    unsafe { *::std::hint::black_box(&raw mut PLANTED) = 2 };
    ::std::mem::drop(other.join());
}
";

/// Lets a program use published libraries.
pub(crate) fn link(command: &mut Command, libraries: &[(String, PathBuf)]) {
    for (name, file) in libraries {
        command
            .arg("--extern")
            .arg(with_path(&format!("{name}="), file));
    }
    if let Some(folder) = libraries.first().and_then(|(_, file)| file.parent()) {
        command.arg("-L").arg(with_path("dependency=", folder));
    }
    // Where the first one is a twin of ours, the others' dependencies are elsewhere.
    if let Some(folder) = libraries.last().and_then(|(_, file)| file.parent()) {
        command.arg("-L").arg(with_path("dependency=", folder));
    }
}

pub(crate) fn start(mut command: Command) -> Result<Child> {
    command
        .spawn()
        .context("cannot run rustc: install Rust from https://rustup.rs")
}

pub(crate) fn with_path(prefix: &str, path: &Path) -> std::ffi::OsString {
    let mut argument = std::ffi::OsString::from(prefix);
    argument.push(path);
    argument
}

/// The messages with the names of the files as they were given.
fn readable(messages: &str, program: &Program) -> String {
    let mut text = messages.to_owned();
    for source in std::iter::once(&program.submission).chain(&program.check) {
        text = text.replace(
            &format!("--> {}:", source.name),
            &format!("--> {}:", source.path),
        );
    }
    text
}

fn write(program: &Program, folder: &Path) -> Result<()> {
    let mut modules = format!(
        "#[path = {:?}] pub mod submission;\n",
        program.submission.name
    );
    std::fs::write(
        folder.join(&program.submission.name),
        &program.submission.text,
    )?;
    let mut calls = String::new();
    if let Some(check) = &program.check {
        std::fs::write(folder.join(&check.name), &check.text)?;
        modules += &format!("#[path = {:?}] mod check;\n", check.name);
        calls += "|| crate::__succeeds(check::check()),";
    } else {
        for index in 0..program.submission.entries.len() {
            calls += &format!("|| submission::{}(),", entry_function(index));
        }
    }
    modules += "#[doc(hidden)] #[allow(dead_code)] pub trait __Succeeds { fn succeeds(self); }\n\
        impl __Succeeds for () { fn succeeds(self) {} }\n\
        impl<E: ::std::fmt::Debug> __Succeeds for ::std::result::Result<(), E> {\n\
        fn succeeds(self) { if let Err(error) = self { ::std::panic!(\"it returned an error: {error:?}\") } } }\n\
        #[doc(hidden)] #[allow(dead_code)] pub fn __succeeds(value: impl __Succeeds) { value.succeeds() }\n";
    let native = format!("{modules}fn main() {{ let _: &[fn()] = &[{calls}]; }}\n");
    std::fs::write(folder.join("native.rs"), native)?;
    let modelled =
        format!("{modules}{PLANTED}fn main() {{ ::std::__explore(&[{calls}], __planted) }}\n");
    std::fs::write(folder.join("modelled.rs"), modelled)?;
    Ok(())
}
