//! The build service: what answers evcxr's calls of cargo, and plays its child process.

use crate::items::Types;
use crate::parts::Parts;
use crate::source::{self, Source};
use serde_json::{Value, json};
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
    /// The last cell that was built.
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

/// The service and its folder.
pub struct Service {
    /// evcxr's own folder.
    pub folder: PathBuf,
    /// Put first on the PATH while evcxr looks for its tools.
    pub tools: PathBuf,
    /// Socket of the relay.
    pub relay: PathBuf,
    parts: Mutex<Parts>,
    state: Mutex<State>,
}

impl Service {
    /// Starts the service in `base`, which must be empty.
    ///
    /// # Errors
    /// Where the folder or a socket cannot be made.
    pub fn start(base: &Path, parts: Parts) -> std::io::Result<Arc<Service>> {
        let tools = base.join("tools");
        let folder = base.join("evcxr");
        for path in [&tools, &folder, &base.join("out"), &base.join("lib")] {
            std::fs::create_dir_all(path)?;
        }
        for tool in ["cargo", "rustup"] {
            std::os::unix::fs::symlink(&parts.worker, tools.join(tool))?;
        }
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
            parts: Mutex::new(parts),
            state: Mutex::new(State {
                opt_level: "0".to_owned(),
                ..State::default()
            }),
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
        let (dry, level) = {
            let mut state = self.state();
            state.number += 1;
            (state.dry, state.opt_level.clone())
        };
        if dry {
            return self.built(&self.place_for_library(), true);
        }
        if let Some((same, at, answer)) = &self.state().last
            && *same == written
            && *at == level
            && answer.status != 0
        {
            return answer.clone();
        }
        let number = self.state().number;
        let source = match check {
            true => Source {
                entry: None,
                ..source::prepare(&written, number)
            },
            false => source::prepare(&written, number),
        };
        let library = self.place_for_library();
        let (messages, status) = self.compile(&source, &library, &level);
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

    /// Compiles a source that evcxr has no part in. Answers the errors where it does not.
    pub fn build_free_standing(
        &self,
        items: &str,
        code: &str,
        level: &str,
    ) -> Result<Artifact, Vec<Value>> {
        let number = {
            let mut state = self.state();
            state.number += 1;
            state.number
        };
        let source = source::free_standing(items, code, number);
        let library = self.place_for_library();
        match self.compile(&source, &library, level) {
            (messages, 0) => Ok(Artifact {
                library,
                entry: source.entry.clone(),
                source,
                messages,
            }),
            (messages, _) => Err(messages),
        }
    }

    /// Compiles a library for another process.
    pub fn build_library(&self, text: &str, level: &str) -> Result<PathBuf, Vec<Value>> {
        self.state().number += 1;
        let library = self.place_for_library();
        let source = Source {
            text: text.to_owned(),
            entry: Some(String::new()),
            items: String::new(),
            mutable: Default::default(),
        };
        match self.compile(&source, &library, level) {
            (_, 0) => Ok(library),
            (messages, _) => Err(messages),
        }
    }

    fn place_for_library(&self) -> PathBuf {
        let number = self.state().number;
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

    fn compile(&self, source: &Source, library: &Path, level: &str) -> (Vec<Value>, i32) {
        // The name ends like evcxr's own, which it looks for in rustc's messages.
        let file = self.base().join("out/lib.rs");
        let text = self.state().types.current_statics(&source.text);
        if let Err(error) = std::fs::write(&file, text) {
            return (
                vec![json!({"level": "error", "message": error.to_string()})],
                1,
            );
        }
        let parts = self.parts();
        let checked = if level == "0" || level == "1" {
            "on"
        } else {
            "off"
        };
        let mut command = Command::new(&parts.rustc);
        command
            .current_dir(self.base())
            .arg("out/lib.rs")
            .args([
                "--crate-name",
                "ctx",
                "--edition",
                "2024",
                "--crate-type",
                "cdylib",
            ])
            .args(["--error-format=json", "--json=diagnostic-rendered-ansi"])
            .args(["-C", "prefer-dynamic", "-C", "rpath", "-C", "debuginfo=0"])
            .arg(format!("-Copt-level={level}"))
            .arg(format!("-Cdebug-assertions={checked}"))
            .arg(format!("-Coverflow-checks={checked}"))
            .args(&parts.externs)
            .env_remove("RUSTFLAGS");
        match &source.entry {
            Some(_) => command.arg("-o").arg(library),
            None => command
                .arg("--emit=metadata")
                .arg("-o")
                .arg(library.with_extension("rmeta")),
        };
        if level == "0" {
            command.arg(format!(
                "-Cincremental={}",
                self.base().join("incremental").display()
            ));
        }
        let output = match command.stdin(Stdio::null()).output() {
            Ok(output) => output,
            Err(error) => {
                let message = format!("cannot run {}: {error}", parts.rustc.display());
                return (vec![json!({"level": "error", "message": message})], 1);
            }
        };
        let text = String::from_utf8_lossy(&output.stderr);
        let (messages, other): (Vec<_>, Vec<_>) = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).map_err(|_| line))
            .partition(Result::is_ok);
        let mut messages: Vec<Value> = messages.into_iter().flatten().collect();
        let status = output.status.code().unwrap_or(1);
        let other: Vec<&str> = other.into_iter().filter_map(Result::err).collect();
        if status != 0 && !messages.iter().any(|message| message["level"] == "error") {
            messages.push(
                json!({"level": "error", "message": other.join("\n"), "spans": [], "children": []}),
            );
        }
        (messages, status)
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
