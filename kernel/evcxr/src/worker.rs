//! The worker process, seen from the kernel.

use crate::service::Artifact;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tandem_cell::frame::{self, Kind};
use tandem_cell::{Cell, CellId, EventKind, Output, Stream, Watch};

/// How often a running cell is looked after: whether it lives, whether it is to stop.
const LOOK: Duration = Duration::from_millis(10);
/// How long a checkpoint may take to take over before all is given up.
const RESTORE: Duration = Duration::from_secs(20);
/// Stack of a cell's main thread, in bytes.
const STACK: u64 = 256 << 20;

/// How a run ended.
#[derive(Debug)]
pub enum End {
    /// Well.
    Done,
    /// The code panicked: message, and line in the source if it was there.
    Panic(String, Option<usize>),
    /// A `?` ended the cell: the error, and the `?`'s line in the source.
    QuestionMark(String, Option<usize>),
    /// The user stopped it.
    Interrupted,
    /// The process died.
    Died(ExitStatus),
    /// The library could not be loaded.
    Load(String),
}

/// What a run leaves.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub end: End,
    /// JSON that the code answered with, for questions of the kernel.
    pub answer: Option<Result<Value, String>>,
    /// Representation of the last value, where it was to be caught.
    pub value: Option<Value>,
    /// Variables that had another type than evcxr thought.
    pub lost: Vec<String>,
    /// Threads of earlier cells that were lost with the process.
    pub threads: usize,
    /// Whether all variables are gone.
    pub all_lost: bool,
}

/// Where output goes; empty before the first cell.
type Sink = Arc<Mutex<Option<Output>>>;

/// A running worker process.
pub struct Worker {
    control: UnixStream,
    messages: Receiver<(CellId, Value)>,
    sink: Sink,
    /// The process that runs cells now; a child of this one, by birth or by adoption.
    pid: i32,
    checkpoint: Option<i32>,
}

impl Worker {
    /// Starts a worker that has loaded `library`.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(program: &Path, library: &Path, directory: &Path) -> io::Result<Worker> {
        // A checkpoint whose original has died becomes a child of this process.
        // SAFETY: plain system call.
        unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
        let (control, theirs) = UnixStream::pair()?;
        let (frames, frames_in) = pipe()?;
        let (stdout, stdout_in) = pipe()?;
        let (stderr, stderr_in) = pipe()?;
        let (control_fd, frames_fd) = (theirs.as_raw_fd(), frames_in.as_raw_fd());
        let mut command = Command::new(program);
        command
            .arg("run")
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(stdout_in)
            .stderr(stderr_in)
            .process_group(0);
        // SAFETY: only system calls between fork and exec.
        unsafe {
            command.pre_exec(move || {
                // Both must be out of the way before either is put in its place.
                let control = libc::fcntl(control_fd, libc::F_DUPFD, 10);
                let frames = libc::fcntl(frames_fd, libc::F_DUPFD, 10);
                if libc::dup2(control, 3) < 0 || libc::dup2(frames, 4) < 0 {
                    return Err(io::Error::last_os_error());
                }
                libc::close(control);
                libc::close(frames);
                let mut limit: libc::rlimit = std::mem::zeroed();
                libc::getrlimit(libc::RLIMIT_STACK, &mut limit);
                limit.rlim_cur = STACK.min(limit.rlim_max);
                libc::setrlimit(libc::RLIMIT_STACK, &limit);
                Ok(())
            });
        }
        let child = command.spawn()?;
        drop(command);
        let pid = child.id() as i32;
        let sink = Sink::default();
        let (sender, messages) = mpsc::channel();
        let own = sink.clone();
        std::thread::spawn(move || read_all(frames, [stdout, stderr], &own, &sender));
        let mut worker = Worker {
            control,
            messages,
            sink,
            pid,
            checkpoint: None,
        };
        worker.send(&json!({"type": "load", "path": library}))?;
        let patience = Instant::now() + RESTORE;
        loop {
            match worker.messages.recv_timeout(LOOK) {
                Ok((_, message)) if message["type"] == "loaded" => {
                    match message["error"].as_str() {
                        Some(error) => return Err(io::Error::other(error.to_owned())),
                        None => return Ok(worker),
                    }
                }
                Ok(_) => {}
                Err(_) if Instant::now() > patience || worker.ended().is_some() => {
                    return Err(io::Error::other("the worker process does not start"));
                }
                Err(_) => {}
            }
        }
    }

    fn send(&mut self, message: &Value) -> io::Result<()> {
        self.control.write_all(format!("{message}\n").as_bytes())
    }

    /// The status of the process, if it has ended.
    fn ended(&self) -> Option<ExitStatus> {
        let mut status = 0;
        // SAFETY: waits for a child of this process, without blocking.
        let ended = unsafe { libc::waitpid(self.pid, &mut status, libc::WNOHANG) };
        (ended == self.pid).then(|| ExitStatus::from_raw(status))
    }

    /// Loads another library that later cells need.
    ///
    /// # Errors
    /// Where the process is gone.
    pub fn load(&mut self, library: &Path) -> io::Result<()> {
        self.send(&json!({"type": "load", "path": library}))
    }

    /// Runs a compiled cell to its end, or to the end that `interrupted` asks for. After any
    /// end but a good one, everything is as it was before.
    pub fn run(
        &mut self,
        artifact: &Artifact,
        cell: &Cell,
        output: &Output,
        watch: &mut dyn Watch,
        interrupted: &dyn Fn() -> bool,
    ) -> Ran {
        *self.sink.lock().unwrap_or_else(|e| e.into_inner()) = Some(output.clone());
        let threads = threads(self.pid).saturating_sub(1);
        let mut run = Running::new(cell, output, &artifact.source.text);
        let command = json!({
            "type": "run",
            "cell": cell.id,
            "path": artifact.library,
            "entry": artifact.entry,
            "repeat": cell.lane.map_or(1, |lane| lane.repeat.max(1)),
            "wait": true,
        });
        let mut running = false;
        let mut end = match self.send(&command) {
            Ok(()) => None,
            Err(error) => Some(End::Load(error.to_string())),
        };
        while end.is_none() {
            match self.messages.recv_timeout(LOOK) {
                Ok((id, message)) => match message["type"].as_str().unwrap_or_default() {
                    "checkpoint" => self.checkpoint = message["pid"].as_i64().map(|pid| pid as i32),
                    "started" => {
                        watch.started(self.pid);
                        running = true;
                        let _ = self.control.write_all(b"\n");
                    }
                    "ended" => {
                        watch.ended();
                        running = false;
                    }
                    "input" => {
                        let line = match cell.allow_stdin {
                            true => output.ask(id, "", false),
                            false => None,
                        };
                        let _ = self.send(&json!({ "input": line }));
                    }
                    "done" => end = Some(run.end(&message)),
                    _ => run.handle(id, &message),
                },
                Err(RecvTimeoutError::Timeout) => end = self.ended().map(End::Died),
                Err(RecvTimeoutError::Disconnected) => {
                    end = Some(End::Load("the worker process is gone".to_owned()));
                }
            }
            if end.is_none() && interrupted() {
                end = Some(End::Interrupted);
            }
        }
        if running {
            watch.ended();
        }
        let end = end.expect("the loop ends with an end");
        let mut ran = Ran {
            answer: run.answer,
            value: run.value,
            lost: run.lost,
            threads: 0,
            all_lost: false,
            end,
        };
        match ran.end {
            End::Done => self.drop_checkpoint(),
            _ => {
                ran.threads = threads;
                ran.all_lost = !self.restore();
            }
        }
        ran
    }

    /// Ends the checkpoint of a cell that went well; the worker itself collects it.
    fn drop_checkpoint(&mut self) {
        if let Some(pid) = self.checkpoint.take() {
            kill(pid, libc::SIGKILL);
        }
    }

    /// Ends the process and lets its checkpoint take over.
    fn restore(&mut self) -> bool {
        kill(self.pid, libc::SIGKILL);
        let mut status = 0;
        // SAFETY: waits for a child that has been killed.
        unsafe { libc::waitpid(self.pid, &mut status, 0) };
        let Some(checkpoint) = self.checkpoint.take() else {
            return false;
        };
        self.pid = checkpoint;
        kill(checkpoint, libc::SIGUSR1);
        let patience = Instant::now() + RESTORE;
        while Instant::now() < patience {
            match self.messages.recv_timeout(LOOK) {
                Ok((_, message)) if message["type"] == "restored" => return true,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) if self.ended().is_none() => {}
                Err(_) => return false,
            }
        }
        false
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.drop_checkpoint();
        // The group holds what the cells have started.
        kill(-self.pid, libc::SIGKILL);
        kill(self.pid, libc::SIGKILL);
        let mut status = 0;
        // SAFETY: waits for a child that has been killed.
        unsafe { libc::waitpid(self.pid, &mut status, 0) };
    }
}

/// What is gathered while a cell runs.
struct Running<'a> {
    /// What was compiled.
    source: &'a str,
    cell: &'a Cell,
    output: &'a Output,
    panic: Option<(String, Option<usize>)>,
    error: (String, Option<usize>),
    answer: Option<Result<Value, String>>,
    value: Option<Value>,
    lost: Vec<String>,
}

impl<'a> Running<'a> {
    fn new(cell: &'a Cell, output: &'a Output, source: &'a str) -> Self {
        Running {
            source,
            cell,
            output,
            panic: None,
            error: (String::new(), None),
            answer: None,
            value: None,
            lost: Vec::new(),
        }
    }

    fn handle(&mut self, id: CellId, message: &Value) {
        let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        match text("type").as_str() {
            "panic" => {
                let own = text("file").ends_with("out/lib.rs");
                let line = text("line").parse().ok().filter(|_| own);
                self.panic = Some((text("message"), line));
            }
            "thread panic" => {
                let own = text("file").ends_with("out/lib.rs");
                let line = text("line").parse().ok().filter(|_| own);
                let lines = || crate::diagnostics::Lines::new(self.source, &self.cell.code);
                let place = match line.and_then(|line| lines().of(line)) {
                    Some(line) => format!("this cell, line {line}"),
                    None if own => "code of an earlier cell".to_owned(),
                    None => format!("{}:{}", text("file"), text("line")),
                };
                self.output.text(
                    id,
                    tandem_cell::Stream::Stderr,
                    format!(
                        "thread '{}' panicked at {place}:\n{}\n",
                        text("thread"),
                        text("message")
                    ),
                );
            }
            "question mark" => {
                let own = text("file").ends_with("out/lib.rs");
                let line = text("line").parse().ok().filter(|_| own);
                self.error = (text("error"), line);
            }
            "lost" => self.lost.push(text("name")),
            "answer" => {
                self.answer = Some(match message["error"].as_str() {
                    Some(error) => Err(error.to_owned()),
                    None => serde_json::from_str(&text("json")).map_err(|error| error.to_string()),
                });
            }
            "result" => {
                let bundle = crate::rust::bundle(message);
                self.value = Some(Value::Object(bundle.data.clone()));
                if !self.cell.silent && self.cell.lane.is_none() {
                    self.output.send(id, EventKind::Result(bundle));
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, message: &Value) -> End {
        match message["status"].as_i64() {
            Some(0) => End::Done,
            Some(2) => {
                let (error, line) = std::mem::take(&mut self.error);
                End::QuestionMark(error, line)
            }
            Some(3) => End::Load(message["error"].as_str().unwrap_or_default().to_owned()),
            _ => {
                let (text, line) = self.panic.take().unwrap_or(("panicked".to_owned(), None));
                End::Panic(text, line)
            }
        }
    }
}

fn kill(pid: i32, signal: i32) {
    // SAFETY: plain system call.
    unsafe { libc::kill(pid, signal) };
}

/// Threads of a process that a restore cannot bring back: those of rayon's pool it can.
fn threads(pid: i32) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
    tasks
        .into_iter()
        .flatten()
        .flatten()
        .filter(|task| {
            let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            !name.starts_with("rayon ")
        })
        .count()
}

fn pipe() -> io::Result<(File, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors, which are owned from here on.
    unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) < 0 {
            return Err(io::Error::last_os_error());
        }
        // As large as an ordinary user may have it: fewer waits for a cell that writes much.
        libc::fcntl(ends[1], libc::F_SETPIPE_SZ, 1 << 20);
        Ok((File::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])))
    }
}

/// Reads frames and raw output until the pipe of the frames closes.
fn read_all(frames: File, raw: [File; 2], sink: &Sink, messages: &Sender<(CellId, Value)>) {
    let frames_fd = frames.as_raw_fd();
    for file in &raw {
        // SAFETY: plain system call on an own descriptor.
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
    }
    let mut reader = frame::Reader::new(frames);
    let mut running = CellId(0);
    loop {
        if !reader.has_buffered() {
            let mut polls =
                [frames_fd, raw[0].as_raw_fd(), raw[1].as_raw_fd()].map(|fd| libc::pollfd {
                    fd,
                    events: libc::POLLIN,
                    revents: 0,
                });
            // Raw pipes that have closed would wake this for ever.
            // SAFETY: three valid pollfds.
            unsafe { libc::poll(polls.as_mut_ptr(), 3, -1) };
            drain(&raw, running, sink);
            if polls[0].revents == 0 {
                if polls[1].revents & libc::POLLHUP != 0 && polls[2].revents & libc::POLLHUP != 0 {
                    std::thread::sleep(LOOK);
                }
                continue;
            }
        }
        let Ok(Some(message)) = reader.next_message() else {
            return;
        };
        let cell = message.header.cell;
        let stream = match message.header.kind {
            Kind::Stdout => Stream::Stdout,
            Kind::Stderr => Stream::Stderr,
            Kind::Message => {
                let value: Value = serde_json::from_slice(&message.bytes).unwrap_or_default();
                match value["type"].as_str() {
                    Some("checkpoint") => running = cell,
                    // What children and C code wrote before the end is shown before the end.
                    Some("done") => drain(&raw, running, sink),
                    _ => {}
                }
                if let Some(event) = crate::rust::display_event(&value) {
                    send(sink, cell, event);
                } else if messages.send((cell, value)).is_err() {
                    return;
                }
                continue;
            }
        };
        send(sink, cell, EventKind::Stream(stream, message.bytes));
    }
}

fn drain(raw: &[File; 2], cell: CellId, sink: &Sink) {
    let mut buffer = [0; 16 << 10];
    for (mut file, stream) in raw.iter().zip([Stream::Stdout, Stream::Stderr]) {
        while let Ok(read @ 1..) = file.read(&mut buffer) {
            send(
                sink,
                cell,
                EventKind::Stream(stream, buffer[..read].to_vec()),
            );
        }
    }
}

fn send(sink: &Sink, cell: CellId, event: EventKind) {
    if let Some(output) = &*sink.lock().unwrap_or_else(|e| e.into_inner()) {
        output.send(cell, event);
    }
}
