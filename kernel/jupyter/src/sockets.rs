//! The five sockets: each sends what is put into its channel, and hands on what it receives.
//!
//! The ZeroMQ sockets listen inside a private folder; clients reach them through the gate.

use crate::connection::Listener;
use crate::error::ServeError;
use crate::gate;
use crate::hub::{Hub, Outgoing};
use crate::log;
use crate::requests::{self, Port};
use crate::signature::Signer;
use crate::wire::{Reader, WireError, Writer};
use bytes::Bytes;
use jupyter_protocol::{ConnectionInfo, IoPubWelcome, JupyterMessage};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc::{self, UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;
use zeromq::{
    RepSocket, RouterRecvHalf, RouterSendHalf, RouterSocket, Socket, SocketEvent, SocketRecv,
    SocketSend, XPubSocket, ZmqMessage,
};

/// How long the end of a session waits for clients to take what was sent.
const LEAVING: Duration = Duration::from_secs(2);

/// The receiving ends of [`Outgoing`].
pub struct Channels {
    shell: UnboundedReceiver<JupyterMessage>,
    control: UnboundedReceiver<JupyterMessage>,
    stdin: UnboundedReceiver<JupyterMessage>,
    iopub: UnboundedReceiver<JupyterMessage>,
}

/// A channel for each socket.
pub fn channels() -> (Outgoing, Channels) {
    let (to_shell, shell) = unbounded_channel();
    let (to_control, control) = unbounded_channel();
    let (to_stdin, stdin) = unbounded_channel();
    let (to_iopub, iopub) = unbounded_channel();
    let outgoing = Outgoing {
        shell: to_shell,
        control: to_control,
        stdin: to_stdin,
        iopub: to_iopub,
    };
    let channels = Channels {
        shell,
        control,
        stdin,
        iopub,
    };
    (outgoing, channels)
}

/// Listeners of all sockets. Bound before anything is started, so that a bad address ends the
/// program at once.
struct Addresses {
    shell: Listener,
    control: Listener,
    stdin: Listener,
    iopub: Listener,
    heartbeat: Listener,
}

/// The sockets at work.
pub struct Sockets {
    tasks: JoinSet<()>,
    gates: JoinSet<()>,
    end: watch::Sender<bool>,
    drained: mpsc::Receiver<()>,
    _folder: TempDir,
}

/// What every socket's task needs.
#[derive(Clone)]
struct Context {
    hub: Arc<Hub>,
    writer: Writer,
    reader: Arc<Mutex<Reader>>,
    end: watch::Receiver<bool>,
}

impl Sockets {
    /// Opens the sockets and starts to serve them.
    ///
    /// # Errors
    /// Names the address that cannot be listened on.
    pub async fn start(
        connection: &ConnectionInfo,
        hub: Arc<Hub>,
        channels: Channels,
    ) -> Result<Sockets, ServeError> {
        let public = Addresses {
            shell: Listener::bind(connection, "shell", connection.shell_port).await?,
            control: Listener::bind(connection, "control", connection.control_port).await?,
            stdin: Listener::bind(connection, "stdin", connection.stdin_port).await?,
            iopub: Listener::bind(connection, "iopub", connection.iopub_port).await?,
            heartbeat: Listener::bind(connection, "heartbeat", connection.hb_port).await?,
        };
        let folder = tempfile::Builder::new().prefix("tandem-").tempdir()?;
        let signer = Signer::new(&connection.key);
        let session = uuid::Uuid::new_v4().to_string();
        let (end, ending) = watch::channel(false);
        let context = Context {
            hub,
            writer: Writer::new(signer.clone(), &session),
            reader: Arc::new(Mutex::new(Reader::new(signer))),
            end: ending,
        };
        let (draining, drained) = mpsc::channel(1);
        let mut gates = JoinSet::new();
        let mut gate = |name, listener, inner| {
            gates.spawn(gate::open(listener, name, inner, draining.clone()));
        };
        let mut tasks = JoinSet::new();
        for (port, name, listener, outgoing) in [
            (Port::Shell, "shell", public.shell, channels.shell),
            (Port::Control, "control", public.control, channels.control),
            (Port::Stdin, "stdin", public.stdin, channels.stdin),
        ] {
            let (socket, inner, _): (RouterSocket, _, _) = bind(&folder, name).await?;
            gate(name, listener, inner);
            let (send, receive) = socket.split();
            tasks.spawn(send_all(send, outgoing, port, context.clone()));
            tasks.spawn(receive_all(receive, port, context.clone()));
        }
        let (socket, inner, events) = bind(&folder, "iopub").await?;
        gate("iopub", public.iopub, inner);
        tasks.spawn(publish_all(socket, events, channels.iopub, context.clone()));
        let (socket, inner, events) = bind(&folder, "heartbeat").await?;
        gate("heartbeat", public.heartbeat, inner);
        tasks.spawn(beat(socket, events, context.end));
        Ok(Sockets {
            tasks,
            gates,
            end,
            drained,
            _folder: folder,
        })
    }

    /// Closes the sockets after everything in their channels has left. Clients that do not
    /// take it are left behind.
    pub async fn close(mut self) {
        // New clients stay outside.
        self.gates.shutdown().await;
        self.end.send_replace(true);
        let left = tokio::time::timeout(LEAVING, async {
            while self.tasks.join_next().await.is_some() {}
            // Every connection holds a sender until its last byte is out.
            while self.drained.recv().await.is_some() {}
        });
        if left.await.is_err() {
            log!("a client did not take the last messages");
        }
    }
}

/// Opens a socket inside. Also answers with a source of its events so far.
async fn bind<S: Socket>(
    folder: &TempDir,
    name: &'static str,
) -> Result<(S, PathBuf, impl FnMut() -> Option<SocketEvent> + use<S>), ServeError> {
    let path = folder.path().join(name);
    let listener = std::os::unix::net::UnixListener::bind(&path)?;
    let mut socket = S::new();
    let mut events = socket.monitor();
    let bound = socket.bind_listener(listener).await;
    bound.map_err(|error| ServeError::Socket {
        socket: name,
        error,
    })?;
    Ok((socket, path, move || events.try_recv().ok()))
}

/// Closes a socket's connections. Routers do it by themselves; in publishing and replying
/// sockets a connection keeps itself open, because what wakes it holds it.
fn disconnect(socket: &impl Socket, mut events: impl FnMut() -> Option<SocketEvent>) {
    let backend = socket.backend();
    while let Some(event) = events() {
        if let SocketEvent::Accepted(_, peer) = event {
            backend.peer_disconnected(&peer);
        }
    }
}

/// The next message to send; after the end, what is left, then `None`.
async fn next(
    messages: &mut UnboundedReceiver<JupyterMessage>,
    end: &mut watch::Receiver<bool>,
) -> Option<JupyterMessage> {
    tokio::select! {
        biased;
        message = messages.recv() => message,
        _ = end.wait_for(|end| *end) => messages.try_recv().ok(),
    }
}

fn encode(writer: &Writer, message: JupyterMessage) -> Option<ZmqMessage> {
    let name = message.message_type().to_owned();
    match writer.encode(message) {
        Ok(frames) => Some(frames),
        Err(error) => {
            log!("a {name} cannot be written: {error}");
            None
        }
    }
}

async fn send_all(
    mut socket: RouterSendHalf,
    mut messages: UnboundedReceiver<JupyterMessage>,
    port: Port,
    context: Context,
) {
    let mut end = context.end;
    while let Some(message) = next(&mut messages, &mut end).await {
        let Some(frames) = encode(&context.writer, message) else {
            continue;
        };
        // A client that has gone needs no answer, but must not be waited for either.
        if socket.send(frames).await.is_err() && port == Port::Stdin {
            log!("nobody can be asked for input: the client has gone");
            context.hub.unanswered();
        }
    }
}

async fn receive_all(mut socket: RouterRecvHalf, port: Port, context: Context) {
    let mut end = context.end.clone();
    loop {
        let received = tokio::select! {
            received = socket.recv() => received,
            _ = end.wait_for(|end| *end) => return,
        };
        let Ok(frames) = received else { continue };
        let decoded = crate::hub::lock(&context.reader).decode(frames);
        match decoded {
            Ok(message) => requests::handle(&context.hub, port, message),
            Err(WireError::Content { request, error }) => {
                log!("a {} is malformed: {error}", request.header.msg_type);
                requests::refuse(&context.hub, port, &request, &error.to_string());
            }
            Err(error) => log!("{error}"),
        }
    }
}

/// Publishes, and welcomes whoever subscribes.
async fn publish_all(
    mut socket: XPubSocket,
    events: impl FnMut() -> Option<SocketEvent>,
    mut messages: UnboundedReceiver<JupyterMessage>,
    context: Context,
) {
    let mut end = context.end.clone();
    loop {
        let (mut message, topic) = tokio::select! {
            biased;
            subscription = socket.recv() => {
                let Some(topic) = subscription.ok().and_then(subscribed) else { continue };
                let welcome = String::from_utf8_lossy(&topic).into_owned();
                (JupyterMessage::new(IoPubWelcome::new(welcome), None), topic)
            }
            message = next(&mut messages, &mut end) => {
                let Some(message) = message else {
                    return disconnect(&socket, events);
                };
                let topic = format!("kernel.{}", message.message_type());
                (message, Bytes::from(topic))
            }
        };
        message.zmq_identities = vec![topic];
        if let Some(frames) = encode(&context.writer, message) {
            // Errors concern one subscriber, and ZeroMQ has parted with it.
            let _ = socket.send(frames).await;
        }
    }
}

/// The topic, if the message is a subscription (and not the end of one).
fn subscribed(message: ZmqMessage) -> Option<Bytes> {
    let frame = message.into_vec().into_iter().next()?;
    (frame.first() == Some(&1)).then(|| frame.slice(1..))
}

async fn beat(
    mut socket: RepSocket,
    events: impl FnMut() -> Option<SocketEvent>,
    mut end: watch::Receiver<bool>,
) {
    loop {
        let beat = tokio::select! {
            beat = socket.recv() => beat,
            _ = end.wait_for(|end| *end) => return disconnect(&socket, events),
        };
        if let Ok(beat) = beat {
            // Whoever asked may have gone.
            let _ = socket.send(beat).await;
        }
    }
}
