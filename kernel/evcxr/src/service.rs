//! The build service: what answers evcxr's calls of cargo, and plays its child process.

use crate::direct::{Direct, Items};
use crate::items::Types;
use crate::parts::Parts;
use crate::rustc::{Compiled, Rustc, Use};
use crate::session::{Variable, Variables};
use crate::source::{self, Source};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};

/// A compiled cell.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// The dynamic library.
    pub library: PathBuf,
    /// Its entry; `None` where there is nothing to run.
    pub entry: Option<String>,
    /// What was compiled.
    pub source: Source,
    /// rustc's warnings and errors, as JSON.
    pub messages: Vec<Value>,
}

/// What the engine sets before it calls evcxr, and reads after.
#[derive(Default)]
pub struct State {
    /// Optimisation level.
    pub opt_level: String,
    /// Evcxr is to believe that it builds and runs, but nothing is.
    pub dry: bool,
    /// Variables that evcxr is told have changed their type, and forgets.
    pub forget: Vec<String>,
    /// What the session defines, with the cell that is being built.
    pub types: Types,
    /// The last cell that was built for evcxr.
    pub artifact: Option<Artifact>,
    /// Source and messages of the first try that failed; evcxr tries again with other code
    /// around the cell, and then rustc complains of that.
    pub first_failure: Option<(String, Vec<Value>)>,
    /// Source and messages of the last try that failed.
    pub last_failure: Option<(String, Vec<Value>)>,
    number: u64,
    last: Option<(String, String, Answer)>,
}

#[derive(Clone, Debug, Default)]
struct Answer {
    stdout: String,
    stderr: String,
    status: i32,
}

/// Begin of the name of a session's folder.
pub const FOLDER: &str = "tandem-";
/// A file that its session keeps locked.
const ALIVE: &str = "alive";

/// Removes folders of sessions that were killed and could not do it themselves.
pub fn sweep() {
    let folders = std::fs::read_dir(std::env::temp_dir());
    for folder in folders.into_iter().flatten().flatten() {
        let path = folder.path();
        if folder.file_name().to_string_lossy().starts_with(FOLDER)
            && let Ok(file) = File::open(path.join(ALIVE))
            && file.try_lock().is_ok()
        {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

/// The service and its folder.
pub struct Service {
    /// evcxr's own folder.
    pub folder: PathBuf,
    /// Put first on the PATH while evcxr looks for its tools.
    pub tools: PathBuf,
    /// Socket of the relay.
    pub relay: PathBuf,
    rustc: Rustc,
    parts: Mutex<Parts>,
    state: Mutex<State>,
    /// Locked as long as this process lives: see [`sweep`].
    _alive: File,
}

impl Service {
    /// Starts the service in `base`, which must be empty.
    ///
    /// # Errors
    /// Where the folder or a socket cannot be made.
    pub fn start(base: &Path, parts: Parts) -> std::io::Result<Arc<Service>> {
        let tools = base.join("tools");
        let folder = base.join("evcxr");
        for path in [&tools, &folder, &base.join("lib")] {
            std::fs::create_dir_all(path)?;
        }
        for tool in ["cargo", "rustup"] {
            std::os::unix::fs::symlink(&parts.worker, tools.join(tool))?;
        }
        // Nobody must find it while it is not locked.
        let new = base.join("new");
        let alive = File::create(&new)?;
        alive.lock()?;
        std::fs::rename(new, base.join(ALIVE))?;
        let (build, relay) = (base.join("build"), base.join("relay"));
        let about = json!({
            "pid": std::process::id(),
            "socket": build,
            "cargo": parts.cargo,
            "rustup": find_on_path("rustup"),
        });
        std::fs::write(tools.join("service"), about.to_string())?;
        let service = Arc::new(Service {
            folder,
            tools,
            relay: relay.clone(),
            rustc: Rustc::new(base)?,
            parts: Mutex::new(parts),
            state: Mutex::new(State {
                opt_level: "0".to_owned(),
                ..State::default()
            }),
            _alive: alive,
        });
        let builds = UnixListener::bind(build)?;
        let own = service.clone();
        std::thread::spawn(move || {
            for stream in builds.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve_build(stream));
            }
        });
        let relays = UnixListener::bind(relay)?;
        let own = service.clone();
        std::thread::spawn(move || {
            for stream in relays.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve_relay(stream));
            }
        });
        Ok(service)
    }

    /// The state, to set and to read.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// The parts in use.
    pub fn parts(&self) -> Parts {
        self.parts.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// Changes to parts with other dependencies.
    pub fn set_parts(&self, parts: Parts) {
        *self.parts.lock().unwrap_or_else(|e| e.into_inner()) = parts;
    }

    fn serve_build(&self, mut stream: UnixStream) {
        let mut line = String::new();
        let Ok(reader) = stream.try_clone() else {
            return;
        };
        if BufReader::new(reader).read_line(&mut line).is_err() {
            return;
        }
        let request: Value = serde_json::from_str(&line).unwrap_or_default();
        let arguments: Vec<String> = request["arguments"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|argument| argument.as_str().map(str::to_owned))
            .collect();
        let directory = PathBuf::from(request["directory"].as_str().unwrap_or("/"));
        let answer = self.answer(
            request["tool"].as_str().unwrap_or_default(),
            &arguments,
            &directory,
        );
        let answer =
            json!({"stdout": answer.stdout, "stderr": answer.stderr, "status": answer.status});
        let _ = writeln!(stream, "{answer}");
    }

    fn answer(&self, tool: &str, arguments: &[String], directory: &Path) -> Answer {
        let words: Vec<&str> = arguments
            .iter()
            .map(String::as_str)
            .filter(|word| *word != "--offline")
            .collect();
        let own = directory == self.folder;
        match (tool, words.as_slice()) {
            ("rustup", ["which", "cargo"]) => {
                say(self.tools.join("cargo").display().to_string() + "\n")
            }
            ("rustup", ["which", "rustc"]) => say(self.parts().rustc.display().to_string() + "\n"),
            ("cargo", ["build", ..]) if own => self.build(false),
            ("cargo", ["check", ..]) if own => self.build(true),
            ("cargo", ["clean", ..]) if own => Answer::default(),
            ("cargo", _) => real(&self.parts().cargo, arguments, directory),
            _ => real(Path::new("rustup"), arguments, directory),
        }
    }

    /// Compiles what evcxr has written, or only checks it.
    fn build(&self, check: bool) -> Answer {
        let written = std::fs::read_to_string(self.folder.join("src/lib.rs")).unwrap_or_default();
        let (dry, level, number) = {
            let mut state = self.state();
            state.number += 1;
            (state.dry, state.opt_level.clone(), state.number)
        };
        let library = self.place_for_library(number);
        if dry {
            return self.built(&library, true);
        }
        if let Some((same, at, answer)) = &self.state().last
            && *same == written
            && *at == level
            && answer.status != 0
        {
            return answer.clone();
        }
        let source = match check {
            true => Source {
                entry: None,
                ..source::prepare(&written, number)
            },
            false => source::prepare(&written, number),
        };
        let types = self.state().types.clone();
        let Compiled {
            messages, status, ..
        } = self.compile(&source, &types, &library, &level, check);
        let source_text = source.text.clone();
        let nothing = source.entry.is_none();
        let stderr: String = messages
            .iter()
            .map(|message| format!("{message}\n"))
            .collect();
        if status == 0 && !check {
            self.state().artifact = Some(Artifact {
                library: library.clone(),
                entry: source.entry.clone(),
                source,
                messages: messages.clone(),
            });
        }
        if status != 0 {
            let failure = (source_text, messages);
            let mut state = self.state();
            state.first_failure.get_or_insert_with(|| failure.clone());
            state.last_failure = Some(failure);
        }
        let answer = match status {
            0 if check => Answer {
                stderr,
                ..Answer::default()
            },
            0 => Answer {
                stderr,
                ..self.built(&library, nothing)
            },
            _ => Answer {
                stderr,
                stdout: String::new(),
                status,
            },
        };
        self.state().last = Some((written, level, answer.clone()));
        answer
    }

    /// The number of the next source.
    pub fn number(&self) -> u64 {
        let mut state = self.state();
        state.number += 1;
        state.number
    }

    /// Compiles a cell that evcxr has no part in, and finds the types of its new variables.
    /// `None` where it does not compile so, or a type has no name that later cells can use.
    pub fn build_direct(
        &self,
        direct: Direct,
        types: &Types,
        number: u64,
        level: &str,
    ) -> Option<(Artifact, Items, Variables)> {
        let library = self.place_for_library(number);
        let compiled = self.compile(&direct.source, types, &library, level, false);
        if compiled.status != 0 {
            return None;
        }
        let kinds = compiled.kinds(direct.new.len(), types)?;
        let variables = direct.new.into_iter().zip(kinds);
        let variables = variables
            .map(|((name, mutable), kind)| (name, Variable { kind, mutable }))
            .collect();
        let artifact = Artifact {
            library,
            entry: direct.source.entry.clone(),
            source: direct.source,
            messages: compiled.messages,
        };
        Some((artifact, direct.items, variables))
    }

    /// Compiles a library for another process.
    pub fn build_library(
        &self,
        text: &str,
        types: &Types,
        level: &str,
    ) -> Result<PathBuf, Vec<Value>> {
        let library = self.place_for_library(self.number());
        let source = Source {
            text: types.current_statics(text),
            entry: None,
            items: String::new(),
            mutable: Default::default(),
        };
        let parts = self.parts();
        let compiled = self
            .rustc
            .compile(&parts, &source, &library, level, Use::Library);
        match compiled.status {
            0 => Ok(library),
            _ => Err(compiled.messages),
        }
    }

    /// Prepares for the next cell while nobody waits.
    pub fn get_ready(&self) {
        self.rustc.get_ready(&self.parts());
    }

    fn place_for_library(&self, number: u64) -> PathBuf {
        self.base().join(format!("lib/libctx_{number}.so"))
    }

    fn base(&self) -> &Path {
        self.folder.parent().unwrap_or(Path::new("/"))
    }

    /// The message by which cargo names the library; a dry build leaves an empty one.
    fn built(&self, library: &Path, empty: bool) -> Answer {
        // evcxr looks for this name, and then renames the file.
        let folder = library.with_extension("d");
        let named = folder.join("libctx.so");
        let made = std::fs::create_dir_all(&folder).and_then(|()| match empty {
            true => std::fs::write(&named, ""),
            false => std::fs::hard_link(library, &named),
        });
        if let Err(error) = made {
            return Answer {
                stderr: error.to_string(),
                stdout: String::new(),
                status: 1,
            };
        }
        let message = json!({
            "reason": "compiler-artifact",
            "target": {"name": "ctx"},
            "filenames": [named],
        });
        say(format!("{message}\n"))
    }

    fn compile(
        &self,
        source: &Source,
        types: &Types,
        library: &Path,
        level: &str,
        check: bool,
    ) -> Compiled {
        let used = match check || source.entry.is_none() {
            true => Use::Check,
            false => Use::Cell,
        };
        let source = Source {
            text: types.current_statics(&source.text),
            ..source.clone()
        };
        self.rustc
            .compile(&self.parts(), &source, library, level, used)
    }

    /// Plays the child process: whatever evcxr wants to have run is said to have run.
    fn serve_relay(&self, stream: UnixStream) {
        let Ok(mut answers) = stream.try_clone() else {
            return;
        };
        for line in BufReader::new(stream).lines() {
            if line.is_err() {
                return;
            }
            let forget = std::mem::take(&mut self.state().forget);
            let mut answer: String = forget
                .iter()
                .map(|name| format!("EVCXR_VARIABLE_CHANGED_TYPE:{name}\n"))
                .collect();
            answer.push_str("EVCXR_EXECUTION_COMPLETE\n");
            if answers.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

fn say(stdout: String) -> Answer {
    Answer {
        stdout,
        ..Answer::default()
    }
}

fn real(program: &Path, arguments: &[String], directory: &Path) -> Answer {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) => Answer {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            status: output.status.code().unwrap_or(1),
        },
        Err(error) => Answer {
            stdout: String::new(),
            stderr: format!("cannot run {}: {error}\n", program.display()),
            status: 127,
        },
    }
}

fn find_on_path(tool: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(tool))
        .find(|file| file.exists())
}
