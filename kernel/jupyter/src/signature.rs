//! Signatures of messages, and the memory of those already seen.

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::{HashSet, VecDeque};

/// How many signatures are remembered, against a message that is sent twice.
const REMEMBERED: usize = 1 << 16;

/// Signs and checks with the key of the connection file.
#[derive(Clone)]
pub struct Signer {
    key: Option<Hmac<Sha256>>,
}

impl Signer {
    /// An empty key means that nothing is signed and everything is taken.
    pub fn new(key: &str) -> Self {
        let mac = Hmac::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
        let key = (!key.is_empty()).then_some(mac);
        Signer { key }
    }

    /// The signature of a message's parts, in hexadecimal digits.
    pub fn sign<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> String {
        match &self.key {
            None => String::new(),
            Some(key) => hex::encode(over(key, parts).finalize().into_bytes()),
        }
    }

    /// Whether the signature is that of the parts; takes the same time wherever they differ.
    pub fn verify<'a>(&self, signature: &[u8], parts: impl IntoIterator<Item = &'a [u8]>) -> bool {
        let Some(key) = &self.key else { return true };
        hex::decode(signature).is_ok_and(|bytes| over(key, parts).verify_slice(&bytes).is_ok())
    }

    /// Whether messages are signed at all.
    pub fn is_signing(&self) -> bool {
        self.key.is_some()
    }
}

fn over<'a>(key: &Hmac<Sha256>, parts: impl IntoIterator<Item = &'a [u8]>) -> Hmac<Sha256> {
    let mut mac = key.clone();
    parts.into_iter().for_each(|part| mac.update(part));
    mac
}

/// The signatures of the latest messages. Every message has an id of its own, so the same
/// signature twice is a message sent twice.
#[derive(Default)]
pub struct Seen {
    signatures: HashSet<Bytes>,
    order: VecDeque<Bytes>,
}

impl Seen {
    /// Remembers a signature; false if it was there before.
    pub fn insert(&mut self, signature: &Bytes) -> bool {
        // An own copy: the frame shares its memory with the whole message.
        let signature = Bytes::from(signature.to_ascii_lowercase());
        if !self.signatures.insert(signature.clone()) {
            return false;
        }
        self.order.push_back(signature);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.signatures.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_other_implementations() {
        // RFC 4231, test case 2.
        let parts: [&[u8]; 2] = [b"what do ya want ", b"for nothing?"];
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let signer = Signer::new("Jefe");
        assert_eq!(signer.sign(parts), expected);
        assert!(signer.verify(expected.as_bytes(), parts));
        assert!(!signer.verify(expected.as_bytes(), [parts[0]]));
        assert!(!signer.verify(&expected.as_bytes()[..62], parts));
        assert!(!signer.verify(b"", parts));
        assert!(!signer.verify(b"no digits", parts));
    }

    #[test]
    fn the_memory_of_signatures_is_bounded() {
        let mut seen = Seen::default();
        for number in 0..=REMEMBERED {
            assert!(seen.insert(&Bytes::from(number.to_string())));
        }
        assert!(!seen.insert(&Bytes::from_static(b"1")));
        assert_eq!(seen.signatures.len(), REMEMBERED);
        assert!(seen.insert(&Bytes::from_static(b"0")), "the oldest is gone");
    }
}
