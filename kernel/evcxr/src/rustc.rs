//! Calls of rustc. For a cell that is not optimised, which is one that somebody waits for, three
//! things that take long are avoided: rustc is started before the cell comes, and waits for its
//! source on a named pipe; the object file is linked by a plain call of the linker, because the
//! process that loads it has all libraries already; and the types of new variables are read from
//! the object file.

use crate::items::Types;
use crate::kinds;
use crate::link::Linker;
use crate::parts::Parts;
use crate::source::Source;
use object::{Object, ObjectSymbol};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How long a rustc that was started may take until it reads its source.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is to become of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Only the messages are wanted.
    Check,
    /// A library for the worker.
    Cell,
    /// A library for another process.
    Library,
}

/// What rustc has made of a source.
pub struct Compiled {
    /// Its messages, as JSON.
    pub messages: Vec<Value>,
    /// Its exit status.
    pub status: i32,
    /// Object file or library, in which the symbols stand.
    symbols: PathBuf,
}

impl Compiled {
    /// The types of `count` new variables of a cell; `None` where one has no name.
    pub fn kinds(&self, count: usize, types: &Types) -> Option<Vec<String>> {
        if count == 0 {
            return Some(Vec::new());
        }
        let data = std::fs::read(&self.symbols).ok()?;
        let file = object::File::parse(data.as_slice()).ok()?;
        kinds::of(file.symbols().filter_map(|s| s.name().ok()), count, types)
    }
}

/// A rustc that waits for its source.
struct Waiting {
    child: Child,
    arguments: Vec<String>,
}

/// The compiler, and the folder that it works in.
pub struct Rustc {
    folder: PathBuf,
    linker: Linker,
    waiting: Arc<Mutex<Option<Waiting>>>,
    start: Sender<(PathBuf, Vec<String>)>,
}

impl Rustc {
    /// Makes the folders in `base`.
    ///
    /// # Errors
    /// Where a folder cannot be made.
    pub fn new(base: &Path) -> std::io::Result<Rustc> {
        let folder = base.join("rustc");
        std::fs::create_dir_all(folder.join("out"))?;
        let waiting = Arc::new(Mutex::new(None));
        let (start, asked) = mpsc::channel::<(PathBuf, Vec<String>)>();
        let (own, at) = (waiting.clone(), folder.clone());
        // A thread that lives as long as the process: its children end with it.
        std::thread::spawn(move || {
            for (rustc, arguments) in asked {
                let mut waiting = lock(&own);
                if waiting.is_none() {
                    *waiting = wait_for_source(&rustc, &at, arguments);
                }
            }
        });
        Ok(Rustc {
            linker: Linker::new(base)?,
            folder,
            waiting,
            start,
        })
    }

    /// Starts a rustc for the next cell, which is not optimised.
    pub fn get_ready(&self, parts: &Parts) {
        let arguments = self.quick(parts);
        let _ = self.start.send((parts.rustc.clone(), arguments));
    }

    /// Compiles a source into `library`.
    pub fn compile(
        &self,
        parts: &Parts,
        source: &Source,
        library: &Path,
        level: &str,
        used: Use,
    ) -> Compiled {
        let quick = match used {
            Use::Check => true,
            Use::Cell => self.linker.can_link(&source.text),
            Use::Library => false,
        };
        if quick
            && level == "0"
            && let Some(compiled) = self.compile_quickly(parts, source, library, used)
        {
            return compiled;
        }
        let failed = |message: String| Compiled {
            messages: vec![json!({"level": "error", "message": message})],
            status: 1,
            symbols: library.to_owned(),
        };
        // The name ends like evcxr's own, which it looks for in rustc's messages.
        let folder = self.folder.with_file_name("whole");
        let file = folder.join("out/lib.rs");
        let written = std::fs::create_dir_all(folder.join("out"))
            .and_then(|()| std::fs::write(&file, &source.text));
        if let Err(error) = written {
            return failed(error.to_string());
        }
        let mut arguments = common(parts, level);
        arguments.extend(["-C", "rpath"].map(str::to_owned));
        match used {
            Use::Check => {
                let metadata = library.with_extension("rmeta").display().to_string();
                arguments.extend(["--emit=metadata".to_owned(), "-o".to_owned(), metadata]);
            }
            _ => arguments.extend(["-o".to_owned(), library.display().to_string()]),
        }
        if level == "0" {
            arguments.push(format!(
                "-Cincremental={}",
                folder.join("incremental").display()
            ));
        }
        let output = Command::new(&parts.rustc)
            .args(&arguments)
            .current_dir(&folder)
            .env_remove("RUSTFLAGS")
            .stdin(Stdio::null())
            .output();
        match output {
            Ok(output) => Compiled {
                messages: messages(&output.stderr, output.status.success()),
                status: output.status.code().unwrap_or(1),
                symbols: library.to_owned(),
            },
            Err(error) => failed(format!("cannot run {}: {error}", parts.rustc.display())),
        }
    }

    fn object(&self) -> PathBuf {
        self.folder.join("cell.o")
    }

    fn quick(&self, parts: &Parts) -> Vec<String> {
        let mut arguments = common(parts, "0");
        arguments.extend(["--emit=obj", "-Ccodegen-units=1", "-o"].map(str::to_owned));
        arguments.push(self.object().display().to_string());
        arguments.push(format!(
            "-Cincremental={}",
            self.folder.join("incremental").display()
        ));
        arguments
    }

    /// `None` where it must be done in the usual way.
    fn compile_quickly(
        &self,
        parts: &Parts,
        source: &Source,
        library: &Path,
        used: Use,
    ) -> Option<Compiled> {
        let arguments = self.quick(parts);
        // All read the same pipe: the next one starts when this one has its source.
        let mut place = lock(&self.waiting);
        let ready = place.take().and_then(|mut waiting| {
            // One that has ended has found its folder gone, or was killed for its memory.
            let usable =
                waiting.arguments == arguments && matches!(waiting.child.try_wait(), Ok(None));
            if !usable {
                end(waiting);
                return None;
            }
            Some(waiting)
        });
        let mut waiting = match ready {
            Some(waiting) => waiting,
            None => wait_for_source(&parts.rustc, &self.folder, arguments)?,
        };
        if feed(&mut waiting, &self.folder, &source.text).is_none() {
            end(waiting);
            return None;
        }
        drop(place);
        let output = waiting.child.wait_with_output().ok()?;
        let success = output.status.success();
        if success && used == Use::Cell {
            self.linker.link(parts, &self.object(), library)?;
        }
        Some(Compiled {
            messages: messages(&output.stderr, success),
            status: output.status.code().unwrap_or(1),
            symbols: self.object(),
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}

/// Arguments of every call. Symbols are mangled in the form that tells the types.
fn common(parts: &Parts, level: &str) -> Vec<String> {
    let checked = match level {
        "0" | "1" => "on",
        _ => "off",
    };
    let mut arguments: Vec<String> = [
        "out/lib.rs",
        "--crate-name",
        "ctx",
        "--edition",
        "2024",
        "--crate-type",
        "cdylib",
        "--error-format=json",
        "--json=diagnostic-rendered-ansi",
        "-Cprefer-dynamic",
        "-Cdebuginfo=0",
        "-Csymbol-mangling-version=v0",
    ]
    .map(str::to_owned)
    .into();
    arguments.push(format!("-Copt-level={level}"));
    arguments.push(format!("-Cdebug-assertions={checked}"));
    arguments.push(format!("-Coverflow-checks={checked}"));
    arguments.extend(parts.externs.iter().cloned());
    arguments
}

/// Starts a rustc that reads its source from a named pipe.
fn wait_for_source(rustc: &Path, folder: &Path, arguments: Vec<String>) -> Option<Waiting> {
    let pipe = folder.join("out/lib.rs");
    let _ = std::fs::remove_file(&pipe);
    let name = std::ffi::CString::new(pipe.as_os_str().as_encoded_bytes()).ok()?;
    // SAFETY: plain system call with a C string.
    if unsafe { libc::mkfifo(name.as_ptr(), 0o600) } != 0 {
        return None;
    }
    let mut command = Command::new(rustc);
    command
        .args(&arguments)
        .current_dir(folder)
        .env_remove("RUSTFLAGS")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    // SAFETY: only system calls between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    let child = command.spawn().ok()?;
    Some(Waiting { child, arguments })
}

/// Hands over the source, as soon as rustc reads.
fn feed(waiting: &mut Waiting, folder: &Path, text: &str) -> Option<()> {
    let pipe = folder.join("out/lib.rs");
    let patience = Instant::now() + PATIENCE;
    let mut writer: File = loop {
        // Without a reader this fails, instead of waiting for one that may have died.
        let opened = OpenOptions::new()
            .write(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(&pipe);
        match opened {
            Ok(file) => break file,
            Err(_) if Instant::now() > patience => return None,
            Err(_) if !matches!(waiting.child.try_wait(), Ok(None)) => return None,
            Err(_) => std::thread::sleep(Duration::from_micros(500)),
        }
    };
    // SAFETY: plain system call on an own descriptor: writing waits from here on.
    unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETFL, 0) };
    writer.write_all(text.as_bytes()).ok()
}

fn end(mut waiting: Waiting) {
    let _ = waiting.child.kill();
    let _ = waiting.child.wait();
}

/// rustc's messages; what it has written beside them is an error where there is no other.
fn messages(stderr: &[u8], success: bool) -> Vec<Value> {
    let text = String::from_utf8_lossy(stderr);
    let (messages, other): (Vec<_>, Vec<_>) = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).map_err(|_| line))
        .partition(Result::is_ok);
    let mut messages: Vec<Value> = messages.into_iter().flatten().collect();
    if !success && !messages.iter().any(|message| message["level"] == "error") {
        let other: Vec<&str> = other.into_iter().filter_map(Result::err).collect();
        messages.push(
            json!({"level": "error", "message": other.join("\n"), "spans": [], "children": []}),
        );
    }
    messages
}
