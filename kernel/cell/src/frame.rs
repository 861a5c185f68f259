//! Frames: how a child process hands over what its threads write.
//!
//! One pipe carries every stream of a process and of the processes it forks. Each `write` of
//! a frame is at most `PIPE_BUF` bytes, which Linux keeps whole and in order even with many
//! writers, so no lock is needed and nothing is torn; longer messages go as several frames
//! that the reader joins. User data is payload and never looked at: no byte a cell can print
//! is a control byte.

use crate::event::CellId;
use std::collections::HashMap;
use std::io::{self, Read};
use std::os::fd::RawFd;

/// The most bytes that one write to a pipe keeps whole (POSIX `PIPE_BUF` on Linux).
const PIPE_BUF: usize = 4096;
/// Bytes of a header; see [`Header::to_bytes`].
const HEADER: usize = 32;
/// The most payload bytes in one frame.
pub const MAX_PAYLOAD: usize = PIPE_BUF - HEADER;
/// First two bytes of every frame; anything else means that somebody else wrote to the pipe.
const MAGIC: u16 = 0x7a4d;
/// A joined message may not grow beyond this; a longer one is cut and said to be.
pub const MAX_MESSAGE: usize = 64 << 20;

/// What a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Bytes for standard output.
    Stdout = 1,
    /// Bytes for standard error.
    Stderr = 2,
    /// A JSON message whose form the two ends agree on.
    Message = 3,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Kind> {
        match byte {
            1 => Some(Kind::Stdout),
            2 => Some(Kind::Stderr),
            3 => Some(Kind::Message),
            _ => None,
        }
    }
}

/// Who wrote a frame, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the payload is.
    pub kind: Kind,
    /// Whether the message goes on in the writer's next frame of this kind.
    pub more: bool,
    /// The cell that the writing thread belongs to.
    pub cell: CellId,
    /// Process of the writer.
    pub pid: u32,
    /// Thread of the writer (Linux thread id).
    pub tid: u32,
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    pub time_ns: u64,
}

impl Header {
    /// Little-endian: magic u16, kind u8, more u8, payload length u32, pid u32, tid u32,
    /// cell u64, time u64.
    fn to_bytes(self, length: usize) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[0..2].copy_from_slice(&MAGIC.to_le_bytes());
        bytes[2] = self.kind as u8;
        bytes[3] = self.more.into();
        bytes[4..8].copy_from_slice(&(length as u32).to_le_bytes());
        bytes[8..12].copy_from_slice(&self.pid.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.tid.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.cell.0.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.time_ns.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; HEADER]) -> Option<(Header, usize)> {
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
        let u64_at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
        let length = u32_at(4) as usize;
        if bytes[0..2] != MAGIC.to_le_bytes() || length > MAX_PAYLOAD {
            return None;
        }
        let header = Header {
            kind: Kind::from_byte(bytes[2])?,
            more: bytes[3] != 0,
            pid: u32_at(8),
            tid: u32_at(12),
            cell: CellId(u64_at(16)),
            time_ns: u64_at(24),
        };
        Some((header, length))
    }
}

/// `CLOCK_MONOTONIC`, in nanoseconds.
pub fn monotonic_ns() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place for the result.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Writes one message of the calling thread as frames. Uses the raw system call, allocates
/// nothing and takes no lock, so that it may be called from an interposed `write` and after
/// `fork`.
///
/// # Errors
/// What `writev` answers, usually that the reader is gone.
pub fn write(fd: RawFd, kind: Kind, cell: CellId, bytes: &[u8]) -> io::Result<()> {
    // SAFETY: neither call can fail or has arguments.
    let (pid, tid) = unsafe {
        (
            libc::getpid() as u32,
            libc::syscall(libc::SYS_gettid) as u32,
        )
    };
    let time_ns = monotonic_ns();
    let mut rest = bytes;
    loop {
        let (payload, after) = rest.split_at(rest.len().min(MAX_PAYLOAD));
        let more = !after.is_empty();
        let header = Header {
            kind,
            more,
            cell,
            pid,
            tid,
            time_ns,
        };
        write_one(fd, &header.to_bytes(payload.len()), payload)?;
        rest = after;
        if !more {
            return Ok(());
        }
    }
}

fn write_one(fd: RawFd, header: &[u8; HEADER], payload: &[u8]) -> io::Result<()> {
    let parts = [
        libc::iovec {
            iov_base: header.as_ptr() as *mut _,
            iov_len: HEADER,
        },
        libc::iovec {
            iov_base: payload.as_ptr() as *mut _,
            iov_len: payload.len(),
        },
    ];
    loop {
        // SAFETY: both parts are valid for reading; the kernel writes all or nothing, because
        // together they are at most PIPE_BUF bytes.
        let written = unsafe { libc::syscall(libc::SYS_writev, fd, parts.as_ptr(), 2) };
        if written >= 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        match error.kind() {
            io::ErrorKind::Interrupted => continue,
            io::ErrorKind::WouldBlock => {
                let mut poll = libc::pollfd {
                    fd,
                    events: libc::POLLOUT,
                    revents: 0,
                };
                // SAFETY: one valid pollfd.
                unsafe { libc::poll(&mut poll, 1, -1) };
            }
            _ => return Err(error),
        }
    }
}

/// A whole message, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who wrote it; `more` is false.
    pub header: Header,
    /// What was written.
    pub bytes: Vec<u8>,
}

/// Reads frames and joins them into messages.
pub struct Reader<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    pending: HashMap<(u32, u32, Kind), Vec<u8>>,
}

impl<R: Read> Reader<R> {
    /// A reader of `source`, usually the reading end of a pipe.
    pub fn new(source: R) -> Self {
        Reader {
            source,
            buffer: Vec::new(),
            start: 0,
            pending: HashMap::new(),
        }
    }

    /// The next message; `None` at the end, when every writer has closed the pipe. Parts of
    /// stream output are handed on as they come; only a `Message` waits to be whole.
    ///
    /// # Errors
    /// What the source answers, or `InvalidData` if a writer did not keep to the form.
    pub fn next_message(&mut self) -> io::Result<Option<Message>> {
        loop {
            while let Some((header, bytes)) = self.take_frame()? {
                if let Some(message) = self.join(header, bytes) {
                    return Ok(Some(message));
                }
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            let old = self.buffer.len();
            self.buffer.resize(old + 64 * 1024, 0);
            let read = self.source.read(&mut self.buffer[old..]);
            self.buffer.truncate(old + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => return Ok(None),
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
    }

    /// Whether a whole frame is already here, so that `next_message` would not wait.
    pub fn has_buffered(&self) -> bool {
        let waiting = &self.buffer[self.start..];
        waiting
            .first_chunk::<HEADER>()
            .and_then(Header::from_bytes)
            .is_some_and(|(_, length)| waiting.len() >= HEADER + length)
    }

    fn take_frame(&mut self) -> io::Result<Option<(Header, Vec<u8>)>> {
        let waiting = &self.buffer[self.start..];
        let Some(bytes) = waiting.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let (header, length) = Header::from_bytes(bytes)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not a frame"))?;
        let Some(payload) = waiting.get(HEADER..HEADER + length) else {
            return Ok(None);
        };
        let payload = payload.to_vec();
        self.start += HEADER + length;
        Ok(Some((header, payload)))
    }

    fn join(&mut self, mut header: Header, bytes: Vec<u8>) -> Option<Message> {
        if header.kind != Kind::Message {
            header.more = false;
            return Some(Message { header, bytes });
        }
        let key = (header.pid, header.tid, header.kind);
        let whole = self.pending.entry(key).or_default();
        if whole.len() < MAX_MESSAGE {
            whole.extend_from_slice(&bytes);
        }
        if header.more {
            return None;
        }
        let bytes = self.pending.remove(&key).unwrap_or_default();
        Some(Message { header, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

    fn pipe() -> (File, OwnedFd) {
        let mut ends = [0; 2];
        // SAFETY: `ends` has room for the two descriptors, which are then owned here.
        unsafe {
            assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0);
            (File::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
        }
    }

    #[test]
    fn many_threads_write_and_nothing_is_torn_or_lost() {
        let (source, sink) = pipe();
        let writers: Vec<_> = (0..8u64)
            .map(|cell| {
                let sink = sink.try_clone().unwrap();
                std::thread::spawn(move || {
                    for line in 0..500 {
                        let bytes = format!("{cell}:{line}\n").repeat(900);
                        write(
                            sink.as_raw_fd(),
                            Kind::Message,
                            CellId(cell),
                            bytes.as_bytes(),
                        )
                        .unwrap();
                    }
                })
            })
            .collect();
        drop(sink);
        let mut next = [0; 8];
        let mut reader = Reader::new(source);
        while let Some(message) = reader.next_message().unwrap() {
            let cell = message.header.cell.0;
            let expected = format!("{cell}:{}\n", next[cell as usize]).repeat(900);
            assert_eq!(message.bytes, expected.as_bytes());
            next[cell as usize] += 1;
        }
        writers
            .into_iter()
            .for_each(|writer| writer.join().unwrap());
        assert_eq!(next, [500; 8]);
    }

    #[test]
    fn a_stranger_on_the_pipe_is_an_error_and_no_panic() {
        let noise = [7u8; 100];
        let error = Reader::new(&noise[..]).next_message().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
