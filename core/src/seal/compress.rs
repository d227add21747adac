//! Fewer bytes for the same text, and never more than a datagram out of few.
//!
//! ```text
//! length u16 le (of what was compressed) · lz4 block
//! ```

use super::error::Refused;
use crate::wire::DATAGRAM_BYTES_MAX;

/// Texts below this length are not worth it.
const COMPRESSED_MIN: usize = 128;

/// An lz4 block makes at most so many bytes of one: each byte of length stands for 255.
const INFLATION_MAX: usize = 255;

const LENGTH_BYTES: usize = 2;

/// What compression needs besides its input: nothing per datagram.
#[derive(Default)]
pub(super) struct Compressor {
    #[cfg(feature = "lz4")]
    table: lz4_flex::block::CompressTable,
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
        let out = out.get_mut(..text.len())?;
        let (length, block) = out.split_first_chunk_mut::<LENGTH_BYTES>()?;
        *length = len.to_le_bytes();
        let written = self.block(text, block)?.checked_add(LENGTH_BYTES)?;
        (written < text.len()).then_some(written)
    }

    #[cfg(feature = "lz4")]
    fn block(&mut self, text: &[u8], block: &mut [u8]) -> Option<usize> {
        // It ends with an error when there is no room for what it makes: then the text stays as it is.
        lz4_flex::block::compress_into_with_table(text, block, &mut self.table).ok()
    }

    #[cfg(not(feature = "lz4"))]
    #[expect(clippy::unused_self, reason = "with compression it needs its table")]
    const fn block(&mut self, _: &[u8], _: &mut [u8]) -> Option<usize> {
        None
    }
}

/// How long a compressed text will be: known, and bounded, before there is any room for it.
pub(super) fn inflated_len(text: &[u8]) -> Result<usize, Refused> {
    let (length, block) = text.split_first_chunk::<LENGTH_BYTES>().ok_or(Refused::Malformed)?;
    let len = usize::from(u16::from_le_bytes(*length));
    let most = block.len().saturating_mul(INFLATION_MAX).min(DATAGRAM_BYTES_MAX);
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
