//! The connection file, and the addresses it names.

use crate::error::ServeError;
use jupyter_protocol::ConnectionInfo;
use jupyter_protocol::connection_info::Transport;
use std::io;
use std::path::{Path, PathBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// Reads a connection file and checks everything in it that can be checked.
///
/// # Errors
/// Names the file, and what is wrong with it.
pub fn read(path: &Path) -> Result<ConnectionInfo, ServeError> {
    let text = std::fs::read_to_string(path).map_err(|error| ServeError::Read {
        path: path.to_owned(),
        error,
    })?;
    let info: ConnectionInfo = serde_json::from_str(&text).map_err(|error| ServeError::Form {
        path: path.to_owned(),
        error,
    })?;
    if !info.key.is_empty() && info.signature_scheme != "hmac-sha256" {
        return Err(ServeError::Scheme {
            path: path.to_owned(),
            scheme: info.signature_scheme,
        });
    }
    let ports = [
        ("shell", info.shell_port),
        ("control", info.control_port),
        ("stdin", info.stdin_port),
        ("iopub", info.iopub_port),
        ("heartbeat", info.hb_port),
    ];
    match ports.into_iter().find(|(_, port)| *port == 0) {
        None => Ok(info),
        Some((socket, _)) => Err(ServeError::Port {
            path: path.to_owned(),
            socket,
        }),
    }
}

/// Listens where clients connect.
pub enum Listener {
    /// On a port.
    Tcp(TcpListener),
    /// On a file, which goes when the listener does.
    Unix(UnixListener, PathBuf),
}

/// A client's connection.
pub enum Stream {
    /// Through a port.
    Tcp(TcpStream),
    /// Through a file.
    Unix(UnixStream),
}

impl Listener {
    /// Opens one socket of the connection file.
    ///
    /// # Errors
    /// Names the address that cannot be listened on.
    pub async fn bind(
        info: &ConnectionInfo,
        socket: &'static str,
        port: u16,
    ) -> Result<Listener, ServeError> {
        let address = match info.transport {
            Transport::TCP => format!("tcp://{}:{port}", info.ip),
            Transport::IPC => format!("ipc://{}-{port}", info.ip),
        };
        let bound = match info.transport {
            Transport::TCP => {
                // Jupyter's way to say "every interface".
                let host = if info.ip == "*" { "0.0.0.0" } else { &info.ip };
                TcpListener::bind((host, port)).await.map(Listener::Tcp)
            }
            Transport::IPC => bind_file(PathBuf::from(format!("{}-{port}", info.ip))),
        };
        bound.map_err(|error| ServeError::Bind {
            socket,
            address,
            error,
        })
    }

    /// Waits for a client.
    ///
    /// # Errors
    /// What the system says, for example that no more files may be open.
    pub async fn accept(&self) -> io::Result<Stream> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            Listener::Unix(listener, _) => Ok(Stream::Unix(listener.accept().await?.0)),
        }
    }
}

/// A restarted kernel finds the files of the one before it: nobody listens there any more.
fn bind_file(path: PathBuf) -> io::Result<Listener> {
    use std::os::unix::fs::FileTypeExt;
    let is_socket = std::fs::metadata(&path).is_ok_and(|file| file.file_type().is_socket());
    if is_socket && std::os::unix::net::UnixStream::connect(&path).is_err() {
        std::fs::remove_file(&path)?;
    }
    Ok(Listener::Unix(UnixListener::bind(&path)?, path))
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Listener::Unix(_, path) = self {
            // Somebody may have cleaned up already.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(content: &str) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, content).unwrap();
        read(file.path()).unwrap_err().to_string()
    }

    #[test]
    fn a_bad_connection_file_is_explained() {
        let good = r#"{"ip": "127.0.0.1", "transport": "tcp", "shell_port": 1, "iopub_port": 2,
            "stdin_port": 3, "control_port": 4, "hb_port": 5, "key": "k",
            "signature_scheme": "hmac-sha256"}"#;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, good).unwrap();
        assert!(read(file.path()).is_ok());
        let missing = read(Path::new("/nowhere/kernel.json"))
            .unwrap_err()
            .to_string();
        assert!(missing.contains("/nowhere/kernel.json"), "{missing}");
        assert!(message("{").contains("no Jupyter connection file"));
        assert!(message(&good.replace("ip\"", "i\"")).contains("`ip`"));
        assert!(message(&good.replace("4,", "0,")).contains("control"));
        assert!(message(&good.replace("sha256", "md5")).contains("hmac-md5"));
    }
}
