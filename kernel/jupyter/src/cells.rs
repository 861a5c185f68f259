//! Which cell belongs to which request, also after it has ended.

use bytes::Bytes;
use jupyter_protocol::{Header, JupyterMessage, JupyterMessageContent, Payload};
use std::collections::BTreeMap;
use tandem_cell::CellId;

/// Cells whose late output still finds its place on the page; of older ones it has none.
const REMEMBERED: usize = 4096;

/// The request that something was caused by.
#[derive(Clone)]
pub struct Origin {
    header: Header,
    identities: Vec<Bytes>,
}

impl Origin {
    /// The origin of everything that this request causes.
    pub fn of(request: &JupyterMessage) -> Self {
        Origin {
            header: request.header.clone(),
            identities: request.zmq_identities.clone(),
        }
    }

    /// A message that says what it was caused by, addressed to who sent the request.
    pub fn message(&self, content: impl Into<JupyterMessageContent>) -> JupyterMessage {
        let mut message = JupyterMessage::new(content, None);
        message.parent_header = Some(self.header.clone());
        message.zmq_identities.clone_from(&self.identities);
        message
    }
}

/// What is known of a cell that writes.
pub struct Running {
    /// The request that started it.
    pub origin: Origin,
    /// Its number, for its result.
    pub count: usize,
    /// Whether it has no result to show.
    pub silent: bool,
    /// Whether its client answers requests for input.
    pub allow_stdin: bool,
    /// What it leaves for its reply.
    pub payload: Vec<Payload>,
    /// The plain text of its result, for the history.
    pub result: Option<String>,
}

/// The latest cells, by their numbers.
#[derive(Default)]
pub struct Cells {
    cells: BTreeMap<CellId, Running>,
}

impl Cells {
    /// Adds a cell; the oldest is forgotten when there are too many.
    pub fn enter(&mut self, id: CellId, cell: Running) {
        self.cells.insert(id, cell);
        while self.cells.len() > REMEMBERED {
            self.cells.pop_first();
        }
    }

    /// A cell, unless it has been forgotten.
    pub fn get(&mut self, id: CellId) -> Option<&mut Running> {
        self.cells.get_mut(&id)
    }

    /// Takes what the cell leaves for its reply and for the history.
    pub fn leave(&mut self, id: CellId) -> (Vec<Payload>, Option<String>) {
        match self.get(id) {
            Some(cell) => (std::mem::take(&mut cell.payload), cell.result.take()),
            None => Default::default(),
        }
    }
}
