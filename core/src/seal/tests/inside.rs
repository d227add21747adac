//! What only the inside can show: the end of a salt, and that nothing tells a key.

use super::super::own::COUNTER_MAX;
use super::super::{HANDSHAKE_BYTES, SEAL_BYTES, SealError};
use super::{frame, key, seal};
use crate::vocab::Instant;
use alloc::format;
use alloc::vec;
use std::collections::BTreeSet;

const NOW: Instant = Instant::from_nanos(5);

#[test]
fn a_counter_never_comes_again() {
    let (mut seal, mut out) = (seal(1, 1), [0; 200]);
    let plain = frame(b"ping");
    let own = seal.own.as_mut().expect("it has a key");
    own.skip_to(COUNTER_MAX / 2 - 1);
    assert!(!seal.wants_entropy());
    assert_eq!(seal.seal(NOW, &plain, &mut out), Ok(plain.len() + SEAL_BYTES));
    assert!(seal.wants_entropy(), "there is time to get some");
    seal.own.as_mut().expect("it has a key").skip_to(COUNTER_MAX - 1);
    assert_eq!(seal.seal(NOW, &plain, &mut out), Ok(plain.len() + SEAL_BYTES));
    for _ in 0..3 {
        assert_eq!(seal.seal(NOW, &plain, &mut out), Err(SealError::Exhausted));
    }
    seal.resume(&[2; 32], NOW);
    assert!(!seal.wants_entropy());
    assert_eq!(seal.seal(NOW, &plain, &mut out), Ok(plain.len() + SEAL_BYTES));
}

#[test]
fn nothing_that_can_be_printed_tells_a_key() {
    let seal = seal(1, 1);
    let printed = format!("{:?} {seal:?} {:?}", key(1), seal.ring);
    assert!(printed.contains(&format!("Key({})", key(1).id())), "{printed}");
    assert!(!printed.contains("1, 1, 1") && !printed.contains("010101"), "{printed}");
}

#[test]
fn every_start_has_a_salt_of_its_own_even_with_entropy_that_repeats() {
    let mut seal = seal(1, 1);
    let mut salts = BTreeSet::from([seal.salt]);
    for _ in 0..100 {
        seal.resume(&[1; 32], NOW);
        assert!(salts.insert(seal.salt));
    }
}

#[test]
fn a_key_id_is_pinned_and_belongs_to_length_and_bytes() {
    let ids: BTreeSet<_> = [16, 24, 32].map(|len| super::super::Key::new(&vec![1; len]).expect("a length").id()).into();
    assert_eq!(ids.len(), 3);
    assert!(super::super::Key::new(&[1; 17]).is_err());
}

#[test]
fn the_figures_of_the_head_are_those_of_the_code() {
    assert_eq!((SEAL_BYTES, HANDSHAKE_BYTES), (64, 121));
}
