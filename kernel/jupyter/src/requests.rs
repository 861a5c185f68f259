//! Every request, and its answer. Only execute requests wait for their turn.

use crate::cells::Origin;
use crate::executor::Job;
use crate::hub::Hub;
use crate::log;
use crate::publisher::media;
use crate::serve::Exit;
use jupyter_protocol::{
    CompleteReply, CompleteRequest, HistoryReply, InspectReply, InspectRequest, InterruptReply,
    IsCompleteReply, IsCompleteRequest, JupyterMessage, JupyterMessageContent, ReplyError,
    ReplyStatus, ShutdownReply, UnknownMessage,
};
use serde::Serialize;
use std::sync::Arc;
use tandem_cell::Completeness;

/// Where a request came from, and where its reply goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Ordinary requests.
    Shell,
    /// Requests that must not wait.
    Control,
    /// Answers to questions.
    Stdin,
}

/// Handles what a client sent. Never waits: it is called from the sockets' tasks.
pub fn handle(hub: &Arc<Hub>, port: Port, message: JupyterMessage) {
    use JupyterMessageContent as Content;
    match (port, &message.content) {
        (Port::Stdin, Content::InputReply(answer)) => hub.answer(&message, answer),
        (Port::Stdin, _) => log!("ignored a {} on stdin", message.message_type()),
        (Port::Shell, Content::ExecuteRequest(request)) => {
            let job = Job::Execute(Box::new(Origin::of(&message)), request.clone());
            // Without the executor the session is about to end.
            let _ = hub.jobs.send(job);
        }
        (
            _,
            Content::CompleteRequest(_)
            | Content::InspectRequest(_)
            | Content::IsCompleteRequest(_)
            | Content::HistoryRequest(_),
        ) => {
            let hub = hub.clone();
            tokio::task::spawn_blocking(move || {
                let origin = Origin::of(&message);
                hub.busy(&origin);
                let answer = std::panic::AssertUnwindSafe(|| ask(&hub, &message.content));
                match std::panic::catch_unwind(answer) {
                    Ok(Some(answer)) => reply(&hub, port, &origin, answer),
                    Ok(None) => {}
                    Err(_) => {
                        let why = "the kernel has made a mistake; its log says more";
                        reply_error(&hub, port, &message, why);
                    }
                }
                hub.idle(&origin);
            });
        }
        (_, Content::CommOpen(_) | Content::CommMsg(_) | Content::CommClose(_)) => {
            let _ = hub.comm_messages.send(message);
        }
        (_, _) => {
            let origin = Origin::of(&message);
            hub.busy(&origin);
            at_once(hub, port, &origin, &message);
            hub.idle(&origin);
            if let Content::ShutdownRequest(request) = &message.content {
                let exit = if request.restart {
                    Exit::Restart
                } else {
                    Exit::Shutdown
                };
                let _ = hub.stop.send(exit);
            }
        }
    }
}

/// Answers a request whose content cannot be read.
pub fn refuse(hub: &Hub, port: Port, request: &JupyterMessage, why: &str) {
    if port == Port::Stdin {
        return;
    }
    let origin = Origin::of(request);
    hub.busy(&origin);
    reply_error(hub, port, request, why);
    hub.idle(&origin);
}

fn reply(hub: &Hub, port: Port, origin: &Origin, content: impl Into<JupyterMessageContent>) {
    let to = match port {
        Port::Shell => &hub.outgoing.shell,
        Port::Control => &hub.outgoing.control,
        Port::Stdin => &hub.outgoing.stdin,
    };
    let _ = to.send(origin.message(content));
}

/// The form that every reply has when it answers nothing.
#[derive(Serialize)]
struct ErrorReply {
    status: ReplyStatus,
    #[serde(flatten)]
    error: ReplyError,
}

fn reply_error(hub: &Hub, port: Port, request: &JupyterMessage, why: &str) {
    let Some(name) = request.header.msg_type.strip_suffix("_request") else {
        return;
    };
    let error = ReplyError {
        ename: "RequestError".to_owned(),
        evalue: why.to_owned(),
        traceback: Vec::new(),
    };
    let status = ReplyStatus::Error;
    let content = serde_json::to_value(ErrorReply { status, error }).unwrap_or_default();
    let msg_type = format!("{name}_reply");
    let content = UnknownMessage { msg_type, content };
    reply(hub, port, &Origin::of(request), content);
}

/// Requests that need no thread of their own.
fn at_once(hub: &Hub, port: Port, origin: &Origin, message: &JupyterMessage) {
    use JupyterMessageContent as Content;
    match &message.content {
        Content::KernelInfoRequest(_) => reply(hub, port, origin, hub.info.reply()),
        Content::CommInfoRequest(request) => {
            let info = hub.comms.info(request.target_name.as_deref());
            reply(hub, port, origin, info);
        }
        Content::InterruptRequest(_) => {
            hub.interrupt();
            reply(hub, port, origin, InterruptReply::new());
        }
        Content::ShutdownRequest(request) => {
            let answer = ShutdownReply {
                restart: request.restart,
                status: ReplyStatus::Ok,
                error: None,
            };
            reply(hub, port, origin, answer.clone());
            // Other clients learn of it here.
            hub.publish(origin, answer);
        }
        _ => {
            let name = &message.header.msg_type;
            log!("{name} is not supported on {port:?}");
            reply_error(hub, port, message, &format!("{name} is not supported here"));
        }
    }
}

/// Requests that ask about code, each on a thread of its own.
fn ask(hub: &Hub, request: &JupyterMessageContent) -> Option<JupyterMessageContent> {
    use JupyterMessageContent as Content;
    Some(match request {
        Content::CompleteRequest(request) => complete(hub, request).into(),
        Content::InspectRequest(request) => inspect(hub, request).into(),
        Content::IsCompleteRequest(request) => is_complete(hub, request).into(),
        Content::HistoryRequest(request) => {
            HistoryReply::new(hub.history.answer(request.clone())).into()
        }
        _ => return None,
    })
}

/// What JupyterLab shows beside a completion.
#[derive(Serialize)]
struct TypedMatch<'a> {
    text: &'a str,
    r#type: &'a str,
    start: usize,
    end: usize,
}

fn complete(hub: &Hub, request: &CompleteRequest) -> CompleteReply {
    let code = &request.code;
    let found = hub
        .assistant
        .complete(code, byte_offset(code, request.cursor_pos));
    let start = char_offset(code, found.range.start);
    let end = char_offset(code, found.range.end);
    let typed: Vec<_> = found
        .matches
        .iter()
        .map(|(text, kind)| TypedMatch {
            text,
            r#type: kind,
            start,
            end,
        })
        .collect();
    let mut metadata = serde_json::Map::new();
    if let Ok(typed) = serde_json::to_value(typed) {
        metadata.insert("_jupyter_types_experimental".to_owned(), typed);
    }
    CompleteReply {
        matches: found.matches.into_iter().map(|(text, _)| text).collect(),
        cursor_start: start,
        cursor_end: end,
        metadata,
        status: ReplyStatus::Ok,
        error: None,
    }
}

fn inspect(hub: &Hub, request: &InspectRequest) -> InspectReply {
    let position = byte_offset(&request.code, request.cursor_pos);
    let detail = request.detail_level.unwrap_or(0).min(1) as u8;
    let found = hub.assistant.inspect(&request.code, position, detail);
    InspectReply {
        found: found.is_some(),
        data: found.as_ref().map(media).unwrap_or_default(),
        metadata: found.map(|found| found.metadata).unwrap_or_default(),
        status: ReplyStatus::Ok,
        error: None,
    }
}

fn is_complete(hub: &Hub, request: &IsCompleteRequest) -> IsCompleteReply {
    match hub.assistant.is_complete(&request.code) {
        Completeness::Complete => IsCompleteReply::complete(),
        Completeness::Incomplete { indent } => IsCompleteReply::incomplete(indent),
        Completeness::Invalid => IsCompleteReply::invalid(),
        Completeness::Unknown => IsCompleteReply::unknown(),
    }
}

/// Positions on the wire count characters, those of the languages bytes.
fn byte_offset(code: &str, characters: usize) -> usize {
    let at = code.char_indices().nth(characters);
    at.map_or(code.len(), |(at, _)| at)
}

fn char_offset(code: &str, bytes: usize) -> usize {
    let before = code.char_indices().take_while(|(at, _)| *at < bytes);
    before.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        let code = "é𝄞x";
        for (characters, bytes) in [(0, 0), (1, 2), (2, 6), (3, 7)] {
            assert_eq!(byte_offset(code, characters), bytes);
            assert_eq!(char_offset(code, bytes), characters);
        }
        assert_eq!(byte_offset(code, 99), code.len());
        assert_eq!(char_offset(code, 99), 3);
    }
}
