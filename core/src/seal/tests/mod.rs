//! Known answers of the ciphers, and what only the inside can show.

#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a test may end with a panic")]

#[cfg(feature = "lz4")]
mod bombs;
mod inside;
mod known_answers;
mod streams;
mod wrapping;

use alloc::vec::Vec;

use super::{Key, KeyRing, Mode, Seal, SealConfig};
use crate::vocab::{Instant, NodeId};

/// The bytes that a string of hexadecimal digits stands for.
fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("digits"), 16).expect("digits")).collect()
}

fn key(secret: u8) -> Key {
    Key::new(&[secret; 32]).expect("32 bytes")
}

fn seal(id: u128, entropy: u8) -> Seal {
    let config = SealConfig { mode: Mode::Require, ..SealConfig::new(7, NodeId::from_u128(id)) };
    Seal::new(config, KeyRing::new(key(1)), &[entropy; 32], Instant::from_nanos(1)).expect("it is valid")
}

/// A frame of cluster 7 with some bytes of sections.
fn frame(sections: &[u8]) -> Vec<u8> {
    let mut bytes = [&b"qn\x01\0\x07\0\0\0\0\0\0\0"[..], sections].concat();
    crate::fit_checksum(&mut bytes);
    bytes
}
