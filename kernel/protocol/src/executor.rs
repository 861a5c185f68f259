//! Runs execute requests, one after the other.

use crate::comms;
use crate::publish::{Parent, error_output, media};
use crate::session::Hub;
use jupyter_protocol::{
    ExecuteInput, ExecuteReply, ExecuteRequest, ExecutionCount, ExpressionResult, JupyterMessage,
    ReplyError, ReplyStatus,
};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use tandem_cell::{
    Cell, CellError, CellId, Comm, CommKind, EventKind, Language, Outcome, Output, Unwatched,
};

/// What the executor is asked to do.
pub enum Job {
    /// Run a cell; the message is the request it came with.
    Execute(Box<JupyterMessage>, ExecuteRequest),
    /// Hand over what the page has sent to a comm.
    Comm(Box<JupyterMessage>, Comm),
    /// End.
    Stop,
}

/// The thread that owns the language.
pub struct Executor {
    hub: Arc<Hub>,
    language: Box<dyn Language>,
    output: Output,
    /// Cells run so far that count.
    count: usize,
    /// All cells run so far.
    cells: u64,
}

impl Executor {
    /// An executor that has run nothing yet.
    pub fn new(hub: Arc<Hub>, language: Box<dyn Language>, output: Output) -> Self {
        Executor {
            hub,
            language,
            output,
            count: 0,
            cells: 0,
        }
    }

    /// Works until it is told to stop; the language is dropped then.
    pub fn run(mut self, queue: Receiver<Job>) {
        while let Ok(job) = queue.recv() {
            let (message, request) = match job {
                Job::Execute(message, request) => (message, request),
                Job::Comm(message, comm) => {
                    self.comm(&message, &comm);
                    continue;
                }
                Job::Stop => return,
            };
            let (reply, ok) = self.execute(&message, &request);
            // Run All stops at a failure: what waits already is not run. What comes after the
            // reply was sent by somebody who has seen it.
            let waiting: Vec<Job> = match ok || !request.stop_on_error {
                true => Vec::new(),
                false => queue.try_iter().collect(),
            };
            let _ = self.hub.outgoing.shell.send(reply);
            self.hub.idle(&message);
            for job in waiting {
                match job {
                    Job::Execute(message, _) => self.abort(&message),
                    Job::Comm(message, comm) => self.comm(&message, &comm),
                    Job::Stop => return,
                }
            }
        }
    }

    /// Hands over what the page has sent to a comm. What that causes belongs to the message.
    fn comm(&mut self, message: &JupyterMessage, comm: &Comm) {
        let hub = self.hub.clone();
        hub.busy(message);
        self.cells += 1;
        let id = CellId(self.cells);
        let parent = Parent {
            request: message.clone(),
            count: self.count,
            allow_stdin: false,
        };
        hub.cells().enter(id, parent);
        hub.note(comm);
        let taken = self.language.comm(id, comm, &self.output);
        self.wait_for_output(id);
        hub.cells().leave(id);
        if !taken && matches!(comm.kind, CommKind::Open { .. }) {
            // Nobody here has a target: the protocol asks to say so.
            let close = Comm {
                kind: CommKind::Close,
                data: serde_json::Map::new(),
                metadata: serde_json::Map::new(),
                buffers: Vec::new(),
                ..comm.clone()
            };
            hub.note(&close);
            hub.iopub(comms::message(close, Some(message)));
        }
        hub.idle(message);
    }

    fn execute(
        &mut self,
        message: &JupyterMessage,
        request: &ExecuteRequest,
    ) -> (JupyterMessage, bool) {
        let hub = self.hub.clone();
        hub.busy(message);
        self.cells += 1;
        let id = CellId(self.cells);
        let counts = request.store_history && !request.silent;
        if counts {
            self.count += 1;
        }
        let count = self.count.max(1);
        hub.cells().enter(
            id,
            Parent {
                request: message.clone(),
                count,
                allow_stdin: request.allow_stdin,
            },
        );
        if !request.silent {
            let input = ExecuteInput {
                code: request.code.clone(),
                execution_count: ExecutionCount::new(count),
            };
            hub.publish(input, message);
        }
        let cell = Cell {
            silent: request.silent,
            allow_stdin: request.allow_stdin,
            ..Cell::new(id, request.code.clone())
        };
        let outcome = self.language.execute(&cell, &self.output, &mut Unwatched);
        let expressions = match outcome {
            Outcome::Ok => self.evaluate(id, request),
            Outcome::Failed(_) => None,
        };
        self.wait_for_output(id);
        let (payload, value) = hub.cells().leave(id);
        if counts && let Some(history) = &*hub.history.lock().unwrap_or_else(|e| e.into_inner()) {
            let kept = history.add(count, &request.code, value.as_deref());
            if let Err(error) = kept {
                eprintln!("tandem: the history cannot be kept: {error}");
            }
        }
        let mut reply = ExecuteReply {
            status: ReplyStatus::Ok,
            execution_count: ExecutionCount::new(count),
            payload,
            user_expressions: expressions,
            error: None,
        };
        let failed = match outcome {
            Outcome::Ok => false,
            Outcome::Failed(error) => {
                hub.publish(error_output(&error), message);
                reply.status = ReplyStatus::Error;
                reply.error = Some(Box::new(reply_error(&error)));
                true
            }
        };
        (JupyterMessage::new(reply, Some(message)), !failed)
    }

    fn evaluate(
        &mut self,
        id: CellId,
        request: &ExecuteRequest,
    ) -> Option<HashMap<String, ExpressionResult>> {
        let expressions = request.user_expressions.clone().unwrap_or_default();
        let answer = |expression: &str, language: &mut dyn Language| match language
            .evaluate(id, expression)
        {
            Ok(bundle) => ExpressionResult::Ok {
                data: media(&bundle),
                metadata: bundle.metadata,
            },
            Err(error) => ExpressionResult::Error {
                ename: error.name,
                evalue: error.value,
                traceback: error.traceback,
            },
        };
        let answers = expressions
            .into_iter()
            .map(|(name, code)| (name, answer(&code, &mut *self.language)))
            .collect();
        Some(answers)
    }

    /// Everything that was sent before this has been published when it returns.
    fn wait_for_output(&self, id: CellId) {
        let (reached, barrier) = mpsc::channel();
        self.output.send(id, EventKind::Barrier(reached));
        let _ = barrier.recv();
    }

    fn abort(&self, message: &JupyterMessage) {
        self.hub.busy(message);
        let reply = ExecuteReply {
            status: ReplyStatus::Aborted,
            execution_count: ExecutionCount::new(self.count),
            payload: Vec::new(),
            user_expressions: None,
            error: None,
        };
        let reply = JupyterMessage::new(reply, Some(message));
        let _ = self.hub.outgoing.shell.send(reply);
        self.hub.idle(message);
    }
}

fn reply_error(error: &CellError) -> ReplyError {
    ReplyError {
        ename: error.name.clone(),
        evalue: error.value.clone(),
        traceback: error.traceback.clone(),
    }
}
