//! A Jupyter client that can also do what no client should, and a kernel to try it on.

#![allow(dead_code, reason = "each test program uses its part")]

#[path = "../../examples/test_kernel/language.rs"]
mod language;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tandem_jupyter::{Exit, ServeError};
use tempfile::TempDir;
use zeromq::util::PeerIdentity;
use zeromq::{DealerSocket, Socket, SocketOptions, SocketRecv, SocketSend, SubSocket, ZmqMessage};

/// After this a test gives up: something that must come has not come.
const PATIENCE: Duration = Duration::from_secs(60);
const KEY: &str = "a key";

/// A kernel in this process, on files in a folder of its own.
pub struct Kernel {
    folder: Arc<TempDir>,
    thread: JoinHandle<Result<Exit, ServeError>>,
}

impl Kernel {
    pub fn start() -> Kernel {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()))
    }

    /// The history stays in the folder.
    pub fn start_in(folder: Arc<TempDir>) -> Kernel {
        let file = folder.path().join("connection.json");
        let connection = json!({
            "transport": "ipc", "ip": folder.path().join("socket"), "key": KEY,
            "signature_scheme": "hmac-sha256", "shell_port": 1, "control_port": 2,
            "stdin_port": 3, "iopub_port": 4, "hb_port": 5,
        });
        std::fs::write(&file, connection.to_string()).unwrap();
        let history = Some(folder.path().join("history.sqlite"));
        let thread = std::thread::spawn(move || language::serve(&file, history));
        Kernel { folder, thread }
    }

    /// Where a socket listens.
    pub fn socket(&self, port: u16) -> PathBuf {
        self.folder.path().join(format!("socket-{port}"))
    }

    /// A client that has seen the kernel's welcome, so that it misses nothing.
    pub async fn client(&self) -> Client {
        Client::connect(self).await
    }

    /// Waits until it has ended, while the client goes on.
    pub async fn ended(self) -> Result<Exit, ServeError> {
        let ended = tokio::task::spawn_blocking(move || self.thread.join().unwrap());
        wait("the end", ended).await.unwrap()
    }
}

/// One message as JSON.
pub type Message = Value;

pub struct Client {
    pub shell: DealerSocket,
    pub control: DealerSocket,
    pub stdin: DealerSocket,
    pub iopub: SubSocket,
    /// Messages of iopub that were read while looking for others.
    seen: VecDeque<Message>,
    pub key: String,
}

async fn wait<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("{what} did not come"))
}

async fn dealer(kernel: &Kernel, identity: &PeerIdentity, port: u16) -> DealerSocket {
    let mut options = SocketOptions::default();
    options.peer_identity(identity.clone());
    let mut socket = DealerSocket::with_options(options);
    let address = format!("ipc://{}", kernel.socket(port).display());
    wait("the kernel", socket.connect(&address)).await.unwrap();
    socket
}

impl Client {
    async fn connect(kernel: &Kernel) -> Client {
        let identity = PeerIdentity::new();
        let mut client = Client {
            shell: dealer(kernel, &identity, 1).await,
            control: dealer(kernel, &identity, 2).await,
            stdin: dealer(kernel, &identity, 3).await,
            iopub: SubSocket::new(),
            seen: VecDeque::new(),
            key: KEY.to_owned(),
        };
        let address = format!("ipc://{}", kernel.socket(4).display());
        wait("iopub", client.iopub.connect(&address)).await.unwrap();
        client.iopub.subscribe("").await.unwrap();
        let welcome = client.next_on_iopub().await;
        assert_eq!(msg_type(&welcome), "iopub_welcome");
        assert_eq!(welcome["content"]["subscription"], "");
        client
    }

    /// The frames of a request, signed.
    pub fn request(&self, msg_type: &str, content: &Value) -> (String, Vec<Bytes>) {
        let id = uuid::Uuid::new_v4().to_string();
        let header = json!({"msg_id": id, "session": "test", "username": "test",
            "date": "2024-01-01T00:00:00Z", "msg_type": msg_type, "version": "5.5"});
        let parts = [header, json!({}), json!({}), content.clone()].map(|part| part.to_string());
        (id, self.signed(&parts))
    }

    /// Any four parts with a good signature.
    pub fn signed(&self, parts: &[String; 4]) -> Vec<Bytes> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()).unwrap();
        parts.iter().for_each(|part| mac.update(part.as_bytes()));
        let signature = hex::encode(mac.finalize().into_bytes());
        let mut frames = vec![Bytes::from_static(b"<IDS|MSG>"), Bytes::from(signature)];
        frames.extend(parts.iter().map(|part| Bytes::from(part.clone())));
        frames
    }

    /// Sends a request on shell; answers with its id.
    pub async fn ask(&mut self, msg_type: &str, content: Value) -> String {
        let (id, frames) = self.request(msg_type, &content);
        self.send(frames).await;
        id
    }

    /// Sends any frames on shell.
    pub async fn send(&mut self, frames: Vec<Bytes>) {
        let message = ZmqMessage::try_from(frames).unwrap();
        self.shell.send(message).await.unwrap();
    }

    /// Sends a request on control.
    pub async fn ask_control(&mut self, msg_type: &str, content: Value) -> String {
        let (id, frames) = self.request(msg_type, &content);
        let message = ZmqMessage::try_from(frames).unwrap();
        self.control.send(message).await.unwrap();
        id
    }

    /// Answers a question on stdin, naming which where `question` is given.
    pub async fn answer(&mut self, value: &str, question: Option<&Message>) {
        let header = json!({"msg_id": uuid::Uuid::new_v4().to_string(), "session": "test",
            "username": "test", "date": "", "msg_type": "input_reply", "version": "5.5"});
        let parent = question.map_or(json!({}), |question| question["header"].clone());
        let content = json!({"value": value});
        let parts = [header, parent, json!({}), content].map(|part| part.to_string());
        let message = ZmqMessage::try_from(self.signed(&parts)).unwrap();
        self.stdin.send(message).await.unwrap();
    }

    pub async fn execute(&mut self, code: &str) -> String {
        self.ask("execute_request", json!({"code": code, "silent": false}))
            .await
    }

    /// Executes, and answers with the reply and all that was published.
    pub async fn run(&mut self, code: &str) -> (Message, Vec<Message>) {
        let id = self.execute(code).await;
        (self.reply_to(&id).await, self.published(&id).await)
    }

    /// The next reply on shell.
    pub async fn reply(&mut self) -> Message {
        let frames = wait("a reply", self.shell.recv()).await.unwrap();
        self.parse(frames)
    }

    /// The next reply on shell, which must be to this request.
    pub async fn reply_to(&mut self, id: &str) -> Message {
        let reply = self.reply().await;
        assert_eq!(parent(&reply), id, "{reply}");
        reply
    }

    /// The next reply on control.
    pub async fn control_reply(&mut self) -> Message {
        let frames = wait("a reply", self.control.recv()).await.unwrap();
        self.parse(frames)
    }

    /// The next question on stdin.
    pub async fn question(&mut self) -> Message {
        let frames = wait("a question", self.stdin.recv()).await.unwrap();
        self.parse(frames)
    }

    pub async fn next_on_iopub(&mut self) -> Message {
        let frames = wait("a message on iopub", self.iopub.recv()).await.unwrap();
        self.parse(frames)
    }

    /// All that a request caused on iopub, up to its idle status, which is left out together
    /// with the busy status. What belongs to others is kept for later.
    pub async fn published(&mut self, id: &str) -> Vec<Message> {
        let mut found: Vec<Message> = Vec::new();
        let mut others = VecDeque::new();
        loop {
            let message = match self.seen.pop_front() {
                Some(message) => message,
                None => self.next_on_iopub().await,
            };
            if parent(&message) != id {
                others.push_back(message);
                continue;
            }
            let idle = message["content"]["execution_state"] == "idle";
            found.push(message);
            if idle {
                break;
            }
        }
        others.append(&mut self.seen);
        self.seen = others;
        found.pop();
        let busy = found.remove(0);
        assert_eq!(busy["content"]["execution_state"], "busy", "{busy}");
        found
    }

    /// Waits for a message on iopub; those before it are kept for [`Client::published`].
    pub async fn until(&mut self, is_it: impl Fn(&Message) -> bool) -> Message {
        loop {
            let message = self.next_on_iopub().await;
            self.seen.push_back(message.clone());
            if is_it(&message) {
                return message;
            }
        }
    }

    fn parse(&self, frames: ZmqMessage) -> Message {
        let frames = frames.into_vec();
        let at = frames
            .iter()
            .position(|frame| frame == "<IDS|MSG>")
            .unwrap();
        let parts = &frames[at + 2..at + 6];
        let text = |part: &Bytes| String::from_utf8(part.to_vec()).unwrap();
        let expected = self.signed(&[0, 1, 2, 3].map(|part| text(&parts[part])));
        assert_eq!(frames[at + 1], expected[1], "the signature is wrong");
        let json = |part: &Bytes| serde_json::from_slice::<Value>(part).unwrap();
        let buffers: Vec<_> = frames[at + 6..].iter().map(text).collect();
        json!({"header": json(&parts[0]), "parent_header": json(&parts[1]),
            "metadata": json(&parts[2]), "content": json(&parts[3]), "buffers": buffers})
    }
}

pub fn msg_type(message: &Message) -> &str {
    message["header"]["msg_type"].as_str().unwrap()
}

pub fn parent(message: &Message) -> &str {
    message["parent_header"]["msg_id"]
        .as_str()
        .unwrap_or_default()
}

/// The types of messages, joined by blanks.
pub fn types(messages: &[Message]) -> String {
    messages.iter().map(msg_type).collect::<Vec<_>>().join(" ")
}

/// All text of a stream.
pub fn text(messages: &[Message], stream: &str) -> String {
    let of_stream = messages
        .iter()
        .filter(|message| message["content"]["name"] == stream);
    of_stream
        .map(|message| message["content"]["text"].as_str().unwrap())
        .collect()
}
