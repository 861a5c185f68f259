//! The five sockets, and the requests that are answered at once.

use crate::comms;
use crate::executor::Job;
use crate::session::{Exit, Hub, Outgoing, ServeError};
use crate::wire::Wire;
use jupyter_protocol::{
    CompleteReply, ConnectionInfo, HistoryReply, InspectReply, InterruptReply, IoPubWelcome,
    IsCompleteReply, JupyterMessage, JupyterMessageContent, Media, ReplyStatus, ShutdownReply,
    Status,
};
use std::sync::{Arc, Mutex};
use tandem_cell::Completeness;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use zeromq::{
    RepSocket, RouterRecvHalf, RouterSendHalf, RouterSocket, Socket, SocketRecv, SocketSend,
    XPubSocket,
};

/// The receiving ends of [`Outgoing`].
pub struct Channels {
    shell: UnboundedReceiver<JupyterMessage>,
    control: UnboundedReceiver<JupyterMessage>,
    stdin: UnboundedReceiver<JupyterMessage>,
    iopub: UnboundedReceiver<JupyterMessage>,
}

/// A channel for each socket.
pub fn channels() -> (Channels, Outgoing) {
    let (to_shell, shell) = unbounded_channel();
    let (to_control, control) = unbounded_channel();
    let (to_stdin, stdin) = unbounded_channel();
    let (to_iopub, iopub) = unbounded_channel();
    (
        Channels {
            shell,
            control,
            stdin,
            iopub,
        },
        Outgoing {
            shell: to_shell,
            control: to_control,
            stdin: to_stdin,
            iopub: to_iopub,
        },
    )
}

type SharedWire = Arc<Mutex<Wire>>;

/// Opens the sockets and starts to serve them.
///
/// # Errors
/// Names the address that cannot be listened on.
pub async fn start(
    connection: &ConnectionInfo,
    hub: Arc<Hub>,
    channels: Channels,
) -> Result<(), ServeError> {
    let session = uuid::Uuid::new_v4().to_string();
    let wire: SharedWire = Arc::new(Mutex::new(Wire::new(&connection.key, &session)));
    let mut shell = RouterSocket::new();
    bind(&mut shell, &connection.shell_url()).await?;
    let mut control = RouterSocket::new();
    bind(&mut control, &connection.control_url()).await?;
    let mut stdin = RouterSocket::new();
    bind(&mut stdin, &connection.stdin_url()).await?;
    let mut heartbeat = RepSocket::new();
    bind(&mut heartbeat, &connection.hb_url()).await?;
    let mut iopub = XPubSocket::new();
    bind(&mut iopub, &connection.iopub_url()).await?;

    let (send, receive) = shell.split();
    tokio::spawn(send_all(send, channels.shell, wire.clone()));
    tokio::spawn(receive_all(receive, wire.clone(), hub.clone(), on_shell));
    let (send, receive) = control.split();
    tokio::spawn(send_all(send, channels.control, wire.clone()));
    tokio::spawn(receive_all(receive, wire.clone(), hub.clone(), on_control));
    let (send, receive) = stdin.split();
    tokio::spawn(send_all(send, channels.stdin, wire.clone()));
    tokio::spawn(receive_all(receive, wire.clone(), hub.clone(), on_stdin));
    tokio::spawn(publish_all(iopub, channels.iopub, wire));
    tokio::spawn(async move {
        loop {
            match heartbeat.recv().await {
                Ok(beat) => drop(heartbeat.send(beat).await),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    });
    hub.iopub(JupyterMessage::new(Status::starting(), None));
    Ok(())
}

async fn bind(socket: &mut impl Socket, address: &str) -> Result<(), ServeError> {
    match socket.bind(address).await {
        Ok(_) => Ok(()),
        Err(error) => Err(ServeError::Bind {
            address: address.to_owned(),
            error,
        }),
    }
}

async fn send_all(
    mut socket: RouterSendHalf,
    mut messages: UnboundedReceiver<JupyterMessage>,
    wire: SharedWire,
) {
    while let Some(message) = messages.recv().await {
        let frames = lock(&wire).encode(message);
        // The front end may have gone; the next one is served all the same.
        let _ = socket.send(frames).await;
    }
}

async fn receive_all(
    mut socket: RouterRecvHalf,
    wire: SharedWire,
    hub: Arc<Hub>,
    handle: fn(&Arc<Hub>, JupyterMessage),
) {
    loop {
        let Ok(frames) = socket.recv().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let decoded = lock(&wire).decode(frames);
        match decoded {
            Ok(message) => handle(&hub, message),
            Err(error) => eprintln!("tandem: dropped a message: {error}"),
        }
    }
}

fn lock(wire: &SharedWire) -> std::sync::MutexGuard<'_, Wire> {
    wire.lock().unwrap_or_else(|e| e.into_inner())
}

/// Publishes, and welcomes whoever subscribes.
async fn publish_all(
    mut socket: XPubSocket,
    mut messages: UnboundedReceiver<JupyterMessage>,
    wire: SharedWire,
) {
    loop {
        tokio::select! {
            biased;
            subscription = socket.recv() => {
                let Ok(subscription) = subscription else { continue };
                let bytes = subscription.into_vec().concat();
                if let Some((1, topic)) = bytes.split_first() {
                    let topic = String::from_utf8_lossy(topic).into_owned();
                    let mut welcome = JupyterMessage::new(IoPubWelcome::new(topic.clone()), None);
                    welcome.zmq_identities = vec![topic.into_bytes().into()];
                    let frames = lock(&wire).encode(welcome);
                    let _ = socket.send(frames).await;
                }
            }
            message = messages.recv() => {
                let Some(mut message) = message else { return };
                // The topic of a subscription, as ipykernel names it.
                let topic = format!("kernel.{}", message.message_type());
                message.zmq_identities = vec![topic.into_bytes().into()];
                let frames = lock(&wire).encode(message);
                let _ = socket.send(frames).await;
            }
        }
    }
}

fn reply(
    to: &UnboundedSender<JupyterMessage>,
    content: impl Into<JupyterMessageContent>,
    request: &JupyterMessage,
) {
    let _ = to.send(JupyterMessage::new(content, Some(request)));
}

/// Requests on shell: cells and comms wait for their turn, everything else is answered by its own task.
fn on_shell(hub: &Arc<Hub>, message: JupyterMessage) {
    if let JupyterMessageContent::ExecuteRequest(request) = &message.content {
        let request = request.clone();
        let _ = hub.jobs.send(Job::Execute(Box::new(message), request));
        return;
    }
    // What widgets send runs code, too, and waits for its turn.
    if let Some(comm) = comms::received(&message) {
        let _ = hub.jobs.send(Job::Comm(Box::new(message), comm));
        return;
    }
    let hub = hub.clone();
    tokio::task::spawn_blocking(move || {
        hub.busy(&message);
        answer(&hub, &message, &hub.outgoing.shell);
        hub.idle(&message);
    });
}

fn on_control(hub: &Arc<Hub>, message: JupyterMessage) {
    hub.busy(&message);
    let control = &hub.outgoing.control;
    match &message.content {
        JupyterMessageContent::InterruptRequest(_) => {
            hub.interrupt();
            reply(control, InterruptReply::new(), &message);
        }
        JupyterMessageContent::ShutdownRequest(request) => {
            let restart = request.restart;
            let answer = ShutdownReply {
                restart,
                status: ReplyStatus::Ok,
                error: None,
            };
            reply(control, answer.clone(), &message);
            hub.publish(answer, &message);
            hub.idle(&message);
            let exit = if restart {
                Exit::Restart
            } else {
                Exit::Shutdown
            };
            let _ = hub.stop.send(exit);
            return;
        }
        _ => answer(hub, &message, control),
    }
    hub.idle(&message);
}

fn on_stdin(hub: &Arc<Hub>, message: JupyterMessage) {
    if let JupyterMessageContent::InputReply(reply) = message.content {
        hub.answer(Some(reply.value));
    }
}

/// Answers a request that does not run code.
fn answer(hub: &Hub, message: &JupyterMessage, to: &UnboundedSender<JupyterMessage>) {
    use JupyterMessageContent as Content;
    match &message.content {
        Content::KernelInfoRequest(_) => reply(to, hub.info.reply(), message),
        Content::CompleteRequest(request) => {
            let position = byte_offset(&request.code, request.cursor_pos);
            let found = hub.assistant.complete(&request.code, position);
            let types: Vec<_> = found
                .matches
                .iter()
                .map(|(text, kind)| serde_json::json!({"text": text, "type": kind}))
                .collect();
            let mut metadata = serde_json::Map::new();
            metadata.insert("_jupyter_types_experimental".to_owned(), types.into());
            let answer = CompleteReply {
                matches: found.matches.into_iter().map(|(text, _)| text).collect(),
                cursor_start: char_offset(&request.code, found.range.start),
                cursor_end: char_offset(&request.code, found.range.end),
                metadata,
                status: ReplyStatus::Ok,
                error: None,
            };
            reply(to, answer, message);
        }
        Content::InspectRequest(request) => {
            let position = byte_offset(&request.code, request.cursor_pos);
            let detail = request.detail_level.unwrap_or(0).min(1) as u8;
            let found = hub.assistant.inspect(&request.code, position, detail);
            let answer = InspectReply {
                found: found.is_some(),
                data: found
                    .as_ref()
                    .map(crate::publish::media)
                    .unwrap_or_else(Media::default),
                metadata: serde_json::Map::new(),
                status: ReplyStatus::Ok,
                error: None,
            };
            reply(to, answer, message);
        }
        Content::IsCompleteRequest(request) => {
            let answer = match hub.assistant.is_complete(&request.code) {
                Completeness::Complete => IsCompleteReply::complete(),
                Completeness::Incomplete { indent } => IsCompleteReply::incomplete(indent),
                Completeness::Invalid => IsCompleteReply::invalid(),
                Completeness::Unknown => IsCompleteReply::unknown(),
            };
            reply(to, answer, message);
        }
        Content::HistoryRequest(request) => {
            let history = hub.history.lock().unwrap_or_else(|e| e.into_inner());
            let found = history.as_ref().map(|history| history.answer(request));
            let history = match found {
                Some(Ok(entries)) => entries,
                Some(Err(error)) => {
                    eprintln!("tandem: the history cannot be read: {error}");
                    Vec::new()
                }
                None => Vec::new(),
            };
            reply(to, HistoryReply::new(history), message);
        }
        Content::CommInfoRequest(request) => {
            reply(to, hub.comm_info(request.target_name.as_deref()), message);
        }
        Content::ShutdownRequest(_) | Content::InterruptRequest(_) => {
            eprintln!(
                "tandem: {} belongs on the control channel",
                message.message_type()
            );
        }
        _ => {}
    }
}

/// Positions on the wire count characters, those of the languages bytes.
fn byte_offset(code: &str, characters: usize) -> usize {
    code.char_indices()
        .nth(characters)
        .map_or(code.len(), |(at, _)| at)
}

fn char_offset(code: &str, bytes: usize) -> usize {
    code.char_indices()
        .take_while(|(at, _)| *at < bytes)
        .count()
}
