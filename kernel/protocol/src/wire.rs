//! Messages on the wire: signing, framing, reading what may be anything.

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use jupyter_protocol::{Header, JupyterMessage, JupyterMessageContent};
use serde_json::Value;
use sha2::Sha256;
use std::collections::{HashSet, VecDeque};
use zeromq::ZmqMessage;

/// Separates the routing frames from the message.
const DELIMITER: &[u8] = b"<IDS|MSG>";
/// Frames after the delimiter: signature, header, parent header, metadata, content.
const PARTS: usize = 5;
/// The most bytes a message may have.
const MAX_BYTES: usize = 64 << 20;
/// How many signatures are remembered, against a message that is sent twice.
const REMEMBERED: usize = 1 << 16;
/// The version of the protocol that is spoken.
pub const PROTOCOL: &str = "5.5";

/// Why a message was dropped.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// More bytes than are taken.
    #[error("a message of {0} bytes; at most {MAX_BYTES} are taken")]
    TooLarge(usize),
    /// The frames are not those of a Jupyter message.
    #[error("not a Jupyter message: {0}")]
    Frames(&'static str),
    /// The signature is not the one that the key gives.
    #[error("the signature is wrong")]
    Signature,
    /// A message that has already been taken.
    #[error("the message was sent before")]
    Replayed,
    /// A part is not the JSON it should be.
    #[error("{part}: {error}")]
    Json {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        error: serde_json::Error,
    },
}

/// Signs and checks the messages of one connection.
pub struct Wire {
    key: Option<Hmac<Sha256>>,
    session: String,
    seen: HashSet<Vec<u8>>,
    order: VecDeque<Vec<u8>>,
}

impl Wire {
    /// A wire with the connection file's key; an empty key means that nothing is signed.
    pub fn new(key: &str, session: &str) -> Self {
        Wire {
            key: (!key.is_empty())
                .then(|| Hmac::new_from_slice(key.as_bytes()).expect("HMAC takes any key")),
            session: session.to_owned(),
            seen: HashSet::new(),
            order: VecDeque::new(),
        }
    }

    fn sign(&self, parts: &[Vec<u8>]) -> String {
        let Some(key) = &self.key else {
            return String::new();
        };
        let mut mac = key.clone();
        parts.iter().for_each(|part| mac.update(part));
        hex::encode(mac.finalize().into_bytes())
    }

    /// The frames of a message.
    pub fn encode(&self, mut message: JupyterMessage) -> ZmqMessage {
        message.header.session.clone_from(&self.session);
        message.header.username = "kernel".to_owned();
        message.header.version = PROTOCOL.to_owned();
        let json = |value: Result<Vec<u8>, serde_json::Error>| value.unwrap_or(b"{}".to_vec());
        let parent = match &message.parent_header {
            Some(parent) => json(serde_json::to_vec(parent)),
            None => b"{}".to_vec(),
        };
        let parts = [
            json(serde_json::to_vec(&message.header)),
            parent,
            json(serde_json::to_vec(&message.metadata)),
            json(serde_json::to_vec(&message.content)),
        ];
        let mut frames = message.zmq_identities.clone();
        frames.push(Bytes::from_static(DELIMITER));
        frames.push(self.sign(&parts).into_bytes().into());
        frames.extend(parts.into_iter().map(Bytes::from));
        frames.append(&mut message.buffers);
        ZmqMessage::try_from(frames).expect("there are always frames")
    }

    /// Reads a message from a socket.
    ///
    /// # Errors
    /// Whatever is wrong with it; such a message is dropped.
    pub fn decode(&mut self, message: ZmqMessage) -> Result<JupyterMessage, WireError> {
        let mut frames = message.into_vec();
        let size = frames.iter().map(Bytes::len).sum();
        if size > MAX_BYTES {
            return Err(WireError::TooLarge(size));
        }
        let at = frames
            .iter()
            .position(|frame| frame == DELIMITER)
            .ok_or(WireError::Frames("no delimiter"))?;
        if frames.len() < at + 1 + PARTS {
            return Err(WireError::Frames("too few frames"));
        }
        let mut rest = frames.split_off(at);
        let buffers = rest.split_off(1 + PARTS);
        self.check(&rest[1], &rest[2..])?;
        let json = |part, bytes: &Bytes| -> Result<Value, WireError> {
            serde_json::from_slice(bytes).map_err(|error| WireError::Json { part, error })
        };
        let header = json("header", &rest[2])?;
        let header: Header = serde_json::from_value(header).map_err(|error| WireError::Json {
            part: "header",
            error,
        })?;
        let parent_header = serde_json::from_value(json("parent header", &rest[3])?).ok();
        let metadata = json("metadata", &rest[4])?;
        let mut content = json("content", &rest[5])?;
        if header.msg_type == "history_request" {
            fill_history_request(&mut content);
        }
        let content = JupyterMessageContent::from_type_and_content(&header.msg_type, content)
            .map_err(|error| WireError::Json {
                part: "content",
                error,
            })?;
        Ok(JupyterMessage {
            zmq_identities: frames,
            header,
            parent_header,
            metadata,
            content,
            buffers,
            channel: None,
        })
    }

    fn check(&mut self, signature: &[u8], parts: &[Bytes]) -> Result<(), WireError> {
        let Some(key) = &self.key else {
            return Ok(());
        };
        let signature = hex::decode(signature).map_err(|_| WireError::Signature)?;
        let mut mac = key.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.verify_slice(&signature)
            .map_err(|_| WireError::Signature)?;
        if !self.seen.insert(signature.clone()) {
            return Err(WireError::Replayed);
        }
        self.order.push_back(signature);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        Ok(())
    }
}

/// Clients leave out what they do not care about; the typed request has no defaults.
fn fill_history_request(content: &mut Value) {
    let defaults = serde_json::json!({
        "output": false, "raw": true, "unique": false, "n": 0, "start": 0, "stop": 0,
        "session": 0, "pattern": "*",
    });
    if let (Some(content), Value::Object(defaults)) = (content.as_object_mut(), defaults) {
        for (name, value) in defaults {
            let field = content.entry(name).or_insert(Value::Null);
            if field.is_null() {
                *field = value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jupyter_protocol::ExecuteRequest;

    fn message() -> JupyterMessage {
        JupyterMessage::new(ExecuteRequest::new("1 + 1".to_owned()), None)
    }

    #[test]
    fn what_is_sent_can_be_read() {
        let mut wire = Wire::new("key", "session");
        let frames = wire.encode(message());
        let JupyterMessageContent::ExecuteRequest(request) = wire.decode(frames).unwrap().content
        else {
            panic!("another message came out");
        };
        assert_eq!(request.code, "1 + 1");
    }

    #[test]
    fn a_wrong_key_a_changed_byte_and_a_second_time_are_refused() {
        let mut wire = Wire::new("key", "session");
        let frames = Wire::new("other", "session").encode(message());
        assert!(matches!(wire.decode(frames), Err(WireError::Signature)));
        let frames = wire.encode(message());
        let mut changed = frames.clone().into_vec();
        let last = changed.len() - 1;
        changed[last] = Bytes::from_static(b"{}");
        let changed = ZmqMessage::try_from(changed).unwrap();
        assert!(matches!(wire.decode(changed), Err(WireError::Signature)));
        assert!(wire.decode(frames.clone()).is_ok());
        assert!(matches!(wire.decode(frames), Err(WireError::Replayed)));
    }

    #[test]
    fn noise_is_an_error_and_no_panic() {
        let mut wire = Wire::new("", "session");
        for frames in [
            vec!["noise"],
            vec!["<IDS|MSG>", "", "{}", "{}", "{}"],
            vec!["<IDS|MSG>", "", "{", "{}", "{}", "{}"],
            vec!["<IDS|MSG>", "", "[]", "{}", "{}", "7"],
        ] {
            let frames: Vec<Bytes> = frames
                .into_iter()
                .map(|f| Bytes::from_static(f.as_bytes()))
                .collect();
            let frames = ZmqMessage::try_from(frames).unwrap();
            assert!(wire.decode(frames).is_err());
        }
    }
}
