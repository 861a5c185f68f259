//! Output events: one enum, one channel, one order.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::mpsc::{self, Receiver, Sender};

/// Identifies the execution of one cell. Numbers are never used twice in a session, so that
/// output of a thread that outlives its cell still finds the cell it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CellId(pub u64);

/// The two standard output streams of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// What the user's code wrote to standard output.
    Stdout,
    /// What the user's code wrote to standard error.
    Stderr,
}

/// One value in several representations, keyed by MIME type, as Jupyter displays it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MimeBundle {
    /// MIME type to content: a string, or any JSON for the `+json` types. Binary images are
    /// base64 text, as nbformat stores them.
    pub data: Map<String, Value>,
    /// Metadata, keyed by MIME type where it concerns one representation.
    #[serde(default)]
    pub metadata: Map<String, Value>,
}

impl MimeBundle {
    /// A bundle that holds only `text/plain`.
    pub fn text(text: impl Into<String>) -> Self {
        Self::default().with("text/plain", text.into())
    }

    /// Adds (or replaces) one representation.
    pub fn with(mut self, mime: &str, content: impl Into<Value>) -> Self {
        self.data.insert(mime.to_owned(), content.into());
        self
    }
}

/// The user's code waits for a line of input.
#[derive(Debug)]
pub struct InputRequest {
    /// Text to show beside the input field; often empty.
    pub prompt: String,
    /// Whether the answer must not be shown.
    pub password: bool,
    /// Where the answer goes, without its line end. `None` means that there is nobody to ask
    /// (the front end does not allow input) or that the cell was interrupted.
    pub reply: Sender<Option<String>>,
}

/// What a message of a comm does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommKind {
    /// Opens it.
    Open {
        /// Whom on the other side it is for.
        target: String,
        /// The module in which the other side finds its target, if it needs one.
        module: Option<String>,
    },
    /// Carries data.
    Message,
    /// Closes it.
    Close,
}

/// One message of a comm: a channel between an object of the session and the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Comm {
    /// Which comm.
    pub id: String,
    /// What the message does.
    pub kind: CommKind,
    /// What it carries.
    pub data: Map<String, Value>,
    /// What it carries besides, for the front end.
    pub metadata: Map<String, Value>,
    /// Binary parts.
    pub buffers: Vec<Vec<u8>>,
}

/// What happened.
#[derive(Debug)]
pub enum EventKind {
    /// Bytes as written: not necessarily whole lines, not necessarily UTF-8.
    Stream(Stream, Vec<u8>),
    /// The value of the cell's last expression.
    Result(MimeBundle),
    /// A rich display. With a `display_id` it can be updated later.
    Display {
        /// What to show.
        bundle: MimeBundle,
        /// The name under which [`EventKind::UpdateDisplay`] finds it again.
        display_id: Option<String>,
    },
    /// Replaces every display with this `display_id`.
    UpdateDisplay {
        /// What to show instead.
        bundle: MimeBundle,
        /// Which display.
        display_id: String,
    },
    /// Removes the cell's output; with `wait`, only when the next output comes.
    ClearOutput {
        /// Whether to wait for the next output.
        wait: bool,
    },
    /// Text for the front end's pager (documentation).
    Pager(MimeBundle),
    /// The code sends something to the page's end of a comm.
    Comm(Comm),
    /// The code wants a line of input.
    Input(InputRequest),
    /// Shows nothing: answered when everything sent before it has been handled.
    Barrier(Sender<()>),
}

/// One event, and the cell it belongs to.
#[derive(Debug)]
pub struct Event {
    /// The cell that caused it, even if that cell has ended since.
    pub cell: CellId,
    /// What happened.
    pub kind: EventKind,
}

/// The sending end of the event channel. Clones share one order: what is sent first is shown
/// first.
#[derive(Clone, Debug)]
pub struct Output {
    sender: Sender<Event>,
}

impl Output {
    /// A channel: everything sent to the output arrives, in order, at the receiver.
    pub fn channel() -> (Output, Receiver<Event>) {
        let (sender, receiver) = mpsc::channel();
        (Output { sender }, receiver)
    }

    /// Sends an event. Without a receiver (the session has ended) it is dropped.
    pub fn send(&self, cell: CellId, kind: EventKind) {
        let _ = self.sender.send(Event { cell, kind });
    }

    /// Sends text on a stream.
    pub fn text(&self, cell: CellId, stream: Stream, text: impl Into<String>) {
        self.send(cell, EventKind::Stream(stream, text.into().into_bytes()));
    }

    /// Sends a display without an identity.
    pub fn display(&self, cell: CellId, bundle: MimeBundle) {
        let display_id = None;
        self.send(cell, EventKind::Display { bundle, display_id });
    }

    /// Asks for a line of input and waits for the answer; `None` if nobody can be asked.
    pub fn ask(&self, cell: CellId, prompt: &str, password: bool) -> Option<String> {
        let (reply, answer) = mpsc::channel();
        let prompt = prompt.to_owned();
        self.send(
            cell,
            EventKind::Input(InputRequest {
                prompt,
                password,
                reply,
            }),
        );
        answer.recv().ok().flatten()
    }
}
