//! One kernel's life, from its connection file to its shutdown.

use crate::executor::{Executor, Job};
use crate::history::History;
use crate::publish::{Cells, publish};
use crate::sockets;
use crate::wire::PROTOCOL;
use jupyter_protocol::{
    CodeMirrorMode, ConnectionInfo, HelpLink, JupyterMessage, JupyterMessageContent,
    KernelInfoReply, LanguageInfo, ReplyStatus, Status,
};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tandem_cell::{Assistant, Event, Interrupter, Language, Output};
use tokio::sync::mpsc::UnboundedSender;

/// How long a shutdown waits for a running cell to end.
const GRACE: Duration = Duration::from_secs(3);

/// What the kernel says of itself.
#[derive(Clone, Debug)]
pub struct KernelInfo {
    /// Name of the implementation.
    pub implementation: String,
    /// Its version.
    pub version: String,
    /// What a console shows first.
    pub banner: String,
    /// Version of the language, for example of rustc.
    pub language_version: String,
    /// Links for the help menu: text and address.
    pub help_links: Vec<(String, String)>,
    /// Where the history is kept; `None` keeps it for the session only.
    pub history: Option<PathBuf>,
}

impl KernelInfo {
    pub(crate) fn reply(&self) -> KernelInfoReply {
        KernelInfoReply {
            status: ReplyStatus::Ok,
            protocol_version: PROTOCOL.to_owned(),
            implementation: self.implementation.clone(),
            implementation_version: self.version.clone(),
            // JupyterLab chooses the highlighter by this MIME type.
            language_info: LanguageInfo {
                name: "rust".to_owned(),
                version: self.language_version.clone(),
                mimetype: Some("text/x-rustsrc".to_owned()),
                file_extension: Some(".rs".to_owned()),
                pygments_lexer: Some("rust".to_owned()),
                codemirror_mode: Some(CodeMirrorMode::Simple("rust".to_owned())),
                nbconvert_exporter: Some("script".to_owned()),
            },
            banner: self.banner.clone(),
            help_links: self
                .help_links
                .iter()
                .map(|(text, url)| HelpLink {
                    text: text.clone(),
                    url: url.clone(),
                })
                .collect(),
            debugger: false,
            error: None,
        }
    }
}

/// Why a kernel could not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The connection file cannot be read.
    #[error("cannot read the connection file {path}: {error}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The connection file is not one.
    #[error("{path} is no connection file of Jupyter: {error}")]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// Only HMAC-SHA256 is spoken.
    #[error("the connection file asks for the signature scheme {0}; only hmac-sha256 is supported")]
    Scheme(String),
    /// A socket cannot be opened.
    #[error("cannot listen on {address}: {error}")]
    Bind {
        /// Where.
        address: String,
        /// What ZeroMQ says.
        error: zeromq::ZmqError,
    },
    /// The asynchronous runtime cannot be started.
    #[error("cannot start: {0}")]
    Runtime(#[from] std::io::Error),
}

/// How a kernel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It was told to end.
    Shutdown,
    /// It was told to end because a new one is about to start.
    Restart,
}

/// What the threads of a session share.
pub struct Hub {
    pub(crate) info: KernelInfo,
    pub(crate) assistant: Arc<dyn Assistant>,
    pub(crate) interrupter: Arc<dyn Interrupter>,
    pub(crate) history: Mutex<Option<History>>,
    pub(crate) jobs: Sender<Job>,
    pub(crate) outgoing: Outgoing,
    pub(crate) stop: UnboundedSender<Exit>,
    /// Open comms, and whom they are for.
    pub(crate) comms: Mutex<HashMap<String, String>>,
    cells: Mutex<Cells>,
    input: Mutex<Option<Sender<Option<String>>>>,
}

/// Where messages to each socket go.
pub struct Outgoing {
    pub(crate) shell: UnboundedSender<JupyterMessage>,
    pub(crate) control: UnboundedSender<JupyterMessage>,
    pub(crate) stdin: UnboundedSender<JupyterMessage>,
    pub(crate) iopub: UnboundedSender<JupyterMessage>,
}

impl Hub {
    pub(crate) fn cells(&self) -> MutexGuard<'_, Cells> {
        self.cells.lock().unwrap_or_else(|e| e.into_inner())
    }

    pub(crate) fn iopub(&self, message: JupyterMessage) {
        let _ = self.outgoing.iopub.send(message);
    }

    /// Publishes something that `request` has caused.
    pub(crate) fn publish(
        &self,
        content: impl Into<JupyterMessageContent>,
        request: &JupyterMessage,
    ) {
        self.iopub(JupyterMessage::new(content, Some(request)));
    }

    pub(crate) fn busy(&self, request: &JupyterMessage) {
        self.publish(Status::busy(), request);
    }

    pub(crate) fn idle(&self, request: &JupyterMessage) {
        self.publish(Status::idle(), request);
    }

    /// Asks the front end for a line; an older question is answered with nothing.
    pub(crate) fn ask(&self, message: JupyterMessage, reply: Sender<Option<String>>) {
        self.answer(None);
        *self.input.lock().unwrap_or_else(|e| e.into_inner()) = Some(reply);
        let _ = self.outgoing.stdin.send(message);
    }

    /// Hands over the answer to the open question, if there is one.
    pub(crate) fn answer(&self, line: Option<String>) {
        let open = self.input.lock().unwrap_or_else(|e| e.into_inner()).take();
        if let Some(reply) = open {
            let _ = reply.send(line);
        }
    }

    pub(crate) fn interrupt(&self) {
        self.interrupter.interrupt();
        self.answer(None);
    }
}

/// Serves a kernel until it is told to shut down.
///
/// `events` is the other end of `output`, which the language gets with every cell.
///
/// # Errors
/// Where the connection file or an address is no good; nothing has been started then.
pub fn serve(
    connection_file: &Path,
    info: KernelInfo,
    language: Box<dyn Language>,
    output: Output,
    events: Receiver<Event>,
) -> Result<Exit, ServeError> {
    let path = connection_file.to_owned();
    let text = std::fs::read_to_string(&path).map_err(|error| ServeError::Read {
        path: path.clone(),
        error,
    })?;
    let connection: ConnectionInfo =
        serde_json::from_str(&text).map_err(|error| ServeError::Form { path, error })?;
    if !connection.key.is_empty() && connection.signature_scheme != "hmac-sha256" {
        return Err(ServeError::Scheme(connection.signature_scheme));
    }
    let history = match History::open(info.history.as_deref()) {
        Ok(history) => Some(history),
        Err(error) => {
            eprintln!("tandem: the history cannot be kept: {error}");
            History::open(None).ok()
        }
    };
    let (jobs, queue) = mpsc::channel();
    let (channels, outgoing) = sockets::channels();
    let (stop, mut stopped) = tokio::sync::mpsc::unbounded_channel();
    let hub = Arc::new(Hub {
        info,
        assistant: language.assistant(),
        interrupter: language.interrupter(),
        history: Mutex::new(history),
        jobs,
        outgoing,
        stop,
        comms: Mutex::default(),
        cells: Mutex::default(),
        input: Mutex::default(),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(sockets::start(&connection, hub.clone(), channels))?;
    let publisher = hub.clone();
    std::thread::spawn(move || publish(publisher, events));
    let (ended, end) = mpsc::channel();
    let executor = Executor::new(hub.clone(), language, output);
    std::thread::spawn(move || {
        executor.run(queue);
        let _ = ended.send(());
    });
    let exit = runtime.block_on(stopped.recv()).unwrap_or(Exit::Shutdown);
    hub.interrupt();
    let _ = hub.jobs.send(Job::Stop);
    let _ = end.recv_timeout(GRACE);
    drop(hub.history.lock().unwrap_or_else(|e| e.into_inner()).take());
    // What has been sent to the sockets must leave before they close.
    std::thread::sleep(Duration::from_millis(50));
    runtime.shutdown_timeout(Duration::from_millis(200));
    Ok(exit)
}
