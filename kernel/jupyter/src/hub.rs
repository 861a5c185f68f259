//! What the threads of a session share.

use crate::cells::{Cells, Origin};
use crate::comms::Comms;
use crate::executor::Job;
use crate::history::History;
use crate::info::KernelInfo;
use crate::serve::Exit;
use jupyter_protocol::{InputReply, JupyterMessage, JupyterMessageContent, Status};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard};
use tandem_cell::{Assistant, Interrupter};
use tokio::sync::mpsc::UnboundedSender;

/// Where messages to each socket go.
#[derive(Clone)]
pub struct Outgoing {
    /// Replies on shell.
    pub shell: UnboundedSender<JupyterMessage>,
    /// Replies on control.
    pub control: UnboundedSender<JupyterMessage>,
    /// Requests for input.
    pub stdin: UnboundedSender<JupyterMessage>,
    /// What everybody sees.
    pub iopub: UnboundedSender<JupyterMessage>,
}

/// A line of input that has been asked for.
struct Question {
    /// The message that asked.
    msg_id: String,
    reply: Sender<Option<String>>,
}

/// What a hub is made of.
pub struct HubParts {
    /// What the kernel says of itself.
    pub info: KernelInfo,
    /// Answers questions about code.
    pub assistant: Arc<dyn Assistant>,
    /// Stops the running cell.
    pub interrupter: Arc<dyn Interrupter>,
    /// What was typed.
    pub history: History,
    /// Open comms and their targets.
    pub comms: Comms,
    /// To the thread that handles comms.
    pub comm_messages: Sender<JupyterMessage>,
    /// To the executor.
    pub jobs: Sender<Job>,
    /// To the sockets.
    pub outgoing: Outgoing,
    /// Ends the session.
    pub stop: UnboundedSender<Exit>,
}

/// What the threads of a session share.
pub struct Hub {
    parts: HubParts,
    cells: Mutex<Cells>,
    question: Mutex<Option<Question>>,
    ending: AtomicBool,
}

impl Deref for Hub {
    type Target = HubParts;

    fn deref(&self) -> &HubParts {
        &self.parts
    }
}

impl Hub {
    /// A hub that knows of no cell yet.
    pub fn new(parts: HubParts) -> Self {
        Hub {
            parts,
            cells: Mutex::default(),
            question: Mutex::default(),
            ending: AtomicBool::new(false),
        }
    }

    /// From now on no cell is started.
    pub fn end(&self) {
        self.ending.store(true, Ordering::SeqCst);
    }

    /// Whether the session is about to end.
    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    /// The cells that have run.
    pub fn cells(&self) -> MutexGuard<'_, Cells> {
        lock(&self.cells)
    }

    /// Sends a message to iopub. Without sockets (the session has ended) it is dropped.
    pub fn publish(&self, origin: &Origin, content: impl Into<JupyterMessageContent>) {
        let _ = self.outgoing.iopub.send(origin.message(content));
    }

    /// Says that work on a request begins.
    pub fn busy(&self, origin: &Origin) {
        self.publish(origin, Status::busy());
    }

    /// Says that work on a request has ended.
    pub fn idle(&self, origin: &Origin) {
        self.publish(origin, Status::idle());
    }

    /// Asks a client for a line; an older question is answered with nothing.
    pub fn ask(&self, request: JupyterMessage, reply: Sender<Option<String>>) {
        self.unanswered();
        let msg_id = request.header.msg_id.clone();
        *lock(&self.question) = Some(Question { msg_id, reply });
        if self.outgoing.stdin.send(request).is_err() {
            self.unanswered();
        }
    }

    /// Hands over the answer to the open question. An answer to an older one, which came too
    /// late, is dropped; clients that do not say what they answer are believed.
    pub fn answer(&self, message: &JupyterMessage, answer: &InputReply) {
        let mut open = lock(&self.question);
        let answers = |question: &mut Question| match &message.parent_header {
            Some(parent) => parent.msg_id == question.msg_id,
            None => true,
        };
        if let Some(question) = open.take_if(answers) {
            let _ = question.reply.send(Some(answer.value.clone()));
        }
    }

    /// Answers the open question, if there is one, with nothing.
    pub fn unanswered(&self) {
        if let Some(question) = lock(&self.question).take() {
            let _ = question.reply.send(None);
        }
    }

    /// Stops the running cell.
    pub fn interrupt(&self) {
        self.interrupter.interrupt();
        self.unanswered();
    }
}

/// Locks; what is guarded here stays whole even if a thread panicked.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
