//! Between the clients and the ZeroMQ sockets: no connection can harm the kernel.
//!
//! Clients connect here. What they send is held to [`Limits`] and handed on to a socket inside
//! the process. What is sent to them waits here if they are slow, so that one client that has
//! stopped reading does not stop the output of all; when too much waits, it is disconnected.

use crate::connection::{Listener, Stream};
use crate::limits::{Breach, Limits};
use crate::log;
use bytes::BytesMut;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;

/// The most bytes that wait for a client that does not read.
const MAX_WAITING: usize = 256 << 20;
/// The most bytes that are handed on at once.
const CHUNK: usize = 64 << 10;
/// How long accepting pauses after it failed, usually because too many files are open.
const PAUSE: Duration = Duration::from_millis(100);

/// Dropped by a connection when all that was sent to its client has left.
pub type Draining = mpsc::Sender<()>;

/// Why a connection ended that should have gone on.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Breach(#[from] Breach),
    #[error("its client does not read: {} MiB wait for it", MAX_WAITING >> 20)]
    Backlog,
    /// The client went away, as clients do.
    #[error("{0}")]
    Closed(#[from] io::Error),
}

/// Lets clients in, for ever.
pub async fn open(listener: Listener, socket: &'static str, inner: PathBuf, draining: Draining) {
    loop {
        match listener.accept().await {
            Ok(client) => {
                let (inner, draining) = (inner.clone(), draining.clone());
                tokio::spawn(async move {
                    match connect(client, inner, draining).await {
                        Ok(()) | Err(Ended::Closed(_)) => {}
                        Err(ended) => log!("closed a connection to {socket}: {ended}"),
                    }
                });
            }
            Err(error) => {
                log!("cannot accept a connection to {socket}: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn connect(client: Stream, inner: PathBuf, draining: Draining) -> Result<(), Ended> {
    let inner = UnixStream::connect(inner).await?;
    match client {
        Stream::Tcp(client) => {
            let (from, to) = client.into_split();
            relay(from, to, inner, draining).await
        }
        Stream::Unix(client) => {
            let (from, to) = client.into_split();
            relay(from, to, inner, draining).await
        }
    }
}

async fn relay(
    client_from: impl AsyncRead + Unpin,
    client_to: impl AsyncWrite + Unpin,
    inner: UnixStream,
    draining: Draining,
) -> Result<(), Ended> {
    let (inner_from, inner_to) = inner.into_split();
    let towards = to_kernel(client_from, inner_to);
    let back = to_client(inner_from, client_to);
    tokio::pin!(towards, back);
    let ended = tokio::select! {
        ended = &mut towards => match ended {
            // The client has sent its last; the rest of the answers still go out.
            Ok(()) => back.await,
            Err(ended) => Err(ended),
        },
        ended = &mut back => ended,
    };
    drop(draining);
    ended
}

async fn to_kernel(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> Result<(), Ended> {
    let mut limits = Limits::default();
    let mut buffer = BytesMut::with_capacity(CHUNK);
    while from.read_buf(&mut buffer).await? > 0 {
        limits.check(&buffer)?;
        to.write_all(&buffer).await?;
        buffer.clear();
    }
    to.shutdown().await?;
    Ok(())
}

async fn to_client(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> Result<(), Ended> {
    let (queue, mut queued) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let counted = waiting.clone();
    let take = async move {
        let mut buffer = BytesMut::new();
        loop {
            if buffer.capacity() < CHUNK / 16 {
                buffer.reserve(CHUNK);
            }
            let read = from.read_buf(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            if counted.fetch_add(read, Ordering::Relaxed) + read > MAX_WAITING {
                return Err(Ended::Backlog);
            }
            // The other half of this function only ends with this one.
            let _ = queue.send(buffer.split().freeze());
        }
    };
    let give = async move {
        while let Some(bytes) = queued.recv().await {
            to.write_all(&bytes).await?;
            waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
        }
        to.shutdown().await?;
        Ok(())
    };
    tokio::try_join!(take, give).map(|_| ())
}
