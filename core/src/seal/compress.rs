//! Fewer bytes for the same text, and never more than a datagram out of few.
//!
//! ```text
//! length u16 le (of what was compressed) · lz4 block
//! ```

use super::error::Refused;
use crate::wire::{DATAGRAM_BYTES_MAX, FRAME_HEAD_BYTES};

/// Texts below this length are not worth it.
const COMPRESSED_MIN: usize = 128;

/// An lz4 block makes at most so many bytes of one: each byte of length stands for 255.
const INFLATION_MAX: usize = 255;

/// The longest text of a datagram: its frame from the ninth byte.
const TEXT_BYTES_MAX: usize = DATAGRAM_BYTES_MAX - FRAME_HEAD_BYTES;

const LENGTH_BYTES: usize = 2;

/// What compression needs besides its input: nothing per datagram.
#[derive(Default)]
pub(super) struct Compressor {
    #[cfg(feature = "lz4")]
    table: lz4_flex::block::CompressTable,
    /// Room for the worst that can become of a text; it grows to the longest one.
    #[cfg(feature = "lz4")]
    room: alloc::vec::Vec<u8>,
}

impl Compressor {
    /// Whether this build can compress and inflate.
    pub(super) const AVAILABLE: bool = cfg!(feature = "lz4");

    /// Writes the text compressed and returns how long that is, unless it is no shorter.
    pub(super) fn compress(&mut self, text: &[u8], out: &mut [u8]) -> Option<usize> {
        if text.len() < COMPRESSED_MIN {
            return None;
        }
        let len = u16::try_from(text.len()).ok()?;
        let block = self.block(text)?;
        let written = block.len().checked_add(LENGTH_BYTES).filter(|&written| written < text.len())?;
        let (length, place) = out.get_mut(..written)?.split_first_chunk_mut::<LENGTH_BYTES>()?;
        *length = len.to_le_bytes();
        place.copy_from_slice(block);
        Some(written)
    }

    #[cfg(feature = "lz4")]
    fn block(&mut self, text: &[u8]) -> Option<&[u8]> {
        let most = lz4_flex::block::get_maximum_output_size(text.len());
        if self.room.len() < most {
            self.room.resize(most, 0);
        }
        let len = lz4_flex::block::compress_into_with_table(text, &mut self.room, &mut self.table).ok()?;
        self.room.get(..len)
    }

    #[cfg(not(feature = "lz4"))]
    #[expect(clippy::unused_self, reason = "with compression it needs its table")]
    const fn block(&mut self, _: &[u8]) -> Option<&[u8]> {
        None
    }
}

/// How long a compressed text will be: known, and bounded, before there is any room for it.
pub(super) fn inflated_len(text: &[u8]) -> Result<usize, Refused> {
    let (length, block) = text.split_first_chunk::<LENGTH_BYTES>().ok_or(Refused::Malformed)?;
    let len = usize::from(u16::from_le_bytes(*length));
    let most = block.len().saturating_mul(INFLATION_MAX).min(TEXT_BYTES_MAX);
    if len > most { Err(Refused::Bomb) } else { Ok(len) }
}

/// Inflates a text into room of just its length.
#[cfg(feature = "lz4")]
pub(super) fn inflate(text: &[u8], out: &mut [u8]) -> Result<(), Refused> {
    let block = text.get(LENGTH_BYTES..).ok_or(Refused::Malformed)?;
    match lz4_flex::block::decompress_into(block, out) {
        Ok(len) if len == out.len() => Ok(()),
        Err(lz4_flex::block::DecompressError::OutputTooSmall { .. }) => Err(Refused::Bomb),
        Ok(_) | Err(_) => Err(Refused::Malformed),
    }
}

/// Says that this build cannot inflate.
#[cfg(not(feature = "lz4"))]
pub(super) const fn inflate(_: &[u8], _: &mut [u8]) -> Result<(), Refused> {
    Err(Refused::Unknown)
}
