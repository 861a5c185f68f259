//! Runs execute requests, one after the other, on the thread that owns the language.
//!
//! All output of a cell is on its way before its reply and its idle status: languages send
//! everything a cell writes before `execute` returns, then the executor puts a barrier into
//! the same channel, and the publisher answers it when it has come to it.

use crate::cells::{Origin, Running};
use crate::hub::Hub;
use crate::publisher::media;
use jupyter_protocol::{
    ErrorOutput, ExecuteInput, ExecuteReply, ExecuteRequest, ExecutionCount, ExpressionResult,
    ReplyError, ReplyStatus,
};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use tandem_cell::{Cell, CellError, CellId, EventKind, Language, Outcome, Output, Unwatched};

/// "Run all" sends its requests one by one: those still on their way when one of the first
/// fails at once belong to it as well.
const ON_THEIR_WAY: Duration = Duration::from_millis(5);

/// What the executor is asked to do.
pub enum Job {
    /// Run a cell.
    Execute(Box<Origin>, ExecuteRequest),
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
        while let Ok(Job::Execute(origin, request)) = queue.recv() {
            if self.hub.is_ending() {
                self.abort(&origin);
                continue;
            }
            let aborted = self.execute(&origin, &request, &queue);
            for job in aborted {
                match job {
                    Job::Execute(origin, _) => self.abort(&origin),
                    Job::Stop => return,
                }
            }
        }
    }

    /// Runs one cell. Answers with what waited and must not run because the cell has failed:
    /// everything that was sent before its reply.
    fn execute(
        &mut self,
        origin: &Origin,
        request: &ExecuteRequest,
        queue: &Receiver<Job>,
    ) -> Vec<Job> {
        let hub = self.hub.clone();
        hub.busy(origin);
        self.cells += 1;
        let id = CellId(self.cells);
        let counts = request.store_history && !request.silent;
        // A cell that does not count is shown under the number that the next one will have.
        let count = if request.silent {
            self.count
        } else {
            self.count + 1
        };
        if counts {
            self.count = count;
            hub.history.input(count, &request.code);
        }
        let cell = Running {
            origin: origin.clone(),
            count,
            silent: request.silent,
            allow_stdin: request.allow_stdin,
            payload: Vec::new(),
            result: None,
        };
        hub.cells().enter(id, cell);
        if !request.silent {
            let input = ExecuteInput {
                code: request.code.clone(),
                execution_count: ExecutionCount::new(count),
            };
            hub.publish(origin, input);
        }
        let cell = Cell {
            silent: request.silent,
            allow_stdin: request.allow_stdin,
            ..Cell::new(id, request.code.clone())
        };
        let (language, output) = (&mut self.language, &self.output);
        let outcome = guarded(|| language.execute(&cell, output, &mut Unwatched))
            .unwrap_or_else(Outcome::Failed);
        let user_expressions = Some(match outcome {
            Outcome::Ok => self.evaluate(id, request),
            Outcome::Failed(_) => HashMap::new(),
        });
        self.wait_for_output(id);
        let (payload, result) = hub.cells().leave(id);
        if let Some(result) = result.filter(|_| counts) {
            hub.history.output(count, result);
        }
        let mut reply = ExecuteReply {
            status: ReplyStatus::Ok,
            execution_count: ExecutionCount::new(count),
            payload,
            user_expressions,
            error: None,
        };
        let mut aborted = Vec::new();
        if let Outcome::Failed(error) = outcome {
            if request.stop_on_error {
                aborted = waiting(queue);
            }
            hub.publish(
                origin,
                ErrorOutput {
                    ename: error.name.clone(),
                    evalue: error.value.clone(),
                    traceback: error.traceback.clone(),
                },
            );
            reply.status = ReplyStatus::Error;
            reply.error = Some(Box::new(ReplyError {
                ename: error.name,
                evalue: error.value,
                traceback: error.traceback,
            }));
        }
        let _ = hub.outgoing.shell.send(origin.message(reply));
        hub.idle(origin);
        aborted
    }

    fn evaluate(
        &mut self,
        id: CellId,
        request: &ExecuteRequest,
    ) -> HashMap<String, ExpressionResult> {
        let expressions = request.user_expressions.iter().flatten();
        let mut results = HashMap::new();
        for (name, expression) in expressions {
            let language = &mut self.language;
            let value = guarded(|| language.evaluate(id, expression)).flatten();
            let result = match value {
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
            results.insert(name.clone(), result);
        }
        results
    }

    /// Everything that was sent before this has been published when it returns.
    fn wait_for_output(&self, id: CellId) {
        let (reached, barrier) = mpsc::channel();
        self.output.send(id, EventKind::Barrier(reached));
        // An error means that there is no publisher, and so nothing to wait for.
        let _ = barrier.recv();
    }

    fn abort(&self, origin: &Origin) {
        self.hub.busy(origin);
        let reply = ExecuteReply {
            status: ReplyStatus::Aborted,
            execution_count: ExecutionCount::new(self.count),
            payload: Vec::new(),
            user_expressions: Some(HashMap::new()),
            error: None,
        };
        let _ = self.hub.outgoing.shell.send(origin.message(reply));
        self.hub.idle(origin);
    }
}

fn waiting(queue: &Receiver<Job>) -> Vec<Job> {
    let end = Instant::now() + ON_THEIR_WAY;
    let next = || queue.recv_timeout(end.saturating_duration_since(Instant::now()));
    std::iter::from_fn(|| next().ok()).collect()
}

/// A panic of the kernel's own code fails the cell and not the kernel.
fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, CellError> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        let value = format!(
            "the kernel has made a mistake ({}); save the notebook and restart the kernel",
            text.unwrap_or("its log says more")
        );
        let traceback = vec![format!("\x1b[1;31mInternalError\x1b[0m: {value}")];
        CellError {
            name: "InternalError".to_owned(),
            value,
            traceback,
        }
    })
}
