//! Each attack by name: refused or made harmless, counted, and never answered by more than it cost.

use quidnunc_core::seal::{HANDSHAKE_BYTES, KeyRing, Mode, Refused, SEAL_BYTES};

use super::party::{CLUSTER, Party, acquainted, addr, frame, key, settle};

#[test]
fn strangers_get_through_with_what_they_said_first() {
    let (mut a, mut b) = (Party::start(1, 900), Party::start(2, 900));
    let hello = a.send(1001, b"hello");
    assert_eq!(hello.len(), frame(b"hello").len() + SEAL_BYTES);
    let question = b.take(1002, a.addr, &hello);
    assert!(question.frames.is_empty(), "it might be a recording");
    let [question] = &question.answers[..] else { panic!("one question: {question:?}") };
    assert_eq!(question.len(), HANDSHAKE_BYTES);
    let proof = a.take(1003, b.addr, question);
    let [proof] = &proof.answers[..] else { panic!("one proof, which asks back: {proof:?}") };
    let proof = b.take(1004, a.addr, proof);
    assert_eq!(proof.frames, [frame(b"hello")], "after one and a half round trips");
    let [last] = &proof.answers[..] else { panic!("one proof: {proof:?}") };
    assert!(a.take(1005, b.addr, last).answers.is_empty());
    let answer = b.send(1004, b"answer");
    assert_eq!(a.take(1005, b.addr, &answer).frames, [frame(b"answer")], "after two");
}

#[test]
fn wrong_key() {
    let (_, mut b) = acquainted();
    let mut stranger = Party::with(3, 1000, |_| {}, KeyRing::new(key(2)));
    let forged = stranger.send(2000, b"let me in");
    b.take(2001, stranger.addr, &forged).is_nothing_but(Refused::UnknownKey);
    // The name of a key is no secret: claiming it does not help.
    let mut forged = forged;
    forged[8..12].copy_from_slice(&key(1).id().to_bytes());
    b.take(2002, stranger.addr, &forged).is_nothing_but(Refused::Forged);
    assert_eq!((b.seal.stats().unknown_key, b.seal.stats().forged), (1, 1));
}

#[test]
fn wrong_cluster() {
    let (mut a, mut b) = acquainted();
    let mut other = Party::with(1, 1500, |config| config.cluster = CLUSTER + 1, KeyRing::new(key(1)));
    let mut plain = frame(b"wrong door");
    plain[4] += 1;
    let mut out = [0; 200];
    let len = other.seal.seal(super::party::at(2000), &plain, &mut out).unwrap();
    b.take(2001, a.addr, &out[..len]).is_nothing_but(Refused::Cluster);
    // The tag is under the seal: rewriting it on the way does not help.
    out[4] -= 1;
    b.take(2001, a.addr, &out[..len]).is_nothing_but(Refused::Forged);
    let plain = a.seal.seal(super::party::at(2000), &plain, &mut out);
    assert!(plain.is_err(), "and nobody seals for another cluster");
}

#[test]
fn truncated() {
    let (mut a, mut b) = acquainted();
    let whole = a.send(2000, b"a longer text, to be cut");
    for len in 0..whole.len() {
        let outcome = b.take(2001, a.addr, &whole[..len]);
        let expected = match len {
            0..4 => Refused::Plaintext,
            4..72 => Refused::Truncated,
            _ => Refused::Forged,
        };
        outcome.is_nothing_but(expected);
    }
    assert_eq!(b.take(2001, a.addr, &whole).frames.len(), 1, "and none of them did any harm");
}

#[test]
fn replayed() {
    let (mut a, mut b) = acquainted();
    let said: Vec<_> = (0..20_u8).map(|n| a.send(2000, &[n; 30])).collect();
    // Out of order is no replay.
    assert!(said.iter().rev().all(|bytes| b.take(2001, a.addr, bytes).frames.len() == 1));
    for bytes in &said {
        b.take(2002, a.addr, bytes).is_nothing_but(Refused::Replayed);
        b.take(2002, addr(99), bytes).is_nothing_but(Refused::Replayed);
    }
    assert_eq!(b.seal.stats().replayed, 40);
}

#[test]
fn replayed_to_a_restarted_receiver_when_the_sender_is_gone() {
    let (mut a, b) = acquainted();
    let said: Vec<_> = (0..20_u8).map(|n| a.send(2000, &[n; 30])).collect();
    drop((a, b));
    let mut b = Party::start(2, 3000);
    for bytes in &said {
        let outcome = b.take(3001, addr(1), bytes);
        assert!(outcome.frames.is_empty(), "nobody proves that salt any more");
    }
    assert_eq!((b.seal.peers(), b.seal.stats().opened), (0, 0));
    assert_eq!(b.seal.stats().asked, 1, "one question for all of them");
}

#[test]
fn replayed_to_a_restarted_receiver_while_the_sender_proves_itself() {
    let (mut a, mut b) = acquainted();
    let old = a.send(2000, b"set the flag");
    assert_eq!(b.take(2001, a.addr, &old).frames.len(), 1);
    let mut b = Party::start(2, 2010);
    let late = a.send(2020, b"clear the flag");
    // The recording comes first, and its sender is alive and answers the question honestly.
    let (_, got) = settle(2030, &mut a, &mut b, vec![old.clone(), late]);
    assert_eq!(got, [frame(b"clear the flag")], "what was sealed before the start may have been opened before it");
    assert_eq!(b.seal.stats().held_lost, 1);
    b.take(2031, a.addr, &old).is_nothing_but(Refused::Replayed);
}

#[test]
fn a_recorded_handshake_proves_nothing() {
    let (mut a, mut b) = (Party::start(1, 900), Party::start(2, 900));
    let hello = a.send(1001, b"hello");
    let question = b.take(1002, a.addr, &hello).answers.remove(0);
    let proof = a.take(1003, b.addr, &question).answers.remove(0);
    let back = b.take(1004, a.addr, &proof).answers.remove(0);
    a.take(1005, b.addr, &back);
    // To the same lives again:
    b.take(1006, a.addr, &proof).is_nothing_but(Refused::Replayed);
    a.take(1006, b.addr, &back).is_nothing_but(Refused::Replayed);
    // To the next life of the receiver, with everything else that was recorded:
    let mut b = Party::start(2, 1010);
    assert_eq!(b.take(1011, a.addr, &hello).frames.len(), 0);
    let outcome = b.take(1012, a.addr, &proof);
    assert_eq!((outcome.refused, outcome.frames.len()), (Some(Refused::Stale), 0));
    assert_eq!(b.seal.peers(), 0);
    // And somebody else's question proves nothing for oneself.
    let mut c = Party::start(3, 1000);
    let stolen = c.take(1013, b.addr, &question).answers.remove(0);
    let outcome = b.take(1014, c.addr, &stolen);
    assert_eq!((outcome.refused, b.seal.peers()), (Some(Refused::Stale), 0));
}

#[test]
fn a_proof_that_took_too_long_is_none() {
    let (mut a, mut b) = (Party::start(1, 900), Party::start(2, 900));
    let hello = a.send(1001, b"hello");
    let question = b.take(1002, a.addr, &hello).answers.remove(0);
    let proof = a.take(1003, b.addr, &question).answers.remove(0);
    let outcome = b.take(1002 + 10_001, a.addr, &proof);
    assert_eq!((outcome.refused, outcome.frames.len(), b.seal.peers()), (Some(Refused::Stale), 0, 0));
}

#[test]
fn replayed_after_its_sender_was_forgotten() {
    let mut b = Party::with(2, 900, |config| config.peers_max = 1, KeyRing::new(key(1)));
    let mut a = Party::start(1, 1000);
    let hello = a.send(1001, b"hello");
    let question = b.take(1002, a.addr, &hello).answers.remove(0);
    let proof = a.take(1003, b.addr, &question).answers.remove(0);
    assert_eq!(b.take(1004, a.addr, &proof).frames, [frame(b"hello")]);
    let old = a.send(1005, b"set the flag");
    assert_eq!(b.take(1006, a.addr, &old).frames.len(), 1);
    // There is room for one only, and a third party takes it.
    let mut c = Party::start(3, 1000);
    let hi = c.send(1007, b"hi");
    assert_eq!(settle(1008, &mut c, &mut b, vec![hi]).1, [frame(b"hi")]);
    assert_eq!(b.seal.stats().evicted, 1);
    // The proof is still in time, but older than what was forgotten.
    let outcome = b.take(1009, a.addr, &proof);
    assert_eq!((outcome.refused, outcome.frames.len()), (Some(Refused::Stale), 0));
    // And where the sender proves itself anew, that is not for what was opened before.
    let late = a.send(1010, b"clear the flag");
    assert_eq!(settle(1011, &mut a, &mut b, vec![old, hello, late]).1, [frame(b"clear the flag")]);
}

#[test]
fn downgraded() {
    let (mut a, mut b) = acquainted();
    let mut plain = frame(b"trust me");
    b.take(2000, a.addr, &plain).is_nothing_but(Refused::Plaintext);
    b.take(2000, a.addr, b"").is_nothing_but(Refused::Plaintext);
    b.take(2000, a.addr, b"noise").is_nothing_but(Refused::Plaintext);
    // A sealed datagram whose flag was taken off is plaintext, and a plain one that got it is none.
    let mut bare = a.send(2001, b"text");
    bare[3] = 0;
    b.take(2002, a.addr, &bare).is_nothing_but(Refused::Plaintext);
    plain[3] = 1;
    b.take(2002, a.addr, &plain).is_nothing_but(Refused::Truncated);
    // Where plaintext is let in, it is what it is: that mode protects nobody.
    b.seal.set_mode(Mode::Accept).unwrap();
    plain[3] = 0;
    assert_eq!(b.take(2003, a.addr, &plain).frames, [plain]);
}

#[test]
fn reflected() {
    let (mut a, mut b) = acquainted();
    let said = a.send(2000, b"echo");
    a.take(2001, b.addr, &said).is_nothing_but(Refused::Reflected);
    // A question that comes back to its asker is not answered either.
    let mut c = Party::start(3, 1000);
    let hello = c.send(2002, b"hello");
    let question = b.take(2003, c.addr, &hello).answers.remove(0);
    b.take(2004, c.addr, &question).is_nothing_but(Refused::Reflected);
    assert_eq!((a.seal.stats().reflected, b.seal.stats().reflected), (1, 1));
}

#[test]
fn reflected_to_a_later_life() {
    let mut a = Party::start(1, 1000);
    let said = a.send(1001, b"echo");
    let mut again = Party::start(1, 2000);
    let question = again.take(2001, addr(9), &said).answers.remove(0);
    again.take(2002, addr(9), &question).is_nothing_but(Refused::Reflected);
    assert_eq!((again.seal.peers(), again.seal.stats().opened), (0, 0));
}

#[test]
fn a_flood_of_recordings_costs_bounded_memory_and_never_multiplies() {
    let mut b = Party::start(250, 5000);
    let mut asked = 0;
    for number in 1..=200 {
        let mut gone = Party::start(number, 1000);
        for text in 0..10_u8 {
            let bytes = gone.send(1001, &[text; 1100]);
            asked += b.take(5001, addr(number), &bytes).answers.len();
        }
    }
    assert_eq!(b.seal.stats().held, 256, "so many wait, and no more");
    assert!(asked <= 2000, "at most one question each");
    assert_eq!(b.seal.stats().unproven + 256, 2000);
    // Who is alive gets through nonetheless, if not with its first word.
    let mut a = Party::start(251, 5000);
    let hello = a.send(5002, b"hello");
    assert_eq!(settle(5003, &mut a, &mut b, vec![hello]).1.len(), 0);
    let hello = a.send(5004, b"hello");
    assert_eq!(b.take(5005, a.addr, &hello).frames, [frame(b"hello")]);
}

#[test]
fn a_redirected_word_is_not_released_for_another_address() {
    let (mut a, mut b) = (Party::start(1, 900), Party::start(2, 900));
    let hello = a.send(1001, b"hello");
    assert!(b.take(1002, addr(66), &hello).frames.is_empty());
    let second = a.send(1030, b"second");
    let (_, got) = settle(1031, &mut a, &mut b, vec![second]);
    assert_eq!(got, [frame(b"second")], "the first came from where its sender is not");
    assert_eq!(b.seal.stats().held_lost, 1);
}
