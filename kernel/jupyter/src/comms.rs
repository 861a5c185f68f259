//! Comms: channels between a front end's widgets and the kernel, by name of their target.
//!
//! The program registers [`CommTarget`]s before it serves. Messages of all comms are handled
//! on one thread, in the order in which they come, also while a cell runs.

use crate::cells::Origin;
use crate::hub::lock;
use crate::log;
use bytes::Bytes;
use jupyter_protocol::{
    CommClose, CommId, CommInfo, CommInfoReply, CommMsg, CommOpen, JupyterMessage,
    JupyterMessageContent, ReplyStatus,
};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::UnboundedSender;

/// What a front end may open comms to.
pub trait CommTarget: Send + Sync {
    /// A front end opens a comm. The handler gets what it sends from now on.
    ///
    /// # Errors
    /// A reason not to: the comm is closed and the reason is logged.
    fn open(&self, comm: Comm, data: Map<String, Value>) -> Result<Box<dyn CommHandler>, String>;
}

/// Gets what a front end sends on one comm.
pub trait CommHandler: Send {
    /// The front end sent something.
    fn message(&mut self, data: Map<String, Value>, buffers: Vec<Bytes>);
    /// The front end closed the comm; nothing else comes.
    fn closed(&mut self, _data: Map<String, Value>) {}
}

struct Open {
    target: String,
    /// Away while it handles a message.
    handler: Option<Box<dyn CommHandler>>,
}

#[derive(Default)]
struct State {
    targets: HashMap<String, Arc<dyn CommTarget>>,
    open: HashMap<CommId, Open>,
    iopub: Option<UnboundedSender<JupyterMessage>>,
    /// What is being handled, as the parent of what is sent meanwhile.
    origin: Option<Origin>,
}

/// All comms of a kernel. Clones are the same registry.
#[derive(Clone, Default)]
pub struct Comms {
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for Comms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        let mut shown = formatter.debug_struct("Comms");
        shown.field("targets", &state.targets.keys());
        shown.field("open", &state.open.len()).finish()
    }
}

/// The kernel's end of one comm.
#[derive(Clone)]
pub struct Comm {
    id: CommId,
    comms: Comms,
}

impl Comm {
    /// The number under which both ends know it.
    pub fn id(&self) -> &str {
        &self.id.0
    }

    /// Sends something to the front ends. After the comm is closed, nothing.
    pub fn send(&self, data: Map<String, Value>, buffers: Vec<Bytes>) {
        let mut state = lock(&self.comms.state);
        if state.open.contains_key(&self.id) {
            let comm_id = self.id.clone();
            state.publish(CommMsg { comm_id, data }, buffers);
        }
    }

    /// Closes it, if it is open.
    pub fn close(&self, data: Map<String, Value>) {
        let mut state = lock(&self.comms.state);
        if state.open.remove(&self.id).is_some() {
            let comm_id = self.id.clone();
            state.publish(CommClose { comm_id, data }, Vec::new());
        }
    }
}

impl State {
    fn publish(&mut self, content: impl Into<JupyterMessageContent>, buffers: Vec<Bytes>) {
        let message = match &self.origin {
            Some(origin) => origin.message(content),
            None => JupyterMessage::new(content, None),
        };
        if let Some(iopub) = &self.iopub {
            let _ = iopub.send(message.with_buffers(buffers));
        }
    }
}

impl Comms {
    /// Adds (or replaces) a target.
    pub fn register(&self, name: &str, target: Arc<dyn CommTarget>) {
        lock(&self.state).targets.insert(name.to_owned(), target);
    }

    /// Opens a comm from the kernel's side, to a target that the front ends know.
    pub fn open(
        &self,
        target: &str,
        data: Map<String, Value>,
        handler: Box<dyn CommHandler>,
    ) -> Comm {
        let id = CommId(uuid::Uuid::new_v4().to_string());
        let target = target.to_owned();
        let mut state = lock(&self.state);
        let open = CommOpen {
            comm_id: id.clone(),
            target_name: target.clone(),
            data,
            target_module: None,
        };
        let handler = Some(handler);
        state.open.insert(id.clone(), Open { target, handler });
        state.publish(open, Vec::new());
        let comms = self.clone();
        Comm { id, comms }
    }

    /// From now on messages go here.
    pub(crate) fn attach(&self, iopub: UnboundedSender<JupyterMessage>) {
        lock(&self.state).iopub = Some(iopub);
    }

    /// The open comms, of one target or of all.
    pub(crate) fn info(&self, target: Option<&str>) -> CommInfoReply {
        let state = lock(&self.state);
        let wanted = |open: &Open| target.is_none_or(|target| target == open.target);
        let info = |(id, open): (&CommId, &Open)| {
            let target_name = open.target.clone();
            (id.clone(), CommInfo { target_name })
        };
        let open = state.open.iter().filter(|(_, open)| wanted(open));
        CommInfoReply {
            status: ReplyStatus::Ok,
            comms: open.map(info).collect(),
            error: None,
        }
    }

    /// Handles a front end's message on the calling thread.
    pub(crate) fn handle(&self, message: JupyterMessage) {
        lock(&self.state).origin = Some(Origin::of(&message));
        match message.content {
            JupyterMessageContent::CommOpen(open) => self.opened(open),
            JupyterMessageContent::CommMsg(sent) => {
                self.with_handler(&sent.comm_id, |handler| {
                    handler.message(sent.data, message.buffers);
                });
            }
            JupyterMessageContent::CommClose(close) => {
                let open = lock(&self.state).open.remove(&close.comm_id);
                if let Some(mut handler) = open.and_then(|open| open.handler) {
                    handler.closed(close.data);
                }
            }
            _ => {}
        }
        lock(&self.state).origin = None;
    }

    fn opened(&self, open: CommOpen) {
        let id = open.comm_id;
        let name = open.target_name;
        let target = lock(&self.state).targets.get(&name).cloned();
        let entry = Open {
            target: name.clone(),
            handler: None,
        };
        lock(&self.state).open.insert(id.clone(), entry);
        let comm = Comm {
            id: id.clone(),
            comms: self.clone(),
        };
        let handler = match target {
            Some(target) => target.open(comm.clone(), open.data),
            None => Err("there is no such target".to_owned()),
        };
        match handler {
            Ok(handler) => {
                // Unless the target has closed it again.
                if let Some(open) = lock(&self.state).open.get_mut(&id) {
                    open.handler = Some(handler);
                }
            }
            Err(reason) => {
                log!("closed a comm to {name:?}: {reason}");
                comm.close(Map::new());
            }
        }
    }

    /// The registry is not locked while the handler works, so that it can send and close.
    fn with_handler(&self, id: &CommId, call: impl FnOnce(&mut dyn CommHandler)) {
        let handler = lock(&self.state)
            .open
            .get_mut(id)
            .and_then(|open| open.handler.take());
        let Some(mut handler) = handler else {
            return log!("dropped a message for the unknown comm {:?}", id.0);
        };
        call(&mut *handler);
        if let Some(open) = lock(&self.state).open.get_mut(id) {
            open.handler = Some(handler);
        }
    }
}
