//! A machine that was copied while it ran, or set back.

use std::collections::BTreeSet;

use quidnunc_core::seal::Refused;

use super::party::{Party, acquainted, at, frame, settle};

/// Counter and blur: the nonce of a sealed datagram.
fn nonce(bytes: &[u8]) -> &[u8] {
    &bytes[44..56]
}

#[test]
fn copies_use_different_nonces_for_different_texts() {
    let (mut one, mut other) = (Party::start(1, 1000), Party::start(1, 1000));
    let mut nonces = BTreeSet::new();
    for n in 0..1000_u32 {
        let texts = [n.to_le_bytes(), (n + 500_000).to_le_bytes()];
        let (a, b) = (one.send(1001, &texts[0]), other.send(1001, &texts[1]));
        assert_eq!(nonce(&a)[..8], nonce(&b)[..8], "the same counter");
        assert!(nonces.insert(nonce(&a).to_vec()) && nonces.insert(nonce(&b).to_vec()), "another nonce");
    }
    // The same text is the same datagram, which tells nobody more than that.
    assert_eq!(one.send(1002, b"same"), other.send(1002, b"same"));
}

#[test]
fn handshakes_of_copies_differ_too() {
    let (mut one, mut other) = (Party::start(1, 1000), Party::start(1, 1000));
    let (mut b, mut c) = (Party::start(2, 1000), Party::start(3, 1000));
    let (from_b, from_c) = (b.send(1001, b"hello"), c.send(1001, b"hello"));
    let to_b = one.take(1002, b.addr, &from_b).answers.remove(0);
    let to_c = other.take(1002, c.addr, &from_c).answers.remove(0);
    assert_ne!(nonce(&to_b), nonce(&to_c));
}

#[test]
fn to_others_the_words_of_a_copy_are_replays() {
    let (mut one, mut b) = acquainted();
    let (mut other, _) = acquainted();
    for n in 0..10_u8 {
        let (first, second) = (one.send(2000, &[1, n]), other.send(2000, &[2, n]));
        assert_eq!(b.take(2001, one.addr, &first).frames.len(), 1);
        b.take(2001, one.addr, &second).is_nothing_but(Refused::Replayed);
    }
    // One takes the other's words for its own.
    let said = other.send(2002, b"who am I");
    one.take(2003, b.addr, &said).is_nothing_but(Refused::Reflected);
}

#[test]
fn fresh_entropy_tells_copies_apart() {
    let (mut one, mut b) = acquainted();
    let (mut other, _) = acquainted();
    other.seal.resume(&[77; 32], at(2000));
    let (first, second) = (one.send(2001, b"one"), other.send(2001, b"other"));
    assert_ne!(first[28..44], second[28..44], "another salt");
    assert_eq!(b.take(2002, one.addr, &first).frames, [frame(b"one")]);
    assert_eq!(settle(2003, &mut other, &mut b, vec![second]).1, [frame(b"other")], "a node of its own, to the seal");
}

#[test]
fn who_was_set_back_believes_no_recording_after_it_resumed() {
    let (mut a, mut b) = acquainted();
    let (_, mut set_back) = acquainted();
    let said = a.send(2000, b"set the flag");
    assert_eq!(b.take(2001, a.addr, &said).frames.len(), 1);
    // The snapshot from before that runs again, and is told so.
    set_back.seal.resume(&[5; 32], at(2010));
    let late = a.send(2020, b"clear the flag");
    let (_, got) = settle(2021, &mut a, &mut set_back, vec![said, late]);
    assert_eq!(got, [frame(b"clear the flag")]);
}
