//! Which hash is the same on every machine and in every release?
//!
//! Fingerprints travel on the wire and must agree between nodes of any platform, so they never come from
//! a map's hasher. All arithmetic is on `u64`, independent of byte order and word size.

use super::NodeId;

const SEEDS: [u64; 4] = [0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03, 0x8cb9_2ba7_2f3d_8dd7, 0xa076_1d64_78bd_642f];

/// Multiplies to 128 bits and folds the halves: one step that lets every input bit reach every output bit.
pub(crate) const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128) * (b as u128);
    #[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
    let low = product as u64;
    low ^ (product >> 64) as u64
}

/// Joins four words into one hash. A zero word does not absorb its neighbours.
pub(crate) const fn mix(words: [u64; 4]) -> u64 {
    let [a, b, c, d] = words;
    let first = fold(a ^ SEEDS[0], b ^ SEEDS[1]);
    let second = fold(c ^ SEEDS[2], d ^ SEEDS[3]);
    fold(first ^ second.rotate_left(32) ^ SEEDS[1], first.rotate_left(17) ^ SEEDS[0])
}

/// Hashes bytes to the same 64 bits on every platform and in every release.
///
/// It is not a defence against someone who chooses the bytes.
#[must_use]
pub fn stable_hash(seed: u64, bytes: &[u8]) -> u64 {
    let mut hash = mix([seed, bytes.len() as u64, SEEDS[2], SEEDS[3]]);
    let (blocks, rest) = bytes.as_chunks::<16>();
    for block in blocks {
        hash = absorb(hash, block);
    }
    if !rest.is_empty() {
        let mut block = [0; 16];
        block[..rest.len()].copy_from_slice(rest);
        hash = absorb(hash, &block);
    }
    fold(hash ^ SEEDS[1], SEEDS[0])
}

fn absorb(hash: u64, block: &[u8; 16]) -> u64 {
    let number = u128::from_le_bytes(*block);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    let (low, high) = (number as u64, (number >> 64) as u64);
    fold(low ^ SEEDS[3] ^ hash, high ^ SEEDS[2]) ^ hash.rotate_left(29)
}

/// The name of one life of one node; each seed is for another use.
pub(crate) fn hash_of_life(seed: u64, id: NodeId, boot: u64) -> u64 {
    let mut bytes = [0; 24];
    bytes[..16].copy_from_slice(&id.to_bytes());
    bytes[16..].copy_from_slice(&boot.to_le_bytes());
    stable_hash(seed, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_pinned_for_ever() {
        assert_eq!(stable_hash(0, b""), 17_867_693_751_209_080_382);
        assert_eq!(stable_hash(0, b"quidnunc"), 10_013_497_049_087_224_331);
    }

    #[test]
    fn length_matters_even_for_zero_bytes() {
        assert_ne!(stable_hash(0, &[0]), stable_hash(0, &[0, 0]));
        assert_ne!(stable_hash(0, &[0; 8]), stable_hash(0, &[0; 16]));
    }
}
