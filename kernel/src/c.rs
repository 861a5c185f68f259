//! C and C++ cells: compiled, run, and gone.

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use tandem_cell::{
    Assistant, Cell, CellError, CellId, Completeness, Completions, EventKind, Inspection,
    Interrupter, Language, MimeBundle, Outcome, Output, Stream, Watch,
};

/// One of the two languages.
#[derive(Clone, Copy)]
struct Dialect {
    name: &'static str,
    variable: &'static str,
    compilers: [&'static str; 2],
    arguments: [&'static str; 3],
    install: &'static str,
}

const C_DIALECT: Dialect = Dialect {
    name: "C",
    variable: "CC",
    compilers: ["gcc", "clang"],
    arguments: ["-x", "c", "-std=c17"],
    install: "sudo apt install gcc",
};
const CPP_DIALECT: Dialect = Dialect {
    name: "C++",
    variable: "CXX",
    compilers: ["g++", "clang++"],
    arguments: ["-x", "c++", "-std=c++17"],
    install: "sudo apt install g++",
};

/// C or C++ cells. Each is a program of its own.
pub struct C {
    dialect: Dialect,
    directory: PathBuf,
    interrupt: Arc<Interrupt>,
}

#[derive(Default)]
struct Interrupt {
    /// Process group of the running program, or 0.
    group: AtomicI32,
    asked: AtomicBool,
}

impl Interrupter for Interrupt {
    fn interrupt(&self) {
        let group = self.group.load(Ordering::SeqCst);
        if group > 0 {
            self.asked.store(true, Ordering::SeqCst);
            // SAFETY: plain system call.
            unsafe { libc::kill(-group, libc::SIGKILL) };
        }
    }
}

fn failure(name: &str, value: impl Into<String>) -> CellError {
    match Outcome::failed(name, value) {
        Outcome::Failed(error) => error,
        Outcome::Ok => unreachable!("`failed` makes failures"),
    }
}

impl C {
    /// C cells that run in `directory`.
    pub fn c17(directory: &Path) -> C {
        C::new(C_DIALECT, directory)
    }

    /// C++ cells that run in `directory`.
    pub fn cpp(directory: &Path) -> C {
        C::new(CPP_DIALECT, directory)
    }

    fn new(dialect: Dialect, directory: &Path) -> C {
        C {
            dialect,
            directory: directory.to_owned(),
            interrupt: Arc::default(),
        }
    }

    fn compiler(&self) -> Result<PathBuf, CellError> {
        let named = std::env::var(self.dialect.variable).ok();
        let folders = std::env::var_os("PATH").unwrap_or_default();
        named
            .iter()
            .map(String::as_str)
            .chain(self.dialect.compilers)
            .find_map(|name| {
                std::env::split_paths(&folders)
                    .map(|f| f.join(name))
                    .find(|file| file.exists())
            })
            .ok_or_else(|| {
                let (name, install) = (self.dialect.name, self.dialect.install);
                failure(
                    "NoCompiler",
                    format!("there is no {name} compiler. Type `{install}`"),
                )
            })
    }

    fn run(&self, cell: &Cell, output: &Output, watch: &mut dyn Watch) -> Result<(), CellError> {
        let system = |error: std::io::Error| failure("SystemError", error.to_string());
        let folder = tempfile::Builder::new()
            .prefix("tandem-c-")
            .tempdir()
            .map_err(system)?;
        let (code, mended) = mend(&cell.code);
        if mended > 0 {
            let text = format!("note: `\\#` at the start of {mended} line(s) was read as `#`\n");
            output.text(cell.id, Stream::Stderr, text);
        }
        // The name is what the compiler's messages say.
        std::fs::write(folder.path().join("cell"), code).map_err(system)?;
        let optimisation = match (&cell.opt_level, cell.lane) {
            (Some(level), _) => format!("-O{level}"),
            (None, Some(_)) => "-O2".to_owned(),
            (None, None) => "-O0".to_owned(),
        };
        let compiled = Command::new(self.compiler()?)
            .current_dir(folder.path())
            .args(self.dialect.arguments)
            .args([
                "-pthread",
                "-Wall",
                "-Wextra",
                "-g",
                "-fdiagnostics-color=always",
            ])
            .args([&optimisation, "cell", "-o", "program"])
            .stdin(Stdio::null())
            .output()
            .map_err(system)?;
        let messages = String::from_utf8_lossy(&compiled.stderr).into_owned();
        if !compiled.status.success() {
            let first = messages
                .lines()
                .find(|line| line.contains("error"))
                .unwrap_or("it does not compile");
            return Err(CellError {
                name: "CompileError".to_owned(),
                value: plain(first),
                traceback: messages.lines().map(str::to_owned).collect(),
            });
        }
        if !messages.is_empty() && !cell.silent {
            output.text(cell.id, Stream::Stderr, messages);
        }
        for _ in 0..cell.lane.map_or(1, |lane| lane.repeat.max(1)) {
            let status = self
                .run_once(&folder.path().join("program"), cell, output, watch)
                .map_err(system)?;
            if self.interrupt.asked.load(Ordering::SeqCst) {
                return Err(failure("KeyboardInterrupt", "the program was stopped"));
            }
            ended(status)?;
        }
        Ok(())
    }

    /// Runs the program under the watch, which sees it before its first instruction.
    fn run_once(
        &self,
        program: &Path,
        cell: &Cell,
        output: &Output,
        watch: &mut dyn Watch,
    ) -> std::io::Result<ExitStatus> {
        let mut command = Command::new(program);
        command
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        // SAFETY: only system calls between fork and exec.
        unsafe {
            command.pre_exec(|| {
                // An ignored signal stays ignored in a child: the cell could not be interrupted.
                libc::signal(libc::SIGINT, libc::SIG_DFL);
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                // The tracer stops the program before its first instruction.
                libc::ptrace(libc::PTRACE_TRACEME);
                Ok(())
            });
        }
        let mut child = command.spawn()?;
        let pid = child.id() as i32;
        let interrupt = self.interrupt.clone();
        let mut status = 0;
        // SAFETY: the child of this thread, which stops at its exec; it is let go after the
        // watch has seen it.
        unsafe { libc::waitpid(pid, &mut status, 0) };
        watch.started(pid);
        // SAFETY: as above.
        unsafe { libc::ptrace(libc::PTRACE_DETACH, pid, 0, 0) };
        interrupt.asked.store(false, Ordering::SeqCst);
        interrupt.group.store(pid, Ordering::SeqCst);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        std::thread::scope(|scope| {
            let copy = |source: Option<Box<dyn Read + Send>>, stream: Stream| {
                let (output, id) = (output.clone(), cell.id);
                scope.spawn(move || {
                    let mut buffer = vec![0; 32 << 10];
                    let mut source = source;
                    if let Some(source) = &mut source {
                        while let Ok(read @ 1..) = source.read(&mut buffer) {
                            output.send(id, EventKind::Stream(stream, buffer[..read].to_vec()));
                        }
                    }
                });
            };
            copy(
                stdout.map(|s| Box::new(s) as Box<dyn Read + Send>),
                Stream::Stdout,
            );
            copy(
                stderr.map(|s| Box::new(s) as Box<dyn Read + Send>),
                Stream::Stderr,
            );
        });
        let status = child.wait()?;
        interrupt.group.store(0, Ordering::SeqCst);
        watch.ended();
        Ok(status)
    }
}

/// `\#include` becomes `#include`, as texts that escape the sign for Markdown write it. Answers
/// also how many lines were changed.
fn mend(code: &str) -> (String, usize) {
    let mut mended = 0;
    let lines = code.split_inclusive('\n').map(|line| {
        let start = line.trim_start();
        match start.starts_with("\\#") {
            true => {
                mended += 1;
                line.replacen("\\#", "#", 1)
            }
            false => line.to_owned(),
        }
    });
    (lines.collect(), mended)
}

/// `text` without ANSI escapes.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut escape = false;
    for c in text.chars() {
        match c {
            '\x1b' => escape = true,
            'm' | 'K' if escape => escape = false,
            _ if escape => {}
            _ => plain.push(c),
        }
    }
    plain
}

fn ended(status: ExitStatus) -> Result<(), CellError> {
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => Err(failure(
            "ExitStatus",
            format!("the program ended with status {code}"),
        )),
        (None, Some(libc::SIGSEGV)) => Err(failure(
            "SIGSEGV",
            "the program used memory that is not its own",
        )),
        (None, Some(libc::SIGABRT)) => Err(failure("SIGABRT", "the program aborted")),
        (None, signal) => Err(failure(
            "Signal",
            format!("the program was ended by signal {}", signal.unwrap_or(0)),
        )),
    }
}

impl Language for C {
    fn execute(&mut self, cell: &Cell, output: &Output, watch: &mut dyn Watch) -> Outcome {
        match self.run(cell, output, watch) {
            Ok(()) => Outcome::Ok,
            Err(error) => Outcome::Failed(error),
        }
    }

    fn evaluate(&mut self, _id: CellId, _expression: &str) -> Result<MimeBundle, CellError> {
        Err(failure(
            "NotSupported",
            "C and C++ cells leave no values behind",
        ))
    }

    fn assistant(&self) -> Arc<dyn Assistant> {
        Arc::new(NoAssistant)
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        self.interrupt.clone()
    }
}

struct NoAssistant;

impl Assistant for NoAssistant {
    fn complete(&self, _code: &str, position: usize) -> Completions {
        Completions {
            matches: Vec::new(),
            range: position..position,
        }
    }

    fn inspect(&self, _code: &str, _position: usize, _detail: u8) -> Inspection {
        None
    }

    fn is_complete(&self, code: &str) -> Completeness {
        let count = |sign: char| code.matches(sign).count();
        match count('{').saturating_sub(count('}')) {
            0 => Completeness::Complete,
            depth => Completeness::Incomplete {
                indent: " ".repeat(4 * depth),
            },
        }
    }
}
