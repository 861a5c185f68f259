//! Why a kernel could not start to serve.

use std::io;
use std::path::PathBuf;

/// Why a kernel could not serve. Each says what to do next; nothing has been started then.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The connection file cannot be read.
    #[error(
        "cannot read the connection file {path}: {error}; \
         Jupyter writes this file and passes its path when it starts a kernel"
    )]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The connection file is not one.
    #[error("{path} is no Jupyter connection file: {error}; start the kernel from Jupyter")]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// The file leaves a port open, so no client could find the kernel.
    #[error("{path} gives no port for {socket}; every port has to be a number from 1 to 65535")]
    Port {
        /// Which file.
        path: PathBuf,
        /// Which socket.
        socket: &'static str,
    },
    /// Only HMAC-SHA256 is spoken.
    #[error(
        "{path} asks for the signature scheme {scheme:?}; \
         set Session.signature_scheme to \"hmac-sha256\" in Jupyter's configuration"
    )]
    Scheme {
        /// Which file.
        path: PathBuf,
        /// What it asks for.
        scheme: String,
    },
    /// A socket cannot be opened.
    #[error(
        "cannot listen on {address} ({socket}): {error}; \
         if another kernel uses this connection file, end it first"
    )]
    Bind {
        /// Which socket.
        socket: &'static str,
        /// Where.
        address: String,
        /// What the system says.
        error: io::Error,
    },
    /// A socket inside the process cannot be opened.
    #[error("cannot open the {socket} socket: {error}")]
    Socket {
        /// Which socket.
        socket: &'static str,
        /// What ZeroMQ says.
        error: zeromq::ZmqError,
    },
    /// The runtime, a thread or a temporary folder cannot be made.
    #[error("cannot start: {0}")]
    Start(#[from] io::Error),
}
