//! Messages of comms, to and from the host.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tandem_cell::{CellId, Comm, CommKind};

/// What the host is asked to do with a message of the page.
pub fn request(cell: CellId, comm: &Comm) -> Value {
    let (kind, target) = match &comm.kind {
        CommKind::Open { target, .. } => ("comm_open", target.as_str()),
        CommKind::Message => ("comm_msg", ""),
        CommKind::Close => ("comm_close", ""),
    };
    let buffers: Vec<String> = comm.buffers.iter().map(|b| STANDARD.encode(b)).collect();
    json!({
        "type": "comm", "cell": cell, "kind": kind, "id": comm.id, "target": target,
        "data": comm.data, "metadata": comm.metadata, "buffers": buffers,
    })
}

/// What an object of the host has sent, if it is in order.
pub fn sent(message: &Value) -> Option<Comm> {
    let text = |name: &str| message[name].as_str().map(str::to_owned);
    let object = |name: &str| -> Map<String, Value> {
        message[name].as_object().cloned().unwrap_or_default()
    };
    let buffers = message["buffers"].as_array().into_iter().flatten();
    Some(Comm {
        id: text("id")?,
        kind: match message["kind"].as_str()? {
            "comm_open" => CommKind::Open {
                target: text("target")?,
                module: text("module"),
            },
            "comm_close" => CommKind::Close,
            _ => CommKind::Message,
        },
        data: object("data"),
        metadata: object("metadata"),
        buffers: buffers
            .filter_map(|buffer| STANDARD.decode(buffer.as_str()?).ok())
            .collect(),
    })
}
