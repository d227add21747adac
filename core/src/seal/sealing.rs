//! How does a frame, or a word between two seals, go out?

use core::net::SocketAddr;

use super::cipher::TAG_BYTES;
use super::handshake::{HANDSHAKE_TEXT_BYTES, Handshake, Proof};
use super::header::{COMPRESSED, HANDSHAKE, HEADER_BYTES, Header, SEAL_BYTES};
use super::own::Own;
use super::stats::up;
use super::{Answer, HANDSHAKE_BYTES, Mode, Seal, SealError};
use crate::vocab::Instant;
use crate::wire::{FRAME_HEAD_BYTES, WIRE_VERSION, checksum, frame_head};

impl Seal {
    /// Seals a datagram of the node into `out`, or copies it there in [`Mode::Off`]. Returns its length, which is
    /// [`SEAL_BYTES`] more than before at most.
    ///
    /// # Errors
    /// [`SealError::Room`], [`SealError::NotAFrame`], and [`SealError::Exhausted`] after 2^40 datagrams.
    pub fn seal(&mut self, now: Instant, plain: &[u8], out: &mut [u8]) -> Result<usize, SealError> {
        self.advance(now);
        let room = SealError::Room { needed: plain.len().saturating_add(SEAL_BYTES), room: out.len() };
        let Some(own) = self.own.as_mut().filter(|_| self.config.mode != Mode::Off) else {
            out.get_mut(..plain.len()).ok_or(room)?.copy_from_slice(plain);
            up(&mut self.stats.sent_plain, 1);
            return Ok(plain.len());
        };
        let (head, body) = plain.split_first_chunk::<FRAME_HEAD_BYTES>().ok_or(SealError::NotAFrame)?;
        let (checksum, _) = body.split_first_chunk::<4>().ok_or(SealError::NotAFrame)?;
        if *head != frame_head(WIRE_VERSION, self.config.cluster) {
            return Err(SealError::NotAFrame);
        }
        let (header, rest) = out.split_first_chunk_mut::<HEADER_BYTES>().ok_or(room)?;
        let rest = rest.get_mut(..body.len().saturating_add(TAG_BYTES)).ok_or(room)?;
        let compressed = if self.config.compress { self.compressor.compress(body, rest) } else { None };
        let (flags, len) = if let Some(len) = compressed {
            up(&mut self.stats.compressed, 1);
            (COMPRESSED, len)
        } else {
            rest.get_mut(..body.len()).ok_or(room)?.copy_from_slice(body);
            (0, body.len())
        };
        let nonce =
            Nonced { now: self.now, checksum: u32::from_le_bytes(*checksum), cluster: self.config.cluster, flags };
        let (text, tail) = rest.split_at_mut(len);
        nonce.seal(own, header, text, tail).ok_or(SealError::Exhausted)?;
        up(&mut self.stats.sealed, 1);
        Ok(len.saturating_add(HEADER_BYTES).saturating_add(TAG_BYTES))
    }

    /// A question or a proof to send, of [`HANDSHAKE_BYTES`]; none when the buffer has no room for it.
    pub fn poll_transmit(&mut self, now: Instant, out: &mut [u8]) -> Option<(SocketAddr, usize)> {
        self.advance(now);
        let (header, rest) = out.split_first_chunk_mut::<HEADER_BYTES>()?;
        let (text, tail) = rest.split_first_chunk_mut::<HANDSHAKE_TEXT_BYTES>()?;
        if tail.len() < TAG_BYTES {
            return None;
        }
        let own = self.own.as_mut()?;
        let Answer { to, ask, prove } = self.answers.pop_front()?;
        let question = ask.map(|source| self.asker.ask(&source, self.now));
        let prove = prove.map(|it| Proof { mac: it.mac, issued: it.issued, floor: own.first_after(it.since) });
        up(&mut self.stats.asked, u64::from(question.is_some()));
        up(&mut self.stats.proofs_sent, u64::from(prove.is_some()));
        *text = Handshake { question, proof: prove }.write();
        let nonce = Nonced {
            now: self.now,
            checksum: checksum(WIRE_VERSION, 0, text),
            cluster: self.config.cluster,
            flags: HANDSHAKE,
        };
        nonce.seal(own, header, text, tail)?;
        Some((to, HANDSHAKE_BYTES))
    }
}

/// What a header says besides whose it is.
pub(super) struct Nonced {
    pub(super) now: Instant,
    pub(super) checksum: u32,
    pub(super) cluster: u32,
    pub(super) flags: u8,
}

impl Nonced {
    /// Seals a text in place between its header and its tag; nothing when the salt is used up.
    pub(super) fn seal(
        &self,
        own: &mut Own,
        header: &mut [u8; HEADER_BYTES],
        text: &mut [u8],
        tail: &mut [u8],
    ) -> Option<()> {
        let tag_place = tail.first_chunk_mut::<TAG_BYTES>()?;
        let len = u32::try_from(text.len()).ok()?;
        let (counter, blur) = own.take_nonce(self.now, self.checksum, len)?;
        let head = Header {
            version: WIRE_VERSION,
            flags: self.flags,
            cluster: self.cluster,
            source: own.source,
            counter,
            blur,
        };
        *header = head.write();
        *tag_place = own.cipher.seal(head.nonce(), header, text);
        Some(())
    }
}
