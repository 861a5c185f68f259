//! From events to messages on iopub: the single consumer of the event channel.
//!
//! Stream output is joined into few messages: bytes that follow each other on the same stream
//! of the same cell wait up to [`PATIENCE`] for more, and are sent at once when anything else
//! comes, so that the order of everything is the order of the channel.

use crate::comms;
use crate::session::Hub;
use jupyter_protocol::{
    ClearOutput, DisplayData, ErrorOutput, ExecuteResult, ExecutionCount, InputRequest,
    JupyterMessage, Media, Payload, Stdio, StreamContent, Transient, UpdateDisplayData,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use tandem_cell::{CellError, CellId, Event, EventKind, MimeBundle, Stream};

/// How long stream output waits for more of its kind.
const PATIENCE: Duration = Duration::from_millis(12);
/// A stream message is not made longer than this.
const MAX_STREAM: usize = 256 << 10;
/// Cells whose late output can still be told from others'.
const PARENTS: usize = 4096;

/// What is known of a cell that writes.
pub struct Parent {
    /// The request that started it.
    pub request: JupyterMessage,
    /// Its number, for its result.
    pub count: usize,
    /// Whether the front end takes input requests.
    pub allow_stdin: bool,
}

/// Cells by their number, with what they leave for their reply.
#[derive(Default)]
pub struct Cells {
    parents: BTreeMap<CellId, Parent>,
    payloads: HashMap<CellId, Vec<Payload>>,
    values: HashMap<CellId, String>,
}

impl Cells {
    /// Adds a cell; the oldest is forgotten when there are too many.
    pub fn enter(&mut self, cell: CellId, parent: Parent) {
        self.parents.insert(cell, parent);
        while self.parents.len() > PARENTS {
            self.parents.pop_first();
        }
    }

    /// The payloads and the plain text of the result, for the reply and the history.
    pub fn leave(&mut self, cell: CellId) -> (Vec<Payload>, Option<String>) {
        (
            self.payloads.remove(&cell).unwrap_or_default(),
            self.values.remove(&cell),
        )
    }
}

/// Handles events until every sender is gone.
pub fn publish(hub: Arc<Hub>, events: Receiver<Event>) {
    let mut publisher = Publisher {
        hub,
        waiting: None,
        tails: HashMap::new(),
    };
    loop {
        match events.recv_timeout(PATIENCE) {
            Ok(event) => publisher.handle(event),
            Err(RecvTimeoutError::Timeout) => publisher.flush(),
            Err(RecvTimeoutError::Disconnected) => return publisher.flush(),
        }
    }
}

struct Publisher {
    hub: Arc<Hub>,
    waiting: Option<(CellId, Stream, Vec<u8>)>,
    /// Bytes at the end of a stream that are the start of a character.
    tails: HashMap<(CellId, Stream), Vec<u8>>,
}

impl Publisher {
    fn handle(&mut self, event: Event) {
        let cell = event.cell;
        if let EventKind::Stream(stream, bytes) = event.kind {
            return self.stream(cell, stream, bytes);
        }
        self.flush();
        let hub = self.hub.clone();
        match event.kind {
            EventKind::Stream(..) => {}
            EventKind::Barrier(reached) => {
                self.flush_tails(cell);
                let _ = reached.send(());
            }
            EventKind::Result(bundle) => {
                let mut cells = hub.cells();
                if let Some(text) = bundle.data.get("text/plain").and_then(|t| t.as_str()) {
                    cells.values.insert(cell, text.to_owned());
                }
                let count = cells.parents.get(&cell).map_or(0, |parent| parent.count);
                drop(cells);
                hub.show(
                    cell,
                    ExecuteResult {
                        execution_count: ExecutionCount::new(count),
                        data: media(&bundle),
                        metadata: bundle.metadata,
                        transient: Some(Transient::default()),
                    },
                );
            }
            EventKind::Display { bundle, display_id } => hub.show(
                cell,
                DisplayData {
                    data: media(&bundle),
                    metadata: bundle.metadata,
                    transient: Some(Transient { display_id }),
                },
            ),
            EventKind::UpdateDisplay { bundle, display_id } => hub.show(
                cell,
                UpdateDisplayData {
                    data: media(&bundle),
                    metadata: bundle.metadata,
                    transient: Transient {
                        display_id: Some(display_id),
                    },
                },
            ),
            EventKind::ClearOutput { wait } => hub.show(cell, ClearOutput { wait }),
            EventKind::Pager(bundle) => {
                let page = Payload::Page {
                    data: media(&bundle),
                    start: 0,
                };
                hub.cells().payloads.entry(cell).or_default().push(page);
            }
            EventKind::Comm(comm) => {
                hub.note(&comm);
                let cells = hub.cells();
                let parent = cells.parents.get(&cell).map(|parent| &parent.request);
                hub.iopub(comms::message(comm, parent));
            }
            EventKind::Input(request) => {
                let cells = hub.cells();
                let parent = cells.parents.get(&cell).filter(|parent| parent.allow_stdin);
                let Some(parent) = parent else {
                    let _ = request.reply.send(None);
                    return;
                };
                let message = JupyterMessage::new(
                    InputRequest {
                        prompt: request.prompt,
                        password: request.password,
                    },
                    Some(&parent.request),
                );
                drop(cells);
                hub.ask(message, request.reply);
            }
        }
    }

    fn stream(&mut self, cell: CellId, stream: Stream, bytes: Vec<u8>) {
        match &mut self.waiting {
            Some((same, on, waiting)) if (*same, *on) == (cell, stream) => {
                waiting.extend_from_slice(&bytes);
            }
            _ => {
                self.flush();
                self.waiting = Some((cell, stream, bytes));
            }
        }
        if self
            .waiting
            .as_ref()
            .is_some_and(|w| w.2.len() >= MAX_STREAM)
        {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let Some((cell, stream, bytes)) = self.waiting.take() else {
            return;
        };
        let mut whole = self.tails.remove(&(cell, stream)).unwrap_or_default();
        whole.extend_from_slice(&bytes);
        let tail = whole.split_off(whole.len() - unfinished(&whole));
        if !tail.is_empty() {
            self.tails.insert((cell, stream), tail);
        }
        self.send_text(cell, stream, &whole);
    }

    /// At the end of a cell, the start of a character that never came is shown as what it is.
    fn flush_tails(&mut self, cell: CellId) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            if let Some(tail) = self.tails.remove(&(cell, stream)) {
                self.send_text(cell, stream, &tail);
            }
        }
    }

    fn send_text(&self, cell: CellId, stream: Stream, bytes: &[u8]) {
        if !bytes.is_empty() {
            let name = match stream {
                Stream::Stdout => Stdio::Stdout,
                Stream::Stderr => Stdio::Stderr,
            };
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.hub.show(cell, StreamContent { name, text });
        }
    }
}

/// How many bytes at the end are the start of a UTF-8 character that is not whole.
fn unfinished(bytes: &[u8]) -> usize {
    let from = bytes.len().saturating_sub(3);
    match std::str::from_utf8(&bytes[from..]) {
        Ok(_) => 0,
        Err(error) if error.error_len().is_none() => bytes.len() - from - error.valid_up_to(),
        // The window may begin inside a character: look at the last start byte only.
        Err(_) => (1..=bytes.len() - from)
            .find(|back| bytes[bytes.len() - back] >= 0xc0)
            .filter(|back| {
                let start = &bytes[bytes.len() - back..];
                std::str::from_utf8(start).is_err_and(|error| error.error_len().is_none())
            })
            .unwrap_or(0),
    }
}

/// A bundle as the protocol crate holds it.
pub fn media(bundle: &MimeBundle) -> Media {
    serde_json::from_value(serde_json::Value::Object(bundle.data.clone())).unwrap_or_default()
}

/// A cell's error as iopub shows it.
pub fn error_output(error: &CellError) -> ErrorOutput {
    ErrorOutput {
        ename: error.name.clone(),
        evalue: error.value.clone(),
        traceback: error.traceback.clone(),
    }
}

impl Hub {
    /// Sends a message to iopub, under the request that started the cell.
    fn show(&self, cell: CellId, content: impl Into<jupyter_protocol::JupyterMessageContent>) {
        let cells = self.cells();
        let parent = cells.parents.get(&cell);
        let message = JupyterMessage::new(content, parent.map(|parent| &parent.request));
        drop(cells);
        self.iopub(message);
    }
}

#[cfg(test)]
mod tests {
    use super::unfinished;

    #[test]
    fn a_character_is_not_cut_where_a_write_ends() {
        assert_eq!(unfinished("aé".as_bytes()), 0);
        assert_eq!(unfinished(&"aé".as_bytes()[..2]), 1);
        assert_eq!(unfinished(&"€".as_bytes()[..2]), 2);
        assert_eq!(unfinished(&"ab𝄞".as_bytes()[..5]), 3);
        assert_eq!(unfinished("xx𝄞".as_bytes()), 0);
        assert_eq!(unfinished(b"a\xff\xfe"), 0);
        assert_eq!(unfinished(b""), 0);
    }
}
