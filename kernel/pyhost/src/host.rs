//! The host process, seen from the kernel.

use crate::bridge::{self, Bridge, Progress};
use crate::interpreter::{self, Interpreter, PythonError};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tandem_cell::frame::{self, Kind};
use tandem_cell::{CellId, EventKind, Output, Stream};

/// The program that the interpreter runs: it loads the bridge, which does the rest.
const BOOTSTRAP: &str = include_str!("bootstrap.py");
/// Statuses with which the bootstrap ends where it cannot load the bridge.
const TOO_OLD: i32 = 121;
const NEEDS_OWN_BRIDGE: i32 = 122;
/// How often a running cell is looked after.
const LOOK: Duration = Duration::from_millis(10);
/// How long an interpreter may take to start.
const START: Duration = Duration::from_secs(60);
/// How long a question may take; on a busy machine even an import takes seconds.
const QUESTION: Duration = Duration::from_secs(20);

pub(crate) type Sink = Arc<Mutex<Option<Output>>>;

/// A running host.
pub struct Host {
    child: Child,
    control: UnixStream,
    /// Asks about code; shared with the assistant.
    pub questions: Arc<Mutex<BufReader<UnixStream>>>,
    messages: Receiver<(CellId, Value)>,
    /// What runs.
    pub interpreter: Interpreter,
    _folder: tempfile::TempDir,
}

fn pipe() -> io::Result<(File, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors, which are owned from here on.
    unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) < 0 {
            return Err(io::Error::last_os_error());
        }
        libc::fcntl(ends[1], libc::F_SETPIPE_SZ, 1 << 20);
        Ok((File::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])))
    }
}

impl Host {
    /// Starts an interpreter and waits until it is ready. Where it needs a bridge of its own, that
    /// is built first, if somebody can be told of the `progress`.
    ///
    /// # Errors
    /// Which interpreter, and what it said.
    pub fn start(
        named: Option<&Path>,
        directory: &Path,
        data: &Path,
        sink: Sink,
        progress: Option<Progress<'_>>,
    ) -> Result<Host, PythonError> {
        let path = interpreter::find(named)?;
        let common = bridge::place(data).map_err(|error| PythonError::Start {
            path: path.clone(),
            error: error.to_string(),
        })?;
        let own = Bridge::of(&path, data);
        let folder = own.built();
        match Host::try_start(&path, directory, &common, folder.as_deref(), &sink) {
            Err(PythonError::NeedsBridge { .. }) if progress.is_some() => {
                let folder = own.build(&path, progress.unwrap_or(&mut |_| {}))?;
                Host::try_start(&path, directory, &common, Some(&folder), &sink)
            }
            started => started,
        }
    }

    fn try_start(
        path: &Path,
        directory: &Path,
        common: &Path,
        own: Option<&Path>,
        sink: &Sink,
    ) -> Result<Host, PythonError> {
        let path = path.to_owned();
        let failed = |error: String| PythonError::Start {
            path: path.clone(),
            error,
        };
        let text = |error: io::Error| failed(error.to_string());
        let folder = tempfile::Builder::new()
            .prefix("tandem-python-")
            .tempdir()
            .map_err(text)?;
        let definitions = folder.path().join("cells.py");
        std::fs::write(&definitions, "").map_err(text)?;
        let (control, theirs) = UnixStream::pair().map_err(text)?;
        let (questions, their_questions) = UnixStream::pair().map_err(text)?;
        let (frames, frames_in) = pipe().map_err(text)?;
        let (stdout, stdout_in) = pipe().map_err(text)?;
        let (stderr, stderr_in) = pipe().map_err(text)?;
        let fds = [
            theirs.as_raw_fd(),
            their_questions.as_raw_fd(),
            frames_in.as_raw_fd(),
        ];
        let settings = json!({
            "control": fds[0], "questions": fds[1], "frames": fds[2],
            "definitions": definitions,
        });
        let bridges = format!(
            "{}:{}",
            own.unwrap_or(Path::new("")).display(),
            common.display()
        );
        let mut command = Command::new(&path);
        command
            .args(["-c", BOOTSTRAP])
            .current_dir(directory)
            .env("TANDEM_HOST", settings.to_string())
            .env("TANDEM_BRIDGES", bridges)
            .stdin(Stdio::null())
            .stdout(stdout_in)
            .stderr(stderr_in)
            .process_group(0);
        // SAFETY: only system calls between fork and exec.
        unsafe {
            command.pre_exec(move || {
                // Python makes no KeyboardInterrupt where it starts with the signal ignored, as
                // under `nohup`.
                libc::signal(libc::SIGINT, libc::SIG_DFL);
                for fd in fds {
                    if libc::fcntl(fd, libc::F_SETFD, 0) < 0 {
                        return Err(io::Error::last_os_error());
                    }
                }
                Ok(())
            });
        }
        let child = command.spawn().map_err(text)?;
        drop((command, theirs, their_questions, frames_in));
        let (sender, messages) = mpsc::channel();
        let own = sink.clone();
        std::thread::spawn(move || read_all(frames, [stdout, stderr], &own, &sender));
        questions.set_read_timeout(Some(QUESTION)).map_err(text)?;
        let mut host = Host {
            child,
            control,
            questions: Arc::new(Mutex::new(BufReader::new(questions))),
            messages,
            interpreter: Interpreter {
                path: path.clone(),
                version: String::new(),
                gil: true,
            },
            _folder: folder,
        };
        let patience = Instant::now() + START;
        loop {
            match host.messages.recv_timeout(LOOK) {
                Ok((_, ready)) if ready["type"] == "ready" => {
                    host.interpreter = Interpreter {
                        path: PathBuf::from(ready["path"].as_str().unwrap_or_default()),
                        version: ready["version"].as_str().unwrap_or_default().to_owned(),
                        gil: ready["gil"].as_bool().unwrap_or(true),
                    };
                    return Ok(host);
                }
                Ok(_) => {}
                Err(_) => {
                    if let Some(status) = host.ended() {
                        return Err(match status.code() {
                            Some(TOO_OLD) => PythonError::too_old(path),
                            Some(NEEDS_OWN_BRIDGE) => PythonError::NeedsBridge { path },
                            _ => failed(format!("it ended with {status}")),
                        });
                    }
                    if Instant::now() > patience {
                        return Err(failed("it does not answer".to_owned()));
                    }
                }
            }
        }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// Where the host is gone.
    pub fn send(&mut self, request: &Value) -> io::Result<()> {
        self.control.write_all(format!("{request}\n").as_bytes())
    }

    /// The next message of the host, if one comes soon.
    pub fn next(&mut self) -> Result<(CellId, Value), RecvTimeoutError> {
        self.messages.recv_timeout(LOOK)
    }

    /// The status of the process, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // The group holds children that cells have started.
        // SAFETY: plain system call.
        unsafe { libc::kill(-self.pid(), libc::SIGKILL) };
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks about code, and waits a little for the answer.
pub fn ask(questions: &Mutex<BufReader<UnixStream>>, question: &Value) -> Option<Value> {
    let mut reader = questions.lock().ok()?;
    // An answer that came too late for its question is not the answer to this one.
    reader.get_ref().set_nonblocking(true).ok()?;
    let mut late = String::new();
    while reader.read_line(&mut late).is_ok_and(|read| read > 0) {}
    reader.get_ref().set_nonblocking(false).ok()?;
    reader
        .get_mut()
        .write_all(format!("{question}\n").as_bytes())
        .ok()?;
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    serde_json::from_str(&line).ok()
}

/// Reads frames and raw output until the pipe of the frames closes.
fn read_all(frames: File, mut raw: [File; 2], sink: &Sink, messages: &Sender<(CellId, Value)>) {
    for file in &raw {
        // SAFETY: plain system call on an own descriptor.
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
    }
    let frames_fd = frames.as_raw_fd();
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
            // SAFETY: three valid pollfds.
            unsafe { libc::poll(polls.as_mut_ptr(), 3, -1) };
            drain(&mut raw, running, sink);
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
        match message.header.kind {
            Kind::Stdout => send(sink, cell, EventKind::Stream(Stream::Stdout, message.bytes)),
            Kind::Stderr => send(sink, cell, EventKind::Stream(Stream::Stderr, message.bytes)),
            Kind::Message => {
                let value: Value = serde_json::from_slice(&message.bytes).unwrap_or_default();
                match value["type"].as_str() {
                    Some("started") => running = cell,
                    Some("done") => drain(&mut raw, running, sink),
                    _ => {}
                }
                if let Some(event) = crate::python::display_event(&value) {
                    send(sink, cell, event);
                } else if messages.send((cell, value)).is_err() {
                    return;
                }
            }
        }
    }
}

fn drain(raw: &mut [File; 2], cell: CellId, sink: &Sink) {
    let mut buffer = [0; 16 << 10];
    for (file, stream) in raw.iter_mut().zip([Stream::Stdout, Stream::Stderr]) {
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
