//! Compression: fewer bytes where that is so, and never many out of few.

#![cfg(feature = "lz4")]

use quidnunc_core::seal::{KeyRing, SEAL_BYTES};

use super::party::{Party, addr, frame, key, settle};
use crate::harness::Chance;

fn compressing(number: u8) -> Party {
    Party::with(number, 1000, |config| config.compress = true, KeyRing::new(key(1)))
}

/// Two that know each other; the first one compresses, the other one need not.
fn pair() -> (Party, Party) {
    let (mut a, mut b) = (compressing(1), Party::start(2, 1000));
    let hello = a.send(1001, b"hello");
    settle(1002, &mut a, &mut b, vec![hello]);
    (a, b)
}

/// Bytes that no compressor makes shorter.
fn noise(len: usize) -> Vec<u8> {
    let mut chance = Chance::new(1);
    (0..len).map(|_| chance.next().to_le_bytes()[0]).collect()
}

#[test]
fn what_repeats_gets_shorter_and_the_rest_stays_as_it_is() {
    let (mut a, mut b) = pair();
    for (text, is_shorter) in
        [(vec![7; 1100], true), (noise(1100), false), (vec![7; 20], false), (vec![0; 60_000], true)]
    {
        let bytes = a.send(2000, &text);
        assert_eq!(bytes.len() < frame(&text).len() + SEAL_BYTES, is_shorter, "{} of {}", bytes.len(), text.len());
        assert!(bytes.len() <= frame(&text).len() + SEAL_BYTES);
        assert_eq!(b.take(2001, a.addr, &bytes).frames, [frame(&text)]);
    }
    assert_eq!(a.seal.stats().compressed, 2);
}

#[test]
fn a_compressed_first_word_is_held_too() {
    let (mut a, mut b) = (compressing(1), Party::start(2, 1000));
    let hello = a.send(1001, &[7; 1000]);
    assert!(hello.len() < 300);
    assert_eq!(settle(1002, &mut a, &mut b, vec![hello]).1, [frame(&[7; 1000])]);
    assert_eq!(b.take(1003, addr(9), &[]).frames.len(), 0);
}
