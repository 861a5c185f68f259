//! Text out of bytes that were cut anywhere.

/// Joins the bytes of one stream into text.
#[derive(Default)]
pub struct Decoder {
    /// The start of a character whose rest has not come yet.
    tail: Vec<u8>,
}

impl Decoder {
    /// The text of these bytes and of those kept before; an unfinished character at the end is
    /// kept. Bytes that are no UTF-8 become U+FFFD.
    pub fn decode(&mut self, bytes: Vec<u8>) -> String {
        let mut whole = std::mem::take(&mut self.tail);
        if whole.is_empty() {
            whole = bytes;
        } else {
            whole.extend_from_slice(&bytes);
        }
        self.tail = whole.split_off(whole.len() - unfinished(&whole));
        match String::from_utf8(whole) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }
    }

    /// Whether an unfinished character is kept.
    pub fn is_waiting(&self) -> bool {
        !self.tail.is_empty()
    }

    /// What is kept, as it is: its rest will not come.
    pub fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.tail)).into_owned()
    }
}

/// How many bytes at the end are the start of a character that may still become whole.
fn unfinished(bytes: &[u8]) -> usize {
    // A character has at most four bytes, so an unfinished one has at most three.
    let from = bytes.len().saturating_sub(3);
    let starts = (from..bytes.len()).rev();
    let start = starts.into_iter().find(|at| bytes[*at] & 0xc0 != 0x80);
    let Some(start) = start else { return 0 };
    match std::str::from_utf8(&bytes[start..]) {
        Err(error) if error.error_len().is_none() => bytes.len() - start,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_same_wherever_it_is_cut() {
        let text = "aé€𝄞\nz";
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let mut decoder = Decoder::default();
                let bytes = text.as_bytes();
                let parts = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                let joined: String = parts.map(|part| decoder.decode(part.to_vec())).concat();
                assert_eq!(joined, text, "cut at {first} and {second}");
                assert!(!decoder.is_waiting());
            }
        }
    }

    #[test]
    fn what_is_no_text_is_marked_and_loses_nothing_else() {
        let mut decoder = Decoder::default();
        assert_eq!(
            decoder.decode(b"a\xff\xfeb\xc3".to_vec()),
            "a\u{fffd}\u{fffd}b"
        );
        assert!(decoder.is_waiting());
        assert_eq!(
            decoder.decode(b"z\x80\x80\x80\x80".to_vec()).chars().last(),
            Some('\u{fffd}')
        );
        assert!(!decoder.is_waiting());
        assert_eq!(decoder.decode(b"\xe2\x82".to_vec()), "");
        assert_eq!(decoder.finish(), "\u{fffd}");
    }
}
