//! Comms: what the page and the session send each other besides cells.

use crate::session::Hub;
use jupyter_protocol::{
    CommClose, CommId, CommInfo, CommInfoReply, CommMsg, CommOpen, JupyterMessage,
    JupyterMessageContent, ReplyStatus,
};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::MutexGuard;
use tandem_cell::{Comm, CommKind};

/// The message of a comm that a front end has sent, if it is one.
pub fn received(message: &JupyterMessage) -> Option<Comm> {
    let (id, data, kind) = match &message.content {
        JupyterMessageContent::CommOpen(open) => (
            &open.comm_id,
            &open.data,
            CommKind::Open {
                target: open.target_name.clone(),
                module: open.target_module.clone(),
            },
        ),
        JupyterMessageContent::CommMsg(sent) => (&sent.comm_id, &sent.data, CommKind::Message),
        JupyterMessageContent::CommClose(close) => (&close.comm_id, &close.data, CommKind::Close),
        _ => return None,
    };
    Some(Comm {
        id: id.0.clone(),
        kind,
        data: data.clone(),
        metadata: message.metadata.as_object().cloned().unwrap_or_default(),
        buffers: message.buffers.iter().map(|b| b.to_vec()).collect(),
    })
}

/// The message for the front ends.
pub fn message(comm: Comm, parent: Option<&JupyterMessage>) -> JupyterMessage {
    let comm_id = CommId(comm.id);
    let data = comm.data;
    let mut message = match comm.kind {
        CommKind::Open { target, module } => JupyterMessage::new(
            CommOpen {
                comm_id,
                target_name: target,
                data,
                target_module: module,
            },
            parent,
        ),
        CommKind::Message => JupyterMessage::new(CommMsg { comm_id, data }, parent),
        CommKind::Close => JupyterMessage::new(CommClose { comm_id, data }, parent),
    };
    message.metadata = Value::Object(comm.metadata);
    message.buffers = comm.buffers.into_iter().map(Into::into).collect();
    message
}

impl Hub {
    fn open_comms(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.comms.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Remembers which comms are open.
    pub(crate) fn note(&self, comm: &Comm) {
        match &comm.kind {
            CommKind::Open { target, .. } => {
                self.open_comms().insert(comm.id.clone(), target.clone());
            }
            CommKind::Message => {}
            CommKind::Close => {
                self.open_comms().remove(&comm.id);
            }
        }
    }

    /// The open comms, or those for one target.
    pub(crate) fn comm_info(&self, target: Option<&str>) -> CommInfoReply {
        let comms = self.open_comms();
        let comms = comms
            .iter()
            .filter(|(_, name)| target.is_none_or(|target| target == name.as_str()))
            .map(|(id, name)| {
                let info = CommInfo {
                    target_name: name.clone(),
                };
                (CommId(id.clone()), info)
            });
        CommInfoReply {
            status: ReplyStatus::Ok,
            comms: comms.collect(),
            error: None,
        }
    }
}
