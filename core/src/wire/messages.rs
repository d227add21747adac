//! Where does a message in a stream of bytes end, and the next one begin?
//!
//! ```text
//! stream    message*
//! message   length u32 le · datagram of that many bytes
//! ```
//!
//! Invariant: a reader holds no more than it was sent, and never more than one message of the permitted length.

use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What stands before the datagram in a message.
pub(crate) const MESSAGE_HEAD_BYTES: usize = 4;

/// The beginning of a message with a datagram of so many bytes.
pub(crate) fn message_head(len: usize) -> [u8; MESSAGE_HEAD_BYTES] {
    u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes()
}

/// One side of a stream, as far as it was read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MessageReader {
    /// The beginning of the message that comes in, its head included.
    held: Vec<u8>,
}

impl MessageReader {
    pub(crate) const fn new() -> Self {
        Self { held: Vec::new() }
    }

    /// Takes bytes up to the end of a message, and returns its datagram when it is whole.
    ///
    /// # Errors
    /// The length that a message claims to have, when it is none or more than `most`. Nothing behind it means anything.
    pub(crate) fn next(&mut self, bytes: &mut &[u8], most: usize) -> Result<Option<Vec<u8>>, usize> {
        self.fill(MESSAGE_HEAD_BYTES, bytes);
        let Some(head) = self.held.first_chunk::<MESSAGE_HEAD_BYTES>() else { return Ok(None) };
        let len = usize::try_from(u32::from_le_bytes(*head)).unwrap_or(usize::MAX);
        if len == 0 || len > most {
            return Err(len);
        }
        let whole = len.saturating_add(MESSAGE_HEAD_BYTES);
        self.fill(whole, bytes);
        if self.held.len() < whole {
            return Ok(None);
        }
        let mut message = core::mem::take(&mut self.held);
        message.drain(..MESSAGE_HEAD_BYTES);
        Ok(Some(message))
    }

    fn fill(&mut self, to: usize, bytes: &mut &[u8]) {
        let missing = to.saturating_sub(self.held.len()).min(bytes.len());
        if let Some((taken, rest)) = bytes.split_at_checked(missing) {
            self.held.extend_from_slice(taken);
            *bytes = rest;
        }
    }

    /// What has come of a message that is not whole.
    pub(crate) fn held_mut(&mut self) -> &mut [u8] {
        &mut self.held
    }

    /// How many bytes of a message that is not whole are held.
    pub(crate) const fn held(&self) -> usize {
        self.held.len()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    /// Everything that comes out of a stream that is read in pieces of so many bytes.
    fn read(stream: &[u8], piece: usize, most: usize) -> (Vec<Vec<u8>>, Result<usize, usize>) {
        let (mut reader, mut found) = (MessageReader::new(), Vec::new());
        for mut bytes in stream.chunks(piece) {
            loop {
                match reader.next(&mut bytes, most) {
                    Ok(Some(message)) => found.push(message),
                    Ok(None) => break,
                    Err(len) => return (found, Err(len)),
                }
                assert!(reader.held() <= most.saturating_add(MESSAGE_HEAD_BYTES));
            }
            assert!(bytes.is_empty(), "what belongs to no whole message is held");
        }
        (found, Ok(reader.held()))
    }

    #[test]
    fn messages_come_out_whole_however_they_are_cut() {
        let mut stream = Vec::new();
        for message in [&[7; 3][..], &[8; 1], &[9; 300]] {
            stream.extend_from_slice(&message_head(message.len()));
            stream.extend_from_slice(message);
        }
        stream.extend_from_slice(&[5, 0]);
        for piece in [1, 2, 3, 4, 5, 7, 64, 1000] {
            let (found, left) = read(&stream, piece, 300);
            assert_eq!((found, left), (vec![vec![7; 3], vec![8], vec![9; 300]], Ok(2)), "in pieces of {piece}");
        }
    }

    #[test]
    fn a_length_that_cannot_be_ends_the_stream_at_its_head() {
        for (head, len) in [([0, 0, 0, 0], 0), ([45, 1, 0, 0], 301), ([255, 255, 255, 255], u32::MAX as usize)] {
            let mut stream = vec![1, 0, 0, 0, 9];
            stream.extend_from_slice(&head);
            stream.extend_from_slice(&[3; 20]);
            for piece in [1, 3, 100] {
                assert_eq!(read(&stream, piece, 300), (vec![vec![9]], Err(len)));
            }
        }
    }
}
