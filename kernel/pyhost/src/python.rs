//! The language: cells in, events and outcomes out.

use crate::comms;
use crate::host::{Host, Sink, ask};
use crate::interpreter::{Interpreter, PythonError};
use serde_json::{Value, json};
use std::io::BufReader;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tandem_cell::{
    Assistant, Cell, CellError, CellId, Comm, Completeness, Completions, EventKind, Hold,
    Inspection, Interrupter, Language, Lock, MimeBundle, Outcome, Output, Watch,
};

/// How long a cell may take to react to an interrupt: a call into C ends only by itself.
const GRACE: Duration = Duration::from_secs(4);

/// Where Python cells find what they need.
#[derive(Clone, Debug)]
pub struct PythonConfig {
    /// The interpreter, if not the `python3` of the PATH.
    pub interpreter: Option<PathBuf>,
    /// The folder in which cells run.
    pub directory: PathBuf,
    /// Tandem's data folder.
    pub data: PathBuf,
}

/// How long a question waits for an interpreter that is just starting.
const START: Duration = Duration::from_secs(30);

type Questions = Arc<Mutex<Option<Arc<Mutex<BufReader<UnixStream>>>>>>;

/// Python cells of one session.
pub struct Python {
    config: PythonConfig,
    host: Option<Host>,
    starting: Option<std::thread::JoinHandle<Result<Host, PythonError>>>,
    sink: Sink,
    questions: Questions,
    interrupt: Arc<Interrupt>,
    /// The cell that is told of the progress of a start.
    asked: Option<(CellId, Output)>,
}

#[derive(Default)]
struct Interrupt {
    /// The host that runs a cell, or 0.
    pid: AtomicI32,
    asked: AtomicBool,
}

impl Interrupter for Interrupt {
    fn interrupt(&self) {
        let pid = self.pid.load(Ordering::SeqCst);
        if pid > 0 {
            self.asked.store(true, Ordering::SeqCst);
            // SAFETY: plain system call.
            unsafe { libc::kill(pid, libc::SIGINT) };
        }
    }
}

fn failure(name: &str, value: impl Into<String>) -> CellError {
    let value = value.into();
    CellError {
        name: name.to_owned(),
        traceback: vec![format!("\x1b[1;31m{name}\x1b[0m: {value}")],
        value,
    }
}

impl Python {
    /// Starts the interpreter in the background; returns at once.
    pub fn start(config: PythonConfig) -> Python {
        let sink = Sink::default();
        let questions = Questions::default();
        let (own, background, asked) = (sink.clone(), config.clone(), questions.clone());
        let starting = std::thread::spawn(move || {
            let host = Host::start(
                background.interpreter.as_deref(),
                &background.directory,
                &background.data,
                own,
                None,
            )?;
            *asked.lock().unwrap_or_else(|e| e.into_inner()) = Some(host.questions.clone());
            Ok(host)
        });
        Python {
            config,
            host: None,
            starting: Some(starting),
            sink,
            questions,
            interrupt: Arc::default(),
            asked: None,
        }
    }

    fn host(&mut self) -> Result<&mut Host, PythonError> {
        if let Some(host) = &mut self.host
            && host.ended().is_some()
        {
            self.host = None;
        }
        if self.host.is_none() {
            let started = self.starting.take().map(|starting| {
                let failed = || PythonError::Request("the start failed".to_owned());
                starting.join().unwrap_or_else(|_| Err(failed()))
            });
            let started = match started {
                None | Some(Err(PythonError::NeedsBridge { .. })) => {
                    self.start_host(self.config.interpreter.as_deref())
                }
                Some(started) => started,
            };
            self.take(started?);
        }
        Ok(self.host.as_mut().expect("just made"))
    }

    /// Starts a host, and tells the cell that asked for it what takes time.
    fn start_host(&self, interpreter: Option<&Path>) -> Result<Host, PythonError> {
        let mut shown = false;
        let mut tell = |text: &str| {
            let Some((cell, output)) = &self.asked else {
                return;
            };
            let (bundle, display_id) =
                (MimeBundle::text(text), format!("tandem-bridge-{}", cell.0));
            output.send(
                *cell,
                match std::mem::replace(&mut shown, true) {
                    true => EventKind::UpdateDisplay { bundle, display_id },
                    false => EventKind::Display {
                        bundle,
                        display_id: Some(display_id),
                    },
                },
            );
        };
        Host::start(
            interpreter,
            &self.config.directory,
            &self.config.data,
            self.sink.clone(),
            Some(&mut tell),
        )
    }

    fn take(&mut self, host: Host) {
        *self.questions.lock().unwrap_or_else(|e| e.into_inner()) = Some(host.questions.clone());
        self.host = Some(host);
    }

    /// Which interpreter runs.
    ///
    /// # Errors
    /// Where none can be started.
    pub fn info(&mut self) -> Result<Interpreter, PythonError> {
        Ok(self.host()?.interpreter.clone())
    }

    /// Changes to another interpreter; the old one stays where the new one does not start.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn switch(
        &mut self,
        path: &Path,
        cell: CellId,
        output: &Output,
    ) -> Result<(), PythonError> {
        self.asked = Some((cell, output.clone()));
        let host = self.start_host(Some(path))?;
        self.config.interpreter = Some(path.to_owned());
        self.starting = None;
        self.take(host);
        Ok(())
    }

    fn request(&mut self, request: &Value) -> Result<Value, PythonError> {
        let host = self.host()?;
        host.send(request)
            .map_err(|error| PythonError::Request(error.to_string()))?;
        loop {
            match host.next() {
                Ok((_, answer)) if answer["type"] == "answer" => {
                    return match answer["error"]["value"].as_str() {
                        Some(error) => Err(PythonError::Request(error.to_owned())),
                        None => Ok(answer),
                    };
                }
                Ok(_) => {}
                Err(_) if host.ended().is_some() => {
                    return Err(PythonError::Request(
                        "the Python process has ended".to_owned(),
                    ));
                }
                Err(_) => {}
            }
        }
    }

    /// The value of a variable, as JSON.
    ///
    /// # Errors
    /// Where there is no such variable, or JSON cannot carry its value.
    pub fn read_json(&mut self, name: &str) -> Result<Value, PythonError> {
        let answer = self.request(&json!({"type": "read", "name": name}))?;
        Ok(answer["value"].clone())
    }

    /// Defines a variable.
    ///
    /// # Errors
    /// Where the host is gone.
    pub fn define_json(&mut self, name: &str, value: &Value) -> Result<(), PythonError> {
        let request = json!({"type": "define", "name": name, "value": value});
        self.request(&request).map(drop)
    }

    /// Defines Python functions for Rust functions of a library (see `tandem_call_NAME` there).
    ///
    /// # Errors
    /// Where the library cannot be loaded.
    pub fn import_native(&mut self, library: &Path, names: &[&str]) -> Result<(), PythonError> {
        self.request(&json!({"type": "native", "library": library, "names": names}))
            .map(drop)
    }

    fn run(
        &mut self,
        cell: &Cell,
        output: &Output,
        watch: &mut dyn Watch,
    ) -> Result<(), CellError> {
        *self.sink.lock().unwrap_or_else(|e| e.into_inner()) = Some(output.clone());
        let interrupt = self.interrupt.clone();
        self.asked = Some((cell.id, output.clone()));
        let host = self
            .host()
            .map_err(|error| failure("StartError", error.to_string()))?;
        let request = json!({
            "type": "execute",
            "cell": cell.id,
            "code": cell.code,
            "silent": cell.silent,
            "allow_stdin": cell.allow_stdin,
            "lane": cell.lane.is_some(),
            "repeat": cell.lane.map_or(1, |lane| lane.repeat.max(1)),
            "watch_lock": watch.wants_lock(),
        });
        interrupt.asked.store(false, Ordering::SeqCst);
        host.send(&request)
            .map_err(|error| failure("HostError", error.to_string()))?;
        interrupt.pid.store(host.pid(), Ordering::SeqCst);
        let mut running = false;
        let mut asked_at = None;
        let result = loop {
            match host.next() {
                Ok((id, message)) => match message["type"].as_str().unwrap_or_default() {
                    "started" => {
                        watch.started(host.pid());
                        running = true;
                        let _ = host.send(&json!({"type": "go"}));
                    }
                    "ended" => {
                        if let Some(lock) = lock_of(&message["lock"]) {
                            watch.lock(lock);
                        }
                        match message["time"].as_u64() {
                            Some(time) => watch.ended_at(time),
                            None => watch.ended(),
                        }
                        running = false;
                    }
                    "input" => {
                        let prompt = message["prompt"].as_str().unwrap_or_default();
                        let password = message["password"].as_bool().unwrap_or(false);
                        let line = output.ask(id, prompt, password);
                        let _ = host.send(&json!({ "input": line }));
                    }
                    "done" if message["error"].is_object() => {
                        break Err(error_of(&message["error"]));
                    }
                    "done" => break Ok(()),
                    _ => {}
                },
                Err(_) => {
                    if let Some(status) = host.ended() {
                        break Err(crashed(status));
                    }
                    if interrupt.asked.load(Ordering::SeqCst) {
                        let since: &mut Instant = asked_at.get_or_insert_with(Instant::now);
                        if since.elapsed() > GRACE {
                            // SAFETY: plain system call.
                            unsafe { libc::kill(-host.pid(), libc::SIGKILL) };
                            let mut error = failure(
                                "KeyboardInterrupt",
                                "the cell did not react and was killed",
                            );
                            error
                                .traceback
                                .push("All variables of Python cells are lost.".to_owned());
                            break Err(error);
                        }
                    }
                }
            }
        };
        interrupt.pid.store(0, Ordering::SeqCst);
        if running {
            watch.ended();
        }
        result
    }
}

/// What the host saw of the interpreter's lock, if it was asked to look.
fn lock_of(message: &Value) -> Option<Lock> {
    if let Some(why) = message["hidden"].as_str() {
        return Some(Lock::Hidden(why.to_owned()));
    }
    let looked = message["looked"].as_array()?.iter();
    let looked = looked.filter_map(|time| Some((time[0].as_u64()?, time[1].as_u64()?)));
    let holds = message["holds"].as_array()?.iter().filter_map(|hold| {
        Some(Hold {
            tid: hold[0].as_u64()? as u32,
            from: hold[1].as_u64()?,
            to: hold[2].as_u64()?,
        })
    });
    Some(Lock::Seen {
        sampler: message["sampler"].as_u64()? as u32,
        holds: holds.collect(),
        looked: looked.collect(),
    })
}

fn error_of(message: &Value) -> CellError {
    let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
    CellError {
        name: text("name"),
        value: text("value"),
        traceback: message["traceback"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|line| line.as_str().map(str::to_owned))
            .collect(),
    }
}

fn crashed(status: ExitStatus) -> CellError {
    let what = match (status.signal(), status.code()) {
        (Some(libc::SIGSEGV), _) => "crashed (SIGSEGV)".to_owned(),
        (Some(libc::SIGABRT), _) => "aborted (SIGABRT)".to_owned(),
        (Some(libc::SIGKILL), _) => "was killed (SIGKILL), perhaps for want of memory".to_owned(),
        (Some(signal), _) => format!("was ended by signal {signal}"),
        (None, code) => format!("ended with status {}", code.unwrap_or(0)),
    };
    let mut error = failure("HostDied", format!("the Python process {what}"));
    error.traceback.push(
        "All variables of Python cells are lost; the next cell starts a new process.".to_owned(),
    );
    error
}

/// The event for a message that only shows something.
pub(crate) fn display_event(message: &Value) -> Option<EventKind> {
    let bundle = || MimeBundle {
        data: message["data"].as_object().cloned().unwrap_or_default(),
        metadata: message["metadata"].as_object().cloned().unwrap_or_default(),
    };
    let display_id = message["id"].as_str().map(str::to_owned);
    match message["type"].as_str()? {
        "result" => Some(EventKind::Result(bundle())),
        "display" => Some(EventKind::Display {
            bundle: bundle(),
            display_id,
        }),
        "update" => Some(EventKind::UpdateDisplay {
            bundle: bundle(),
            display_id: display_id.unwrap_or_default(),
        }),
        "comm" => comms::sent(message).map(EventKind::Comm),
        "clear" => Some(EventKind::ClearOutput {
            wait: message["wait"].as_bool().unwrap_or(false),
        }),
        _ => None,
    }
}

impl Language for Python {
    fn execute(&mut self, cell: &Cell, output: &Output, watch: &mut dyn Watch) -> Outcome {
        match self.run(cell, output, watch) {
            Ok(()) => Outcome::Ok,
            Err(error) => Outcome::Failed(error),
        }
    }

    fn evaluate(&mut self, _id: CellId, expression: &str) -> Result<MimeBundle, CellError> {
        let answer = self
            .request(&json!({"type": "evaluate", "code": expression}))
            .map_err(|error| failure("EvaluationError", error.to_string()))?;
        Ok(MimeBundle {
            data: answer["data"].as_object().cloned().unwrap_or_default(),
            metadata: answer["metadata"].as_object().cloned().unwrap_or_default(),
        })
    }

    fn comm(&mut self, id: CellId, comm: &Comm, output: &Output) -> bool {
        // Comms belong to a running interpreter: none is started for a stray message.
        if self.host.is_none() {
            return false;
        }
        *self.sink.lock().unwrap_or_else(|e| e.into_inner()) = Some(output.clone());
        let pid = self.host.as_ref().map_or(0, Host::pid);
        self.interrupt.pid.store(pid, Ordering::SeqCst);
        let answer = self.request(&comms::request(id, comm));
        self.interrupt.pid.store(0, Ordering::SeqCst);
        answer.is_ok_and(|answer| answer["taken"] == true)
    }

    fn assistant(&self) -> Arc<dyn Assistant> {
        Arc::new(PythonAssistant {
            questions: self.questions.clone(),
        })
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        self.interrupt.clone()
    }
}

struct PythonAssistant {
    questions: Questions,
}

impl PythonAssistant {
    fn ask(&self, question: Value) -> Option<Value> {
        let end = Instant::now() + START;
        loop {
            let ready = self.questions.lock().ok()?.clone();
            match ready {
                Some(questions) => return ask(&questions, &question),
                None if Instant::now() > end => return None,
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

fn chars(code: &str, bytes: usize) -> usize {
    code.get(..bytes).unwrap_or(code).chars().count()
}

fn bytes(code: &str, chars: usize) -> usize {
    code.char_indices()
        .nth(chars)
        .map_or(code.len(), |(at, _)| at)
}

impl Assistant for PythonAssistant {
    fn complete(&self, code: &str, position: usize) -> Completions {
        let question = json!({"type": "complete", "code": code, "position": chars(code, position)});
        let answer = self.ask(question).unwrap_or_default();
        let start = answer["start"]
            .as_u64()
            .map_or(position, |at| bytes(code, at as usize));
        let pair = |pair: &Value| {
            let text = |at: usize| pair[at].as_str().unwrap_or_default().to_owned();
            (text(0), text(1))
        };
        Completions {
            matches: answer["matches"]
                .as_array()
                .into_iter()
                .flatten()
                .map(pair)
                .collect(),
            range: start.min(position)..position,
        }
    }

    fn inspect(&self, code: &str, position: usize, detail: u8) -> Inspection {
        let position = chars(code, position);
        let question =
            json!({"type": "inspect", "code": code, "position": position, "detail": detail});
        let answer = self.ask(question)?;
        answer["text"].as_str().map(MimeBundle::text)
    }

    fn is_complete(&self, code: &str) -> Completeness {
        let answer = self
            .ask(json!({"type": "is_complete", "code": code}))
            .unwrap_or_default();
        match answer["status"].as_str() {
            Some("complete") => Completeness::Complete,
            Some("incomplete") => Completeness::Incomplete {
                indent: answer["indent"].as_str().unwrap_or_default().to_owned(),
            },
            Some("invalid") => Completeness::Invalid,
            _ => Completeness::Unknown,
        }
    }
}
