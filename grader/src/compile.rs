//! Compiles a submission: as it is, for the compiler's own messages, and against the modelled
//! library, instrumented, to be explored.

use crate::layout;
use crate::parts::{Engine, Parts, Published};
use crate::sandbox::{self, Ended, Exceeded, Job, Limits, interrupt};
use crate::source::Source;
use anyhow::{Context, Result, anyhow};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

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
    /// Whether a debugger is to find its variables.
    pub debug: bool,
}

impl Program {
    /// The submission, and the check if there is one.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        std::iter::once(&self.submission).chain(&self.check)
    }
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
    let roots = layout::write(program, folder)?;
    let base = |root: &[String]| {
        let color = if color { "always" } else { "never" };
        let edition = program.edition.as_str();
        let arguments = [
            "--crate-name",
            "submission",
            "--edition",
            edition,
            "--cfg",
            "test",
        ];
        let mut arguments = strings(&arguments);
        arguments.extend(strings(&["-A", "explicit_builtin_cfgs_in_flags"]));
        arguments.extend(strings(&["--color", color]));
        arguments.extend_from_slice(root);
        arguments
    };
    let mut native = base(&roots.native);
    native.extend(strings(&["--emit", "metadata", "-o", "native.rmeta"]));
    native.extend(strings(&["-A", "dead_code", "-A", "unused_imports"]));
    native.extend(linked(&published.native));
    let mut modelled = base(&roots.modelled);
    modelled.extend(strings(&["--cap-lints", "allow", MODELLED_OUTPUT]));
    // More of it changes nothing in the code, but takes longer.
    let information = if program.debug {
        "debuginfo=full"
    } else {
        "debuginfo=line-tables-only"
    };
    for setting in ["codegen-units=1", "overflow-checks=on", information] {
        modelled.extend(strings(&["-C", setting]));
    }
    modelled.push(format!("-Copt-level={}", program.opt_level));
    modelled.extend(on_engine(parts, Engine::Interleave));
    modelled.extend(linked(&published.modelled));
    // Both at once: the student sees the first one's messages, and the second one's only in doubt.
    let (native, modelled) = both(parts, folder, native, modelled)?;
    let messages = |ended: &Ended| readable(&words(ended, parts), program);
    if !native.status.success() {
        return Ok(Compiled::Rejected(messages(&native)));
    }
    if !modelled.status.success() {
        return Ok(Compiled::Unmodelled(messages(&modelled)));
    }
    Ok(Compiled::Program(folder.join("program"), messages(&native)))
}

/// The explored program, and its object file, which tells what it takes from others.
const MODELLED_OUTPUT: &str = "--emit=link=program,obj=program.o";

/// The limits of a compilation, which a submission can make long and large.
const LIMITS: Limits = Limits {
    wall: Duration::from_secs(60),
    memory: 2 << 30,
    output: 1 << 20,
};

/// Starts the compiler in the sandbox.
fn start(parts: &Parts, folder: &Path, arguments: Vec<String>) -> Result<Child> {
    let mut reads = sandbox::compilers();
    reads.extend([parts.sysroot.clone(), parts.folder.clone()]);
    let job = Job {
        program: parts.sysroot.join("bin/rustc"),
        arguments,
        folder: folder.to_owned(),
        reads,
        writes: vec![folder.to_owned()],
        forks: true,
        answers: false,
        processes: 256,
        processor_seconds: 20,
        file_size: 256 << 20,
        fixed_addresses: false,
    };
    let mut command = sandbox::command(&job, None)?;
    command.stdin(Stdio::null()).stdout(Stdio::null());
    interrupt::start(command.stderr(Stdio::piped()))
        .context("cannot run rustc: install Rust from https://rustup.rs")
}

/// Runs the compiler in the sandbox, unless it is given up.
pub(crate) fn one(
    parts: &Parts,
    folder: &Path,
    arguments: Vec<String>,
    given_up: &AtomicBool,
) -> Result<Ended> {
    let _turn = sandbox::turns::beside()?;
    sandbox::wait_unless(start(parts, folder, arguments)?, LIMITS, given_up)
}

/// Runs the compiler twice, at once, in the sandbox.
fn both(
    parts: &Parts,
    folder: &Path,
    first: Vec<String>,
    second: Vec<String>,
) -> Result<(Ended, Ended)> {
    let needed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| one(parts, folder, second, &needed));
        let first = one(parts, folder, first, &needed)?;
        let second = second
            .join()
            .map_err(|_| anyhow!("the compiler was lost"))??;
        Ok((first, second))
    })
}

/// What the compiler said, or why it did not come to an end.
pub(crate) fn words(ended: &Ended, parts: &Parts) -> String {
    // Where the toolchain lies is nothing to a reader.
    let sources = format!("{}/lib/rustlib/src/rust/", parts.sysroot.display());
    let said = String::from_utf8_lossy(&ended.stderr).replace(&sources, "");
    match ended.exceeded {
        None if said.trim().is_empty() && !ended.status.success() => {
            format!("the compiler ended with {}", ended.status)
        }
        None | Some(Exceeded::GivenUp) => said,
        Some(Exceeded::Wall) => format!(
            "{said}\nthe compiler was not done after {} s: what makes it compute so long?\n",
            LIMITS.wall.as_secs()
        ),
        Some(Exceeded::Memory) => format!(
            "{said}\nthe compiler used more than {} GiB of memory: what makes the program so large?\n",
            LIMITS.memory >> 30
        ),
    }
}

pub(crate) fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&t| t.to_owned()).collect()
}

/// What puts a program on an engine.
pub(crate) fn on_engine(parts: &Parts, engine: Engine) -> Vec<String> {
    let mut arguments = engine.instrumentation();
    // What is named by its path through `core` is the same: macros of the compiler's own and
    // derived code name the real one in another way.
    for name in ["std", "core"] {
        arguments.push("--extern".into());
        arguments.push(format!("{name}={}", parts.std(engine).display()));
    }
    arguments.push(format!("-Ldependency={}", parts.libraries.display()));
    arguments
}

/// What lets a program use published libraries.
pub(crate) fn linked(libraries: &[(String, PathBuf)]) -> Vec<String> {
    let mut arguments = Vec::new();
    for (name, file) in libraries {
        arguments.push("--extern".into());
        arguments.push(format!("{name}={}", file.display()));
    }
    // Twins of ours lie in another folder than the others.
    for (_, file) in [libraries.first(), libraries.last()].into_iter().flatten() {
        if let Some(folder) = file.parent() {
            arguments.push(format!("-Ldependency={}", folder.display()));
        }
    }
    arguments
}

/// Messages of the compiler with another path for a file; they may be coloured.
pub(crate) fn with_path(messages: &str, name: &str, path: &str) -> String {
    let mut text = messages.to_owned();
    for mark in ["-->", ":::"] {
        for space in [" ", " \x1b[0m"] {
            let before = format!("{mark}{space}{name}:");
            text = text.replace(&before, &format!("{mark}{space}{path}:"));
        }
    }
    text
}

/// The messages with the names of the files as they were given.
fn readable(messages: &str, program: &Program) -> String {
    let mut text = messages.to_owned();
    for source in program.sources() {
        for name in [&format!("modelled/{}", source.name), &source.name] {
            text = with_path(&text, name, &source.path);
        }
    }
    text
}
