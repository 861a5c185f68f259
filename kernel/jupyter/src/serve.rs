//! One kernel's life, from its connection file to its shutdown.

use crate::comms::Comms;
use crate::connection;
use crate::error::ServeError;
use crate::executor::{Executor, Job};
use crate::history::History;
use crate::hub::{Hub, HubParts};
use crate::info::KernelInfo;
use crate::log;
use crate::orphan::orphaned;
use crate::publisher::publish;
use crate::sockets::{self, Sockets};
use jupyter_protocol::{JupyterMessage, Status};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};
use tandem_cell::{Event, Language, Output};

/// How long a shutdown waits for an interrupted cell to end and for the language to let go.
const GRACE: Duration = Duration::from_secs(3);
/// When to interrupt again.
const AGAIN: Duration = Duration::from_millis(200);
/// Questions about code that are answered at the same time; more wait.
const ASKED_AT_ONCE: usize = 8;

/// How a kernel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It was told to end, or Jupyter is gone.
    Shutdown,
    /// It was told to end because a new one is about to start.
    Restart,
}

/// Serves a kernel until it is told to shut down. Answers questions about itself at once,
/// however long the language takes to get ready.
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
    let comms = Comms::default();
    serve_with_comms(connection_file, info, language, output, events, comms)
}

/// As [`serve`], with targets that front ends may open comms to.
///
/// # Errors
/// As for [`serve`].
pub fn serve_with_comms(
    connection_file: &Path,
    info: KernelInfo,
    language: Box<dyn Language>,
    output: Output,
    events: Receiver<Event>,
    comms: Comms,
) -> Result<Exit, ServeError> {
    let connection = connection::read(connection_file)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(ASKED_AT_ONCE)
        .enable_all()
        .build()?;
    let (history, keeper) = History::start(info.history.clone())?;
    let (jobs, queue) = mpsc::channel();
    let (comm_messages, comm_queue) = mpsc::channel();
    let (outgoing, channels) = sockets::channels();
    let (stop, mut stopped) = tokio::sync::mpsc::unbounded_channel();
    comms.attach(outgoing.iopub.clone());
    let hub = Arc::new(Hub::new(HubParts {
        info,
        assistant: language.assistant(),
        interrupter: language.interrupter(),
        history,
        comms,
        comm_messages,
        jobs,
        outgoing,
        stop,
    }));
    let starting = JupyterMessage::new(Status::starting(), None);
    let _ = hub.outgoing.iopub.send(starting);
    let sockets = runtime.block_on(Sockets::start(&connection, hub.clone(), channels))?;

    let shared = hub.clone();
    start("publisher", move || publish(shared, &events))?;
    let shared = hub.clone();
    start("comms", move || handle_comms(&shared, &comm_queue))?;
    let executor = Executor::new(hub.clone(), language, output);
    let (ended, end): (Sender<()>, _) = mpsc::channel();
    start("executor", move || {
        executor.run(queue);
        drop(ended);
    })?;

    let exit = runtime.block_on(async {
        tokio::select! {
            exit = stopped.recv() => exit.unwrap_or(Exit::Shutdown),
            () = orphaned() => {
                log!("Jupyter is gone without a word; this kernel ends too");
                Exit::Shutdown
            }
        }
    });
    hub.end();
    let _ = hub.jobs.send(Job::Stop);
    if !interrupt_until_ended(&hub, &end) {
        log!("a cell did not end when it was interrupted; it is left behind");
    }
    hub.history.close();
    keeper.finish();
    runtime.block_on(sockets.close());
    runtime.shutdown_background();
    Ok(exit)
}

/// Interrupts more than once: the first time may be just before a cell's code begins to run.
fn interrupt_until_ended(hub: &Hub, ended: &Receiver<()>) -> bool {
    let deadline = Instant::now() + GRACE;
    while Instant::now() < deadline {
        hub.interrupt();
        if ended.recv_timeout(AGAIN) == Err(RecvTimeoutError::Disconnected) {
            return true;
        }
    }
    false
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(work).map(drop)
}

fn handle_comms(hub: &Hub, queue: &Receiver<JupyterMessage>) {
    for message in queue {
        let origin = crate::cells::Origin::of(&message);
        hub.busy(&origin);
        let handling = catch_unwind(AssertUnwindSafe(|| hub.comms.handle(message)));
        if handling.is_err() {
            log!("a comm's handler has panicked; what it was sent is lost");
        }
        hub.idle(&origin);
    }
}
