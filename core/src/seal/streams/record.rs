//! How does one side of a stream become records, and records that side again?
//!
//! ```text
//! record  kind u8 (1: data, 2: the end) · length u16 le · blur 4 · text · tag 16
//! nonce   counter u64 le · blur 4                       the counter is the number of the record, and is not sent
//! ```
//!
//! What stands before the text is associated data. So nothing can be left out, doubled, moved, cut or put in between:
//! every such thing ends the stream. The blur is that of datagrams: it keeps the nonces of two copies of one process apart.

use alloc::vec::Vec;

use super::super::cipher::{Cipher, TAG_BYTES};
use super::super::error::Refused;
use super::super::key::Blur;
use crate::wire::{WIRE_VERSION, checksum};

/// The most bytes of plaintext in one record.
pub const RECORD_TEXT_BYTES_MAX: usize = 1 << 14;

/// How much longer a record is than its plaintext.
pub const RECORD_SEAL_BYTES: usize = HEAD_BYTES + TAG_BYTES;

pub(super) const HEAD_BYTES: usize = 1 + 2 + 4;

/// So many records are sealed under one subkey at most: 64 TiB.
const RECORDS_MAX: u64 = 1 << 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Data = 1,
    End = 2,
}

/// What stands before the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    kind: Kind,
    len: u16,
    blur: [u8; 4],
}

impl Head {
    pub(super) fn read(bytes: &[u8; HEAD_BYTES]) -> Result<Self, Refused> {
        let &[kind, l0, l1, b0, b1, b2, b3] = bytes;
        let kind = match kind {
            1 => Kind::Data,
            2 => Kind::End,
            _ => return Err(Refused::Unknown),
        };
        let len = u16::from_le_bytes([l0, l1]);
        if usize::from(len) > RECORD_TEXT_BYTES_MAX {
            return Err(Refused::Bomb);
        }
        // Data that is none would be work for nothing, and an end says no more.
        if (kind == Kind::Data) != (len > 0) {
            return Err(Refused::Malformed);
        }
        Ok(Self { kind, len, blur: [b0, b1, b2, b3] })
    }

    fn write(&self) -> [u8; HEAD_BYTES] {
        let ([l0, l1], [b0, b1, b2, b3]) = (self.len.to_le_bytes(), self.blur);
        [self.kind as u8, l0, l1, b0, b1, b2, b3]
    }

    /// Bytes of the whole record.
    pub(super) fn record_bytes(&self) -> usize {
        usize::from(self.len).saturating_add(RECORD_SEAL_BYTES)
    }
}

/// One direction of a stream: what seals it on one side, and opens it on the other.
pub(super) struct Half {
    cipher: Cipher,
    blur: Blur,
    /// The number of the next record.
    next: u64,
}

impl Half {
    pub(super) const fn new(cipher: Cipher, blur: Blur) -> Self {
        Self { cipher, blur, next: 0 }
    }

    /// Puts a record behind `out`, or nothing when the subkey is used up. The text is no longer than a record's.
    pub(super) fn seal(&mut self, kind: Kind, text: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let len = u16::try_from(text.len()).ok()?;
        let counter = self.take()?;
        let head = Head { kind, len, blur: self.blur.of(counter, checksum(WIRE_VERSION, 0, text), len.into()) };
        let start = out.len().saturating_add(HEAD_BYTES);
        out.extend_from_slice(&head.write());
        out.extend_from_slice(text);
        let tag = self.cipher.seal(nonce(counter, head.blur), &head.write(), out.get_mut(start..)?);
        out.extend_from_slice(&tag);
        Some(())
    }

    /// Opens a whole record in place. Returns what it is.
    pub(super) fn open(&mut self, record: &mut [u8]) -> Result<Kind, Refused> {
        let (bytes, rest) = record.split_first_chunk_mut::<HEAD_BYTES>().ok_or(Refused::Truncated)?;
        let (text, &mut tag) = rest.split_last_chunk_mut::<TAG_BYTES>().ok_or(Refused::Truncated)?;
        let head = Head::read(bytes)?;
        let counter = self.take().ok_or(Refused::Replayed)?;
        let is_right = self.cipher.open(nonce(counter, head.blur), bytes, text, tag);
        if is_right { Ok(head.kind) } else { Err(Refused::Forged) }
    }

    fn take(&mut self) -> Option<u64> {
        let counter = self.next;
        self.next = counter.checked_add(1).filter(|&next| next <= RECORDS_MAX)?;
        Some(counter)
    }

    #[cfg(test)]
    pub(super) fn skip_to_last(&mut self) {
        self.next = RECORDS_MAX.saturating_sub(1);
    }
}

fn nonce(counter: u64, [i, j, k, l]: [u8; 4]) -> [u8; 12] {
    let [a, b, c, d, e, f, g, h] = counter.to_le_bytes();
    [a, b, c, d, e, f, g, h, i, j, k, l]
}
