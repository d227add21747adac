//! What was added to version 1 later, pinned for ever: the domain of a record, the mark of whoever was removed, the
//! question how far a copy has come, heartbeats, ages of voters, letters, notes, and where somebody is asked.

#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a test may panic")]

use alloc::vec::Vec;

use expect_test::expect;

use super::golden::{CLUSTER, NONCE, error, hex_of, with};
use super::golden_state::written;
use super::*;
use crate::vocab::{Accusers, Domain, Health, Incarnation, NodeId, Record};

fn record(health: Health, domain: Domain) -> Record {
    Record {
        id: NodeId::from_u128(0xfe),
        incarnation: Incarnation { boot: 1 << 40, counter: 1 },
        health,
        hops: 3,
        age_ms: if health.is_live() { 0 } else { 3_000_000 },
        addr: core::net::SocketAddr::from(([10, 0, 0, 1], 7946)),
        domain,
    }
}

fn with_record(record: Record) -> Vec<u8> {
    let bytes = written(0, |writer| {
        writer.open_records(RecordKind::Rumours);
        assert!(writer.record(&record));
    });
    assert!(Datagram::decode(&bytes, CLUSTER).expect("valid").rumours.eq([record]), "the record comes back");
    bytes
}

fn with_heartbeats(rows: &[(u64, u16)]) -> Vec<u8> {
    let bytes = written(0, |writer| {
        writer.open_heartbeats();
        rows.iter().for_each(|&row| assert!(writer.heartbeat(row)));
    });
    assert!(Datagram::decode(&bytes, CLUSTER).expect("valid").heartbeats.eq(rows.iter().copied()), "they come back");
    bytes
}

fn with_ages(sum: u64, first: NodeId, ages: &[u8]) -> Vec<u8> {
    let bytes = written(0, |writer| {
        writer.open_ages(sum, first);
        ages.iter().for_each(|&age| assert!(writer.age(age)));
    });
    let read = Datagram::decode(&bytes, CLUSTER).expect("valid").ages;
    assert_eq!(read, Some(Ages { sum, first, ages }), "they come back");
    bytes
}

fn with_asked_at(addr: [u8; 4]) -> Vec<u8> {
    let addr = core::net::SocketAddr::from((addr, 7946));
    let bytes = written(0, |writer| {
        assert!(writer.asked_at(addr));
        assert!(writer.body(&Body::Ping { nonce: NONCE }));
    });
    let read = Datagram::decode(&bytes, CLUSTER).expect("valid");
    assert_eq!((read.asked_at, read.body), (Some(addr), Body::Ping { nonce: NONCE }), "both come back");
    bytes
}

fn with_letter(letter: Letter<'_>) -> Vec<u8> {
    let bytes = written(0, |writer| assert!(writer.body(&Body::Letter(letter))));
    assert_eq!(Datagram::decode(&bytes, CLUSTER).expect("valid").body, Body::Letter(letter), "it comes back");
    bytes
}

const NOTE: Note<'static> = Note { to: NodeId::from_u128(0xfe), bytes: b"by the way" };

fn letter(bytes: &[u8]) -> Letter<'_> {
    Letter { nonce: NONCE, serial: 300, to: NodeId::from_u128(0xfe), boot: 1 << 40, bytes }
}

/// One datagram of every kind that was added, by name.
pub(super) fn one_of_each() -> Vec<(&'static str, Vec<u8>)> {
    let rack = Domain::from_name("rack-1");
    [
        ("alive_in_a_domain", with_record(record(Health::Alive, rack))),
        ("left_from_a_domain", with_record(record(Health::Left, rack))),
        ("removed", with_record(record(Health::Removed, Domain::NONE))),
        ("removed_from_a_domain", with_record(record(Health::Removed, rack))),
        ("confirm", written(0, |writer| assert!(writer.confirm()))),
        ("heartbeats", with_heartbeats(&[(0x1122_3344_5566, 0x7788), (1, u16::MAX)])),
        ("letter", with_letter(letter(b"what now?"))),
        ("note", written(0, |writer| assert!(writer.body(&Body::Note(NOTE))))),
        ("ages", with_ages(0x1122_3344_5566_7788, NodeId::from_u128(0xfe), &[0, 1, 0xff])),
        ("asked_at", with_asked_at([10, 1, 0, 1])),
    ]
    .into()
}

#[test]
fn every_datagram_has_these_bytes() {
    expect![[r#"
        alive_in_a_domain
        716e0100010203041f71f5d4011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778840a9800028000000000000000000000000000000fe8080
        80808020010003000a0000011f0a332bd1adda5cf826
        left_from_a_domain
        716e0100010203048f10d03f011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778840ad80002c000000000000000000000000000000fe8080
        80808020010303000a0000011f0ac08db701332bd1adda5cf826
        removed
        716e010001020304e6c1ab00011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778840ae80002d000000000000000000000000000000fe8080
        80808020010303000a0000011f0ac08db701000000000000000001
        removed_from_a_domain
        716e010001020304d7859373011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778840ae80002d000000000000000000000000000000fe8080
        80808020010303000a0000011f0ac08db701332bd1adda5cf82601
        confirm
        716e0100010203048302b444011b0102030405060708090a0b0c0d0e0f10ac02
        0211223344556677884600
        heartbeats
        716e010001020304452475e7011b0102030405060708090a0b0c0d0e0f10ac02
        021122334455667788499080006655443322118877010000000000ffff
        letter
        716e01000102030414a4d4c9011b0102030405060708090a0b0c0d0e0f10ac02
        021122334455667788252a6e6f6e6365363738ac020000000000000000000000
        00000000fe8080808080200977686174206e6f773f
        note
        716e01000102030446432853011b0102030405060708090a0b0c0d0e0f10ac02
        021122334455667788261b000000000000000000000000000000fe0a62792074
        686520776179
        ages
        716e010001020304ed71bb35011b0102030405060708090a0b0c0d0e0f10ac02
        0211223344556677884b9b800088776655443322110000000000000000000000
        00000000fe0001ff
        asked_at
        716e0100010203046fe016ad011b0102030405060708090a0b0c0d0e0f10ac02
        0211223344556677884c07000a0100011f0a10086e6f6e6365363738
    "#]]
    .assert_eq(&hex_of(&one_of_each()));
}

/// Whoever has no domain is told of in the bytes of the first release.
#[test]
fn a_record_without_domain_has_no_more_bytes() {
    for health in [Health::Alive, Health::Suspect, Health::Dead, Health::Left] {
        let [without, within] =
            [Domain::NONE, Domain::from_number(1)].map(|domain| with_record(record(health, domain)));
        assert_eq!(without.len() + 8, within.len(), "{health:?}");
    }
}

/// An earlier release stops reading behind the domain; to it, whoever was removed has left.
#[test]
fn a_removal_is_a_goodbye_with_a_mark() {
    let encoded = |health| {
        let mut bytes = [0; RECORD_BYTES_MAX + MARK_BYTES];
        let record = record(health, Domain::from_number(1));
        let len = record::encode(&record, &Accusers::default(), &mut bytes).expect("it fits");
        bytes[..len].to_vec()
    };
    let [left, removed] = [Health::Left, Health::Removed].map(encoded);
    assert_eq!(removed, [&left[..], &[1]].concat());
    let health = |bytes: &[u8]| record::decode(bytes).map(|(record, _)| record.health);
    assert_eq!(health(&[&removed[..], &[7]].concat()), Some(Health::Removed), "a later release appends");
    assert_eq!(health(&[&left[..], &[2]].concat()), Some(Health::Left), "another mark is none that we know");
    let dead = encoded(Health::Dead);
    assert_eq!(health(&[&dead[..], &[1]].concat()), Some(Health::Dead), "nor does it stand behind the dead");
}

#[test]
fn the_question_is_asked_once_and_may_grow() {
    let confirm =
        |content: &[u8]| with(&[&[kind::CONFIRM, u8::try_from(content.len()).expect("short")], content].concat());
    for content in [&[][..], &[1, 2, 3]] {
        assert!(Datagram::decode(&confirm(content), CLUSTER).expect("valid").confirm, "{content:?}");
    }
    assert!(!Datagram::decode(&with(&[]), CLUSTER).expect("valid").confirm);
    let twice = with(&[kind::CONFIRM, 0, kind::CONFIRM, 0]);
    assert_eq!(error(&twice), Some(DecodeError::Repeated { kind: kind::CONFIRM }));
    let least = written(0, |writer| assert!(writer.confirm())).len();
    assert!(3 * least >= CONFIRM_ANSWER_BYTES_MAX, "{least} bytes may be answered");
}

#[test]
fn ages_have_a_head_and_come_once() {
    let ages = |len: usize| with(&[&[kind::AGES, u8::try_from(len).expect("short")], &[7; 40][..len]].concat());
    assert_eq!(error(&ages(23)), Some(DecodeError::Malformed { kind: kind::AGES }));
    assert_eq!(Datagram::decode(&ages(24), CLUSTER).expect("valid").ages.map(|ages| ages.ages.len()), Some(0));
    assert_eq!(Datagram::decode(&with(&[]), CLUSTER).expect("valid").ages, None);
    let section = [&[kind::AGES, 24], &[7; 24][..]].concat();
    assert_eq!(error(&with(&[&section[..], &section].concat())), Some(DecodeError::Repeated { kind: kind::AGES }));
}

/// Where somebody is asked is said once, whole, and may grow; a ping without it says nothing of the kind.
#[test]
fn where_somebody_is_asked_is_an_address_and_comes_once() {
    let whole = [0, 10, 1, 0, 1, 0x1f, 0x0a];
    let section = |content: &[u8]| [&[kind::ASKED_AT, u8::try_from(content.len()).expect("short")], content].concat();
    let longer = with(&section(&[&whole[..], &[1, 2]].concat()));
    assert!(Datagram::decode(&longer, CLUSTER).expect("valid").asked_at.is_some());
    for len in 0..whole.len() {
        assert_eq!(
            error(&with(&section(&whole[..len]))),
            Some(DecodeError::Malformed { kind: kind::ASKED_AT }),
            "{len}"
        );
    }
    let twice = with(&[section(&whole), section(&whole)].concat());
    assert_eq!(error(&twice), Some(DecodeError::Repeated { kind: kind::ASKED_AT }));
    assert_eq!(Datagram::decode(&with(&[]), CLUSTER).expect("valid").asked_at, None);
}

/// A later release may append to a letter; what is cut is none, and its length is that of its bytes.
#[test]
fn a_letter_is_whole_and_may_grow() {
    let content = |letter: &Letter<'_>| {
        let mut buffer = [0; 80];
        let len = Body::Letter(*letter).encode(&mut buffer).expect("it fits");
        buffer[..len].to_vec()
    };
    let section =
        |content: &[u8]| with(&[&[kind::LETTER, u8::try_from(content.len()).expect("short")], content].concat());
    let whole = content(&letter(b"what now?"));
    let read = |bytes: &[u8]| {
        Datagram::decode(bytes, CLUSTER).map(|datagram| datagram.body == Body::Letter(letter(b"what now?")))
    };
    assert_eq!(read(&section(&[&whole[..], &[1, 2]].concat())), Ok(true));
    for len in 0..whole.len() {
        assert_eq!(error(&section(&whole[..len])), Some(DecodeError::Malformed { kind: kind::LETTER }), "{len} bytes");
    }
    let twice = [&[kind::PING, 8], &NONCE.0[..], &[kind::LETTER, u8::try_from(whole.len()).expect("short")], &whole];
    assert_eq!(error(&with(&twice.concat())), Some(DecodeError::Repeated { kind: kind::LETTER }), "one body at most");
}

/// A later release may append to a note too; what is cut is none.
#[test]
fn a_note_is_whole_and_may_grow() {
    let mut whole = [0; 80];
    let len = Body::Note(NOTE).encode(&mut whole).expect("it fits");
    let section =
        |content: &[u8]| with(&[&[kind::NOTE, u8::try_from(content.len()).expect("short")], content].concat());
    let longer = section(&[&whole[..len], &[1, 2]].concat());
    assert_eq!(Datagram::decode(&longer, CLUSTER).map(|datagram| datagram.body), Ok(Body::Note(NOTE)));
    for cut in 0..len {
        assert_eq!(error(&section(&whole[..cut])), Some(DecodeError::Malformed { kind: kind::NOTE }), "{cut} bytes");
    }
}

/// The longest note for which so many bytes are room always fits, whoever sends it.
#[test]
fn what_is_kept_free_for_a_note_is_enough_and_no_more() {
    let (bytes, most) = ([7; 16_384], u64::MAX);
    let sender = Sender { incarnation: Incarnation { boot: most, counter: u32::MAX }, state: most, ..golden::sender() };
    for (spare, fits) in [(0, true), (1, false)] {
        let mut buffer = alloc::vec![0; NOTE_ROOM_BYTES + bytes.len() - spare];
        let mut writer = Writer::begin(&mut buffer, CLUSTER, &sender).expect("frame and sender fit");
        assert_eq!(writer.body(&Body::Note(Note { bytes: &bytes, ..NOTE })), fits, "{spare} bytes are missing");
    }
}

/// The longest letter for which so many bytes are room always fits, whoever sends it to whom.
#[test]
fn what_is_kept_free_for_a_letter_is_enough_and_no_more() {
    let (bytes, most) = ([7; 1 << 20], u64::MAX);
    let sender = Sender { incarnation: Incarnation { boot: most, counter: u32::MAX }, state: most, ..golden::sender() };
    let letter = Letter { serial: most, boot: most, ..letter(&bytes) };
    for (spare, fits) in [(0, true), (1, false)] {
        let mut buffer = alloc::vec![0; LETTER_ROOM_BYTES + bytes.len() - spare];
        let mut writer = Writer::begin(&mut buffer, CLUSTER, &sender).expect("frame and sender fit");
        assert_eq!(writer.body(&Body::Letter(letter)), fits, "{spare} bytes are missing");
    }
}
