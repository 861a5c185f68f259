//! What the kernel says of itself.

use crate::wire::PROTOCOL;
use jupyter_protocol::{
    CodeMirrorMode, HelpLink, JupyterMessageContent, KernelInfoReply, LanguageInfo, ReplyStatus,
    UnknownMessage,
};
use serde::Serialize;
use std::path::PathBuf;

/// What the kernel says of itself, and where it keeps what was typed.
#[derive(Clone, Debug)]
pub struct KernelInfo {
    /// Name of the implementation.
    pub implementation: String,
    /// Its version.
    pub version: String,
    /// What a console shows first.
    pub banner: String,
    /// Version of the language, for example of rustc.
    pub language_version: String,
    /// Links for the help menu: text and address.
    pub help_links: Vec<(String, String)>,
    /// The history file; it may be shared with other kernels. `None` keeps the history only as
    /// long as the session.
    pub history: Option<PathBuf>,
}

/// The typed reply, and the field that version 5.5 of the protocol added to it.
#[derive(Serialize)]
struct Reply {
    #[serde(flatten)]
    reply: KernelInfoReply,
    /// Neither a debugger nor subshells: requests that do not run code never wait here.
    supported_features: [&'static str; 0],
}

impl KernelInfo {
    pub(crate) fn reply(&self) -> JupyterMessageContent {
        let links = self.help_links.iter().cloned();
        let reply = KernelInfoReply {
            status: ReplyStatus::Ok,
            protocol_version: PROTOCOL.to_owned(),
            implementation: self.implementation.clone(),
            implementation_version: self.version.clone(),
            language_info: LanguageInfo {
                name: "rust".to_owned(),
                version: self.language_version.clone(),
                // JupyterLab chooses its Rust highlighter by this type and no other.
                mimetype: Some("text/x-rustsrc".to_owned()),
                file_extension: Some(".rs".to_owned()),
                pygments_lexer: Some("rust".to_owned()),
                codemirror_mode: Some(CodeMirrorMode::Simple("rust".to_owned())),
                nbconvert_exporter: Some("script".to_owned()),
            },
            banner: self.banner.clone(),
            help_links: links.map(|(text, url)| HelpLink { text, url }).collect(),
            debugger: false,
            error: None,
        };
        let reply = Reply {
            reply,
            supported_features: [],
        };
        JupyterMessageContent::UnknownMessage(UnknownMessage {
            msg_type: "kernel_info_reply".to_owned(),
            content: serde_json::to_value(reply).unwrap_or_default(),
        })
    }
}
