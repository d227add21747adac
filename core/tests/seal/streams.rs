//! Sealed streams: each attack by name, and what a change of modes and keys does to a stream that is open.

use quidnunc_core::seal::{
    HELLO_BYTES, Key, KeyRing, Mode, RECORD_SEAL_BYTES, RECORD_TEXT_BYTES_MAX, Refused, SealError,
};

use super::ends::{End, connect, connected, seal, seal_with};
use super::party::{CLUSTER, Party, at, id, key};

#[test]
fn both_sides_say_what_they_want_and_end() {
    let (mut a, mut b, hellos) = connected();
    assert!(hellos.iter().all(|hello| hello.len() == HELLO_BYTES));
    assert_eq!(
        b.stream.seal(&mut b.seal, b"x", &mut Vec::new()),
        Err(SealError::Handshake),
        "a has proven nothing yet"
    );
    assert_eq!((a.stream.other(), b.stream.other()), (Some((id(2), key(1).id())), None));
    let long = vec![7; 3 * RECORD_TEXT_BYTES_MAX + 1];
    let said = a.say(&long);
    assert_eq!(said.len(), long.len() + 4 * RECORD_SEAL_BYTES);
    assert_eq!(b.hear(&said), Ok(long));
    assert_eq!(b.stream.other(), Some((id(1), key(1).id())));
    assert_eq!(a.hear(&b.say(b"yes")), Ok(b"yes".to_vec()));
    assert!(a.say(b"").is_empty(), "nothing is said by nothing");
    let end = a.end();
    assert_eq!(b.hear(&end), Ok(vec![]));
    assert_eq!(a.stream.seal(&mut a.seal, b"x", &mut Vec::new()), Err(SealError::Over));
    assert_eq!(a.hear(&b.say(b"and yet")), Ok(b"and yet".to_vec()), "one side may go on");
    assert_eq!(b.stream.finish(&mut b.seal), Ok(()));
    assert_eq!(a.stream.finish(&mut a.seal), Err(Refused::Truncated), "b has not ended it");
    let (a, b) = (a.seal.stats(), b.seal.stats());
    assert_eq!((a.records_sealed, b.records_opened), (4, 5), "the end is one, too");
    assert_eq!((a.streams_sealed, b.streams_sealed, a.streams_refused, b.streams_refused), (1, 1, 1, 0));
}

#[test]
fn the_parts_of_a_hello_are_bound() {
    let (_, _, [there, back]) = connected();
    for (place, expected) in [(4, Refused::Reflected), (5, Refused::Cluster), (9, Refused::UnknownKey)] {
        for (hello, of_opener) in [(&there, true), (&back, false)] {
            let (mut a, mut b) = (End::opener(seal(1)), End::accepter(seal(2)));
            let mut changed = hello.clone();
            changed[place] ^= 3;
            let victim = if of_opener { &mut b } else { &mut a };
            victim.refuses(&changed, expected);
        }
    }
    // Sender, salt and tag.
    for place in 13..HELLO_BYTES {
        let (mut a, mut b) = (End::opener(seal(1)), End::accepter(seal(2)));
        let mut changed = a.hello();
        changed[place] ^= 0x10;
        b.refuses(&changed, Refused::Forged);
        let (mut again, mut a) = (End::accepter(seal(2)), a);
        let mut hello = changed;
        hello[place] ^= 0x10;
        again.hear(&hello).unwrap();
        let mut answer = again.hello();
        answer[place] ^= 0x10;
        a.refuses(&answer, Refused::Forged);
    }
    let mut later = there;
    later[3] = 2;
    End::accepter(seal(2)).refuses(&later, Refused::Unknown);
}

#[test]
fn changed_records() {
    let (mut a, _, _) = connected();
    let whole = a.say(b"a text");
    for place in 0..whole.len() {
        let (_, mut b, _) = connected();
        let mut changed = whole.clone();
        changed[place] ^= 0x40;
        let expected = match place {
            0 => Refused::Unknown,
            // It claims to be longer, and the rest never comes; or it is longer than any.
            1 => {
                assert_eq!(b.hear(&changed), Ok(vec![]));
                assert_eq!(b.stream.finish(&mut b.seal), Err(Refused::Truncated));
                continue;
            }
            2 => Refused::Bomb,
            _ => Refused::Forged,
        };
        b.refuses(&changed, expected);
    }
}

#[test]
fn records_left_out_doubled_moved_or_put_in_between() {
    let said = |a: &mut End| [a.say(b"one"), a.say(b"two"), a.say(b"three")];
    for order in [&[1][..], &[0, 0], &[0, 2], &[1, 0], &[0, 1, 1], &[0, 1, 0]] {
        let (mut a, mut b, _) = connected();
        let said = said(&mut a);
        let (last, before) = order.split_last().unwrap();
        for &number in before {
            // All before the last may be as they should.
            if b.hear(&said[number]).is_err() {
                break;
            }
        }
        assert_eq!(b.hear(&said[*last]), Err(Refused::Forged), "{order:?}");
    }
    // The same place in another stream of the same two.
    let ((mut a, ..), (_, mut b, _)) = (connected(), {
        let mut other = seal(1);
        let _ = other.open_stream();
        connect(other, seal(2))
    });
    b.refuses(&a.say(b"one"), Refused::Forged);
}

#[test]
fn cut_off() {
    let (mut a, mut b, _) = connected();
    let said = [a.say(b"one"), a.say(b"two")].concat();
    for len in 0..said.len() {
        let (_, mut cut, _) = connected();
        cut.hear(&said[..len]).unwrap();
        assert_eq!(cut.stream.finish(&mut cut.seal), Err(Refused::Truncated), "after {len} bytes");
        assert_eq!(cut.seal.stats().truncated, 1);
    }
    assert_eq!(b.hear(&said), Ok(b"onetwo".to_vec()));
    assert_eq!(b.hear(&a.end()), Ok(vec![]));
    assert_eq!(b.stream.finish(&mut b.seal), Ok(()), "it was ended and not cut");
    // A hello that is cut is nothing whole, and an opener that is not answered has no stream.
    let mut b = End::accepter(seal(2));
    assert_eq!(b.stream.finish(&mut b.seal), Ok(()), "somebody looked in");
    let mut b = End::accepter(seal(2));
    b.hear(&End::opener(seal(1)).hello()[..60]).unwrap();
    assert_eq!(b.stream.finish(&mut b.seal), Err(Refused::Truncated));
    let mut a = End::opener(seal(1));
    assert_eq!(a.stream.finish(&mut a.seal), Err(Refused::Truncated));
}

#[test]
fn what_comes_behind_the_end_is_refused() {
    let (mut a, mut b, _) = connected();
    b.hear(&[a.say(b"one"), a.end()].concat()).unwrap();
    b.refuses(b"x", Refused::Malformed);
}

#[test]
fn reflected() {
    let (mut a, mut b, [there, back]) = connected();
    // Its own hello, to the side that opens and to the side that accepts.
    End::opener(seal(1)).refuses(&there, Refused::Reflected);
    End::accepter(seal(1)).refuses(&there, Refused::Reflected);
    End::accepter(seal(2)).refuses(&back, Refused::Reflected);
    // With the other role written into it.
    let mut turned = there.clone();
    turned[4] = 2;
    End::opener(seal(1)).refuses(&turned, Refused::Reflected);
    End::opener(seal(3)).refuses(&turned, Refused::Forged);
    // Its own records.
    let said = a.say(b"echo");
    assert_eq!(b.hear(&said), Ok(b"echo".to_vec()));
    a.refuses(&said, Refused::Forged);
}

#[test]
fn two_that_open_to_each_other_are_not_joined_by_somebody_between() {
    let (mut a, mut b) = (End::opener(seal(1)), End::opener(seal(2)));
    let (of_a, of_b) = (a.hello(), b.hello());
    a.refuses(&of_b, Refused::Reflected);
    b.refuses(&of_a, Refused::Reflected);
}

#[test]
fn a_recorded_stream_is_worth_nothing_to_anybody() {
    let (mut a, mut b, [there, back]) = connected();
    let said = [a.say(b"once"), a.end()].concat();
    assert_eq!(b.hear(&said), Ok(b"once".to_vec()));
    let answers = [b.say(b"yes"), b.end()].concat();

    // To the same one, to the same one after a restart, and to somebody else.
    let restarted = Party::start(2, 5000).seal;
    for victim in [b.seal, restarted, seal(3)] {
        let mut victim = End::accepter(victim);
        assert_eq!(victim.hear(&there), Ok(vec![]), "whoever plays it has no key, and that cannot be seen yet");
        assert_ne!(victim.hello(), back, "it has another salt");
        assert_eq!(victim.stream.other(), None);
        let sealed = victim.seal.stats().streams_sealed;
        victim.refuses(&said, Refused::Forged);
        assert_eq!(victim.seal.stats().streams_sealed, sealed);
    }
    // All at once.
    End::accepter(seal(3)).refuses(&[there, said].concat(), Refused::Forged);
    // The answers, to whoever has opened another one.
    End::opener(a.seal).refuses(&[back.clone(), answers.clone()].concat(), Refused::Forged);
    End::opener(Party::start(1, 5000).seal).refuses(&[back, answers].concat(), Refused::Forged);
}

#[test]
fn wrong_key_and_wrong_cluster() {
    let other = || seal_with(1, Mode::Require, KeyRing::new(key(2)));
    End::accepter(seal(2)).refuses(&End::opener(other()).hello(), Refused::UnknownKey);
    let mut named = End::opener(other()).hello();
    named[9..13].copy_from_slice(&key(1).id().to_bytes());
    End::accepter(seal(2)).refuses(&named, Refused::Forged);
    let elsewhere = Party::with(1, 1000, |config| config.cluster = CLUSTER + 1, KeyRing::new(key(1))).seal;
    let mut hello = End::opener(elsewhere).hello();
    End::accepter(seal(2)).refuses(&hello, Refused::Cluster);
    hello[5..9].copy_from_slice(&CLUSTER.to_le_bytes());
    End::accepter(seal(2)).refuses(&hello, Refused::Forged);
}

#[test]
fn every_length_of_key_will_do() {
    for len in [16, 24, 32] {
        let ring = || KeyRing::new(Key::new(&vec![len; len.into()]).unwrap());
        let (mut a, mut b, _) = connect(seal_with(1, Mode::Require, ring()), seal_with(2, Mode::Require, ring()));
        assert_eq!(b.hear(&a.say(b"hear")), Ok(b"hear".to_vec()));
        assert_eq!(a.hear(&b.say(b"hear")), Ok(b"hear".to_vec()));
    }
}

#[test]
fn downgraded() {
    let accepts = |number| seal_with(number, Mode::Accept, KeyRing::new(key(1)));
    // Whoever opens a sealed stream takes no plain answer, whatever its mode, from the first byte that is wrong.
    for seal in [seal(1), accepts(1)] {
        let mut a = End::opener(seal);
        assert_eq!(a.stream.seal(&mut a.seal, b"x", &mut Vec::new()), Err(SealError::Handshake));
        a.refuses(b"\x05", Refused::Plaintext);
    }
    End::accepter(seal(2)).refuses(&[9, 0, 0, 0, b'q', b'n'], Refused::Plaintext);
    // A hello whose head was cut off is no plain message either.
    End::accepter(seal(2)).refuses(&End::opener(seal(1)).hello()[1..], Refused::Plaintext);
}

#[test]
fn modes_mix_as_they_do_with_datagrams() {
    let ring = || KeyRing::new(key(1));
    let plain = [5, 0, 0, 0, 1, 2, 3, 4, 5];
    for (opener, accepter, sealed, works) in [
        (Mode::Off, Mode::Off, false, true),
        (Mode::Off, Mode::Accept, false, true),
        (Mode::Off, Mode::Require, false, false),
        (Mode::Accept, Mode::Off, true, true),
        (Mode::Accept, Mode::Accept, true, true),
        (Mode::Accept, Mode::Require, true, true),
        (Mode::Require, Mode::Off, true, true),
        (Mode::Require, Mode::Accept, true, true),
        (Mode::Require, Mode::Require, true, true),
    ] {
        let (mut a, mut b) = (End::opener(seal_with(1, opener, ring())), End::accepter(seal_with(2, accepter, ring())));
        if sealed {
            b.hear(&a.hello()).unwrap();
            a.hear(&b.hello()).unwrap();
        }
        let said = a.say(&plain);
        assert_eq!(said == plain, !sealed);
        if !works {
            b.refuses(&said, Refused::Plaintext);
            continue;
        }
        assert_eq!(b.hear(&said), Ok(plain.to_vec()), "{opener:?} {accepter:?}");
        assert_eq!(a.hear(&b.say(b"fine")), Ok(b"fine".to_vec()));
        for end in [&mut a, &mut b] {
            let stats = end.seal.stats();
            assert_eq!((stats.streams_sealed, stats.streams_plain), (u64::from(sealed), u64::from(!sealed)));
        }
        // What is required from now on holds for streams that are open.
        a.seal.set_mode(Mode::Require).unwrap();
        if sealed {
            assert_eq!(a.hear(&b.say(b"still")), Ok(b"still".to_vec()));
        } else {
            assert_eq!(a.stream.seal(&mut a.seal, b"x", &mut Vec::new()), Err(SealError::Over));
            let answer = b.say(b"no");
            a.refuses(&answer, Refused::Plaintext);
        }
    }
    // Without a key there is nothing to open with.
    let mut bare = End::accepter(seal_with(2, Mode::Off, KeyRing::empty()));
    bare.refuses(&End::opener(seal(1)).hello(), Refused::UnknownKey);
}

#[test]
fn rotation_in_the_midst() {
    let (mut a, mut b, _) = connected();
    assert_eq!(b.hear(&a.say(b"before")), Ok(b"before".to_vec()));
    for end in [&mut a, &mut b] {
        end.seal.install(key(2)).unwrap();
    }
    assert_eq!(b.hear(&a.say(b"installed")), Ok(b"installed".to_vec()));
    for end in [&mut a, &mut b] {
        end.seal.use_key(key(2).id()).unwrap();
    }
    assert_eq!(b.hear(&a.say(b"used")), Ok(b"used".to_vec()), "it keeps the key that it was opened with");
    assert_eq!(a.hear(&b.say(b"used")), Ok(b"used".to_vec()));
    // The next one is under the new key.
    let (mut next, mut fresh) = (a.seal.open_stream(), b.seal.accept_stream());
    let hello = next.take_hello().unwrap();
    assert_eq!(hello[9..13], key(2).id().to_bytes());
    assert_eq!(fresh.open(&mut b.seal, &mut &hello[..]), Ok(None));
    // Once the old key is gone nobody who has it can say or hear anything.
    b.seal.remove(key(1).id()).unwrap();
    assert_eq!(b.stream.seal(&mut b.seal, b"x", &mut Vec::new()), Err(SealError::Over));
    let late = a.say(b"late");
    b.refuses(&late, Refused::UnknownKey);
    // Whoever asked under it is not answered under it.
    let mut a = End::opener(seal(1));
    let (mut b, hello) = (End::accepter(seal(2)), a.hello());
    b.hear(&hello).unwrap();
    a.seal.install(key(2)).unwrap();
    a.seal.use_key(key(2).id()).unwrap();
    a.seal.remove(key(1).id()).unwrap();
    let answer = b.hello();
    a.refuses(&answer, Refused::UnknownKey);
}

#[test]
fn streams_of_before_a_resume_are_over() {
    let (mut a, mut b, _) = connected();
    let said = a.say(b"before");
    b.seal.resume(&[9; 32], at(2000));
    assert_eq!(b.stream.seal(&mut b.seal, b"x", &mut Vec::new()), Err(SealError::Over));
    b.refuses(&said, Refused::Resumed);
    // A copy that goes on unaware shares hellos with the other one, and nothing that it seals otherwise.
    let (mut one, mut two) = (End::opener(seal(1)), End::opener(seal(1)));
    assert_eq!(one.hello(), two.hello(), "they are copies");
    let mut salts = std::collections::BTreeSet::new();
    for _ in 0..100 {
        assert!(salts.insert(one.seal.open_stream().take_hello().unwrap()), "no salt comes twice");
    }
    one.seal.resume(&[9; 32], at(2000));
    assert!(salts.insert(one.seal.open_stream().take_hello().unwrap()));
}

#[test]
fn nobody_is_made_to_hold_much() {
    let (mut a, mut b, _) = connected();
    // The longest record that there is, and one that claims to be longer.
    let longest = a.say(&[1; RECORD_TEXT_BYTES_MAX]);
    assert_eq!(longest.len(), RECORD_TEXT_BYTES_MAX + RECORD_SEAL_BYTES);
    assert_eq!(b.hear(&longest), Ok(vec![1; RECORD_TEXT_BYTES_MAX]));
    b.refuses(&[1, 0x01, 0x40, 0, 0, 0, 0], Refused::Bomb);
    let (_, mut b, _) = connected();
    b.refuses(&[1, 0xff, 0xff, 0, 0, 0, 0], Refused::Bomb);
    let (_, mut b, _) = connected();
    b.refuses(&[1, 0, 0, 0, 0, 0, 0], Refused::Malformed);
    let (_, mut b, _) = connected();
    b.refuses(&[2, 1, 0, 0, 0, 0, 0], Refused::Malformed);
}
