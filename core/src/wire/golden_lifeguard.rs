//! The bytes of what Lifeguard adds to version 1: who accuses, and until when somebody waits.

#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a test may panic")]

use alloc::vec::Vec;
use core::net::SocketAddr;

use expect_test::expect;

use super::golden::{CLUSTER, NONCE, error, hex_of, sender, with};
use super::*;
use crate::vocab::{ACCUSERS_MAX, Accusers, Domain, Health, Incarnation, NodeId, Record};

fn suspect() -> Record {
    let addr = SocketAddr::from(([10, 0, 0, 1], 7946));
    let life = Record::of_new_life(NodeId::from_u128(0xfe), 1 << 40, addr);
    Record { incarnation: Incarnation { counter: 1, ..life.incarnation }, health: Health::Suspect, hops: 3, ..life }
}

fn accusers(hashes: impl IntoIterator<Item = u64>) -> Accusers {
    let mut accusers = Accusers::default();
    hashes.into_iter().for_each(|hash| assert!(accusers.add(hash), "there is room"));
    accusers
}

fn written(suspect: &Record, accusers: &Accusers) -> Vec<u8> {
    let mut buffer = [0xee; 512];
    let mut writer = Writer::begin(&mut buffer, CLUSTER, &sender()).expect("frame and sender fit");
    writer.open_records(RecordKind::Rumours);
    assert!(writer.record_with(suspect, accusers), "the record fits");
    let len = writer.finish();
    buffer[..len].to_vec()
}

#[test]
fn the_bytes_are_pinned() {
    let two = accusers([0x1122_3344_5566_7788, 1]);
    let elsewhere = Record { domain: Domain::from_number(0x0102), ..suspect() };
    let told = [(suspect(), Accusers::default()), (suspect(), two), (elsewhere, two)];
    let all = ["suspect", "suspect_of_two", "with_a_domain"];
    let all = all.iter().zip(&told).map(|(&name, (record, accusers))| (name, written(record, accusers)));
    let all: [_; 3] = all.collect::<Vec<_>>().try_into().expect("three of each");
    for ((name, bytes), told) in all.iter().zip(told) {
        let mut rumours = Datagram::decode(bytes, CLUSTER).expect("valid").rumours;
        assert_eq!(rumours.next_told(), Some(told), "{name} comes back as it was");
        assert_eq!(rumours.next_told(), None, "{name} is one record");
    }
    expect![[r#"
        suspect
        716e010001020304204e5ce5011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778840a2800021000000000000000000000000000000fe8080
        80808020010103000a0000011f0a00
        suspect_of_two
        716e010001020304292ef974011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778840b2800031000000000000000000000000000000fe8080
        80808020010103000a0000011f0a0288776655443322110100000000000000
        with_a_domain
        716e0100010203040ddb1d06011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778840ba800039000000000000000000000000000000fe8080
        80808020010103000a0000011f0a028877665544332211010000000000000002
        01000000000000
    "#]]
    .assert_eq(&hex_of(&all));
}

/// A list of rumours with one record: the plain one of the suspect, and these bytes behind it.
fn one_record(tail: &[u8]) -> Vec<u8> {
    let mut encoded = [0; RECORD_BYTES_MAX];
    let len = record::encode(&suspect(), &Accusers::default(), &mut encoded).expect("it fits") - 1;
    let length = u8::try_from(len + tail.len()).expect("a short record");
    with(&[&[kind::RUMOURS, length + 1, length][..], &encoded[..len], tail].concat())
}

#[test]
fn accusers_are_read_as_far_as_they_are_whole() {
    let read = |bytes: &[u8]| Datagram::decode(bytes, CLUSTER).expect("valid").rumours.next_told().expect("a record").1;
    assert_eq!(read(&one_record(&[])), Accusers::default(), "an earlier release names nobody");
    let hash = 7_u64.to_le_bytes();
    assert_eq!(read(&one_record(&[&[1][..], &hash].concat())), accusers([7]));
    assert_eq!(read(&one_record(&[&[1][..], &hash, &[0xaa]].concat())), accusers([7]), "a later one appends");
    assert_eq!(read(&one_record(&[&[2][..], &hash, &hash].concat())), accusers([7]), "nobody counts twice");
    let malformed = Some(DecodeError::Malformed { kind: kind::RUMOURS });
    assert_eq!(error(&one_record(&[1])), malformed);
    assert_eq!(error(&one_record(&[&[2][..], &hash].concat())), malformed);
    let many: Vec<u8> = (0..9_u64).flat_map(u64::to_le_bytes).collect();
    assert_eq!(read(&one_record(&[&[9][..], &many].concat())), accusers(0..5), "and who finds no room is left out");
}

#[test]
fn no_suspect_is_longer_than_the_longest() {
    let addr = SocketAddr::from(([0xffff; 8], u16::MAX));
    let incarnation = Incarnation { boot: u64::MAX, counter: u32::MAX };
    let longest = Record { id: NodeId::from_u128(u128::MAX), incarnation, hops: u8::MAX, addr, ..suspect() };
    let all = accusers(0..ACCUSERS_MAX as u64);
    let mut buffer = [0; RECORD_BYTES_MAX + ACCUSERS_BYTES_MAX];
    let len = record::encode(&longest, &all, &mut buffer).expect("it fits");
    assert!(len < RECORD_BYTES_MAX + ACCUSERS_BYTES_MAX);
    assert_eq!(record::encode(&longest, &all, &mut buffer[..len - 1]), None);
}

#[test]
fn a_request_of_an_earlier_release_wants_no_nack() {
    let target = NodeId::from_u128(0xfe);
    let mut content = [&NONCE.0[..], &target.to_bytes()].concat();
    let request = |content: &[u8]| {
        with(&[&[kind::PING_REQUEST, u8::try_from(content.len()).expect("a short body")], content].concat())
    };
    let bytes = request(&content);
    let expected = Body::PingRequest { nonce: NONCE, target, left_ms: 0 };
    assert_eq!(Datagram::decode(&bytes, CLUSTER).expect("valid").body, expected);
    content.push(0x80);
    assert_eq!(error(&request(&content)), Some(DecodeError::Malformed { kind: kind::PING_REQUEST }));
}
