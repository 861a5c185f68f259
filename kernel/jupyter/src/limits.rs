//! What one connection may send, watched while the bytes pass.
//!
//! A frame of ZMTP says how long it is before it comes, and the ZeroMQ library makes room for
//! whatever is announced: a connection that announces a terabyte would end the process. So
//! lengths are looked at first. Only lengths: what frames mean is for ZeroMQ to say.

/// The most bytes that a message may have, all its frames together.
pub const MAX_MESSAGE: u64 = 64 << 20;
/// What a frame costs beside its payload, so that a message of endless empty frames ends too.
const FRAME_COST: u64 = 64;
/// The most bytes of a command; the longest that clients send is a few hundred.
const MAX_COMMAND: u64 = 4096;
/// Bytes of the greeting that opens a connection.
const GREETING: u64 = 64;
/// First byte of a greeting, and its tenth.
const SIGNATURE: (u8, u8) = (0xff, 0x7f);

/// Bits of a frame's first byte.
mod flag {
    pub const MORE: u8 = 1;
    pub const LONG: u8 = 2;
    pub const COMMAND: u8 = 4;
    pub const ALL: u8 = MORE | LONG | COMMAND;
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// It does not begin as ZeroMQ does.
    #[error("it does not speak ZeroMQ")]
    NotZeroMq,
    /// A frame with bits that have no meaning.
    #[error("it sent a frame that ZeroMQ does not know")]
    Frame,
    /// More than a message may have.
    #[error("it sent a message of more than {} MiB", MAX_MESSAGE >> 20)]
    Message,
    /// More than a command may have.
    #[error("it sent a command of more than {MAX_COMMAND} bytes")]
    Command,
}

enum State {
    Greeting { seen: u64 },
    Flags,
    Length { flags: u8, missing: u8, length: u64 },
    Payload { flags: u8, missing: u64 },
}

/// Follows the frames of one connection.
pub struct Limits {
    state: State,
    message: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            state: State::Greeting { seen: 0 },
            message: 0,
        }
    }
}

impl Limits {
    /// Looks at the next bytes, which may begin and end anywhere.
    ///
    /// # Errors
    /// When the connection has to be closed, before the offending frame's payload.
    pub fn check(&mut self, mut bytes: &[u8]) -> Result<(), Breach> {
        while let Some(&byte) = bytes.first() {
            let used = match &mut self.state {
                State::Greeting { seen } => {
                    let bad =
                        (*seen == 0 && byte != SIGNATURE.0) || (*seen == 9 && byte != SIGNATURE.1);
                    if bad {
                        return Err(Breach::NotZeroMq);
                    }
                    *seen += 1;
                    if *seen == GREETING {
                        self.state = State::Flags;
                    }
                    1
                }
                State::Flags => {
                    if byte & !flag::ALL != 0 {
                        return Err(Breach::Frame);
                    }
                    let missing = if byte & flag::LONG != 0 { 8 } else { 1 };
                    self.state = State::Length {
                        flags: byte,
                        missing,
                        length: 0,
                    };
                    1
                }
                State::Length {
                    flags,
                    missing,
                    length,
                } => {
                    *length = *length << 8 | u64::from(byte);
                    *missing -= 1;
                    if *missing == 0 {
                        let (flags, length) = (*flags, *length);
                        self.announced(flags, length)?;
                    }
                    1
                }
                State::Payload { missing, .. } => {
                    let used = (bytes.len() as u64).min(*missing);
                    *missing -= used;
                    used as usize
                }
            };
            bytes = &bytes[used..];
            if let State::Payload { flags, missing: 0 } = self.state {
                self.frame_ended(flags);
            }
        }
        Ok(())
    }

    fn announced(&mut self, flags: u8, length: u64) -> Result<(), Breach> {
        if flags & flag::COMMAND != 0 {
            if length > MAX_COMMAND {
                return Err(Breach::Command);
            }
        } else {
            self.message = self
                .message
                .saturating_add(length.saturating_add(FRAME_COST));
            if self.message > MAX_MESSAGE {
                return Err(Breach::Message);
            }
        }
        self.state = State::Payload {
            flags,
            missing: length,
        };
        if length == 0 {
            self.frame_ended(flags);
        }
        Ok(())
    }

    fn frame_ended(&mut self, flags: u8) {
        if flags & (flag::COMMAND | flag::MORE) == 0 {
            self.message = 0;
        }
        self.state = State::Flags;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting() -> Vec<u8> {
        let mut bytes = vec![0; GREETING as usize];
        (bytes[0], bytes[9]) = SIGNATURE;
        bytes
    }

    fn frame(flags: u8, length: u64, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![flags | flag::LONG];
        bytes.extend(length.to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn ordinary_messages_pass_however_they_are_cut() {
        let mut bytes = greeting();
        bytes.extend([flag::COMMAND, 3, b'a', b'b', b'c']);
        for _ in 0..3 {
            bytes.extend([flag::MORE, 0]);
            bytes.extend(frame(0, 300, &[0xff; 300]));
        }
        for cut in 1..bytes.len() {
            let mut limits = Limits::default();
            bytes
                .chunks(cut)
                .for_each(|part| limits.check(part).unwrap());
            assert!(matches!(limits.state, State::Flags));
        }
    }

    #[test]
    fn a_large_announcement_is_refused_before_its_payload() {
        for (bytes, breach) in [
            (b"GET / HTTP/1.1".to_vec(), Breach::NotZeroMq),
            ([greeting(), vec![0x80]].concat(), Breach::Frame),
            (
                [greeting(), frame(0, u64::MAX, b"")].concat(),
                Breach::Message,
            ),
            (
                [greeting(), frame(0, MAX_MESSAGE, b"")].concat(),
                Breach::Message,
            ),
            (
                [greeting(), frame(flag::COMMAND, 5000, b"")].concat(),
                Breach::Command,
            ),
        ] {
            assert_eq!(Limits::default().check(&bytes), Err(breach));
        }
    }

    #[test]
    fn a_message_of_endless_frames_ends() {
        let mut limits = Limits::default();
        limits.check(&greeting()).unwrap();
        let frames = (0..=MAX_MESSAGE / FRAME_COST).map(|_| limits.check(&[flag::MORE, 0]));
        assert_eq!(frames.last(), Some(Err(Breach::Message)));
    }

    #[test]
    fn the_allowance_is_for_each_message() {
        let mut limits = Limits::default();
        limits.check(&greeting()).unwrap();
        let payload = vec![0; 40 << 20];
        for _ in 0..3 {
            limits
                .check(&frame(0, payload.len() as u64, &payload))
                .unwrap();
        }
    }
}
