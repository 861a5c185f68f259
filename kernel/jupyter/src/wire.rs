//! Messages on the wire: framing, reading what may be anything, writing what is sure.

use crate::signature::{Seen, Signer};
use bytes::Bytes;
use jupyter_protocol::{Header, JupyterMessage, JupyterMessageContent};
use serde_json::{Map, Value, json};
use zeromq::ZmqMessage;

/// The version of the protocol that is spoken.
pub const PROTOCOL: &str = "5.5";
/// Separates the routing frames from the message.
const DELIMITER: &[u8] = b"<IDS|MSG>";
/// Frames after the delimiter that are always there: signature, header, parent header,
/// metadata, content. Binary buffers may follow.
const PARTS: usize = 5;

/// Why a message was dropped.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The frames are not those of a Jupyter message.
    #[error("dropped what is not a Jupyter message: {0}")]
    Frames(&'static str),
    /// The signature is not the one that the key gives.
    #[error("dropped a message with a wrong signature; does its sender use another key?")]
    Signature,
    /// A message that has already been taken.
    #[error("dropped a message that was sent before")]
    Replayed,
    /// A part is not the JSON it should be.
    #[error("dropped a message whose {part} is malformed: {error}")]
    Json {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// The sender is known and the content no good: it can be told.
    #[error("a {} is malformed: {error}", .request.header.msg_type)]
    Content {
        /// The request, without its content.
        request: Box<JupyterMessage>,
        /// What is wrong with the content.
        error: serde_json::Error,
    },
}

/// Writes the messages of one kernel.
#[derive(Clone)]
pub struct Writer {
    signer: Signer,
    session: String,
}

impl Writer {
    /// Messages of this session, signed by this signer.
    pub fn new(signer: Signer, session: &str) -> Self {
        Writer {
            signer,
            session: session.to_owned(),
        }
    }

    /// The frames of a message.
    ///
    /// # Errors
    /// Where a part cannot be JSON, which takes a map with keys that are no text.
    pub fn encode(&self, mut message: JupyterMessage) -> serde_json::Result<ZmqMessage> {
        message.header.session.clone_from(&self.session);
        message.header.username = "kernel".to_owned();
        message.header.version = PROTOCOL.to_owned();
        let parent = match &message.parent_header {
            Some(parent) => serde_json::to_vec(parent)?,
            None => b"{}".to_vec(),
        };
        let parts = [
            serde_json::to_vec(&message.header)?,
            parent,
            serde_json::to_vec(&message.metadata)?,
            serde_json::to_vec(&message.content)?,
        ];
        let mut frames = message.zmq_identities;
        frames.push(Bytes::from_static(DELIMITER));
        frames.push(self.signer.sign(parts.iter().map(Vec::as_slice)).into());
        frames.extend(parts.into_iter().map(Bytes::from));
        frames.append(&mut message.buffers);
        Ok(ZmqMessage::try_from(frames).expect("there are always frames"))
    }
}

/// Reads the messages of all clients.
pub struct Reader {
    signer: Signer,
    seen: Seen,
}

impl Reader {
    /// Takes what was signed with the signer's key.
    pub fn new(signer: Signer) -> Self {
        let seen = Seen::default();
        Reader { signer, seen }
    }

    /// Reads a message.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    pub fn decode(&mut self, message: ZmqMessage) -> Result<JupyterMessage, WireError> {
        let mut identities = message.into_vec();
        let at = identities
            .iter()
            .position(|frame| frame == DELIMITER)
            .ok_or(WireError::Frames("it has no delimiter"))?;
        if identities.len() < at + 1 + PARTS {
            return Err(WireError::Frames("it has too few frames"));
        }
        let mut parts = identities.split_off(at);
        let buffers = parts.split_off(1 + PARTS);
        let signature = &parts[1];
        let signed = parts[2..].iter().map(Bytes::as_ref);
        if !self.signer.verify(signature, signed) {
            return Err(WireError::Signature);
        }
        if self.signer.is_signing() && !self.seen.insert(signature) {
            return Err(WireError::Replayed);
        }
        let header: Header =
            serde_json::from_value(object("header", &parts[2])?).map_err(|error| {
                WireError::Json {
                    part: "header",
                    error,
                }
            })?;
        let parent = object("parent header", &parts[3])?;
        let metadata = object("metadata", &parts[4])?;
        let mut content = object("content", &parts[5])?;
        add_defaults(&header.msg_type, &mut content);
        let typed = JupyterMessageContent::from_type_and_content(&header.msg_type, content);
        let mut message = JupyterMessage {
            zmq_identities: identities,
            header,
            parent_header: serde_json::from_value(parent).ok(),
            metadata,
            content: JupyterMessageContent::UnknownMessage(Default::default()),
            buffers,
            channel: None,
        };
        match typed {
            Ok(content) => {
                message.content = content;
                Ok(message)
            }
            Err(error) => Err(WireError::Content {
                request: Box::new(message),
                error,
            }),
        }
    }
}

fn object(part: &'static str, bytes: &[u8]) -> Result<Value, WireError> {
    serde_json::from_slice::<Map<String, Value>>(bytes)
        .map(Value::Object)
        .map_err(|error| WireError::Json { part, error })
}

/// Adds what a client may leave out but the message types ask for, as ipykernel reads it.
fn add_defaults(msg_type: &str, content: &mut Value) {
    let Value::Object(content) = content else {
        return;
    };
    let defaults = match msg_type {
        "execute_request" => {
            let silent = content.get("silent").and_then(Value::as_bool) == Some(true);
            json!({"silent": false, "store_history": !silent, "user_expressions": {},
                "allow_stdin": false, "stop_on_error": true})
        }
        "complete_request" | "inspect_request" => {
            let code = content.get("code").and_then(Value::as_str);
            let end = code.unwrap_or_default().chars().count();
            json!({"cursor_pos": end, "detail_level": 0})
        }
        "history_request" => json!({"output": false, "raw": true, "session": 0, "start": 0,
            "stop": 0, "n": 0, "pattern": "*", "unique": false}),
        "shutdown_request" => json!({"restart": false}),
        "comm_open" | "comm_msg" | "comm_close" => json!({"data": {}}),
        _ => return,
    };
    let Value::Object(defaults) = defaults else {
        return;
    };
    for (key, value) in defaults {
        if content.get(&key).is_none_or(Value::is_null) {
            content.insert(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jupyter_protocol::{ExecuteRequest, HistoryRequest};

    fn pair(key: &str) -> (Writer, Reader) {
        let signer = Signer::new(key);
        (Writer::new(signer.clone(), "session"), Reader::new(signer))
    }

    fn request() -> JupyterMessage {
        JupyterMessage::new(ExecuteRequest::new("1 + 1".to_owned()), None)
    }

    fn frames(parts: &[&str]) -> ZmqMessage {
        let frames = parts.iter().map(|part| Bytes::from(part.to_string()));
        ZmqMessage::try_from(frames.collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn what_is_written_can_be_read() {
        let (writer, mut reader) = pair("key");
        let message = request().with_buffers(vec![Bytes::from_static(b"\xff")]);
        let read = reader.decode(writer.encode(message).unwrap()).unwrap();
        assert_eq!(read.buffers, [Bytes::from_static(b"\xff")]);
        let JupyterMessageContent::ExecuteRequest(request) = read.content else {
            panic!("another message came out");
        };
        assert_eq!(request.code, "1 + 1");
    }

    #[test]
    fn a_wrong_key_a_changed_byte_and_a_second_time_are_refused() {
        let (writer, mut reader) = pair("key");
        let forged = pair("other").0.encode(request()).unwrap();
        assert!(matches!(reader.decode(forged), Err(WireError::Signature)));
        let good = writer.encode(request()).unwrap();
        let mut changed = good.clone().into_vec();
        *changed.last_mut().unwrap() = Bytes::from_static(b"{}");
        let changed = ZmqMessage::try_from(changed).unwrap();
        assert!(matches!(reader.decode(changed), Err(WireError::Signature)));
        assert!(reader.decode(good.clone()).is_ok());
        assert!(matches!(reader.decode(good), Err(WireError::Replayed)));
    }

    #[test]
    fn noise_is_an_error_and_no_panic() {
        let mut reader = pair("").1;
        let header = r#"{"msg_id": "1", "username": "", "session": "", "date": "",
            "msg_type": "execute_request", "version": "5.5"}"#;
        for parts in [
            &["noise"][..],
            &["<IDS|MSG>"],
            &["<IDS|MSG>", "", header, "{}", "{}"],
            &["<IDS|MSG>", "", "{", "{}", "{}", "{}"],
            &["<IDS|MSG>", "", "{}", "{}", "{}", "{}"],
            &["<IDS|MSG>", "", header, "{}", "{}", "7"],
            &["<IDS|MSG>", "", header, "[]", "{}", "{}"],
            &["<IDS|MSG>", "", header, "{}", "{}", "\u{0}"],
        ] {
            assert!(reader.decode(frames(parts)).is_err(), "{parts:?}");
        }
        let unusable = reader.decode(frames(&["<IDS|MSG>", "", header, "{}", "{}", "{}"]));
        assert!(matches!(unusable, Err(WireError::Content { .. })));
    }

    #[test]
    fn a_client_may_leave_out_what_has_a_default() {
        let mut reader = pair("").1;
        let header = r#"{"msg_id": "1", "username": "", "session": "", "date": "",
            "msg_type": "history_request", "version": "5.5"}"#;
        let content = r#"{"hist_access_type": "range", "session": 0, "stop": null}"#;
        let read = reader.decode(frames(&["<IDS|MSG>", "", header, "{}", "{}", content]));
        let JupyterMessageContent::HistoryRequest(HistoryRequest::Range { raw, stop, .. }) =
            read.unwrap().content
        else {
            panic!("another request came out");
        };
        assert!(raw && stop == 0);
    }
}
