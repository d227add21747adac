//! The bytes of version 1, pinned for ever, and every way in which bytes can be wrong.

#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a test may panic")]

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;
use core::net::SocketAddr;

use expect_test::expect;

use super::*;
use crate::vocab::{Accusers, Cookie, Domain, Health, Incarnation, NodeId, Nonce, Prefix, Record};

pub(super) const CLUSTER: u32 = 0x0403_0201;
pub(super) const NONCE: Nonce = Nonce(*b"nonce678");
pub(super) const COOKIE: Cookie = Cookie(*b"cookie78");

pub(super) fn sender() -> Sender {
    let id = NodeId::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);
    Sender { id, incarnation: Incarnation { boot: 300, counter: 2 }, fingerprint: 0x8877_6655_4433_2211, state: 0 }
}

fn record(health: Health, addr: SocketAddr) -> Record {
    let age_ms = if health.is_live() { 0 } else { 3_000_000 };
    Record {
        id: NodeId::from_u128(0xfe),
        incarnation: Incarnation { boot: 1 << 40, counter: 1 },
        health,
        hops: 3,
        age_ms,
        addr,
        domain: Domain::NONE,
    }
}

fn v4() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], 7946))
}

fn v6() -> SocketAddr {
    SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 7946))
}

/// A datagram as the writer writes it.
fn written(body: &Body<'_>, rumours: &[Record], bulk: &[Record]) -> Vec<u8> {
    let mut buffer = [0xee; 512];
    let mut writer = Writer::begin(&mut buffer, CLUSTER, &sender()).expect("frame and sender fit");
    assert!(writer.body(body), "the body fits");
    for (kind, records) in [(RecordKind::Rumours, rumours), (RecordKind::Bulk, bulk)] {
        if !records.is_empty() {
            writer.open_records(kind);
            records.iter().for_each(|record| assert!(writer.record(record), "the record fits"));
            break;
        }
    }
    let len = writer.finish();
    buffer[..len].to_vec()
}

/// Two groups of hashes, one of them empty.
fn groups() -> Vec<u8> {
    let mut buffer = [0; 64];
    let mut writer = PrefixWriter::new(&mut buffer);
    assert!(writer.try_push(Prefix { level: 3, index: 5 }, [0xaabb_ccdd, 1].into_iter()), "it fits");
    assert!(writer.try_push(Prefix { level: 16, index: 0xfffe }, core::iter::empty()), "it fits");
    writer.finish().as_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.chunks(32).fold(String::new(), |mut text, line| {
        line.iter().for_each(|byte| write!(text, "{byte:02x}").expect("a string"));
        text.push('\n');
        text
    })
}

/// Names and bytes of datagrams, to be pinned.
pub(super) fn hex_of(datagrams: &[(&str, Vec<u8>)]) -> String {
    datagrams.iter().map(|(name, bytes)| format!("{name}\n{}", hex(bytes))).collect()
}

/// One datagram of every kind, by name.
fn one_of_each() -> Vec<(&'static str, Vec<u8>)> {
    [one_of_each_about_members(), golden_state::one_of_each(), golden_later::one_of_each()].concat()
}

fn one_of_each_about_members() -> Vec<(&'static str, Vec<u8>)> {
    let sums: Vec<u8> = [1_u64, u64::MAX].iter().flat_map(|sum| sum.to_le_bytes()).collect();
    let groups = groups();
    let prefixes = Prefixes::validate(&groups).expect("whole groups");
    let target = NodeId::from_u128(0xfe);
    let bodies = [
        ("none", Body::None),
        ("ping", Body::Ping { nonce: NONCE }),
        ("ack", Body::Ack { nonce: NONCE }),
        ("ping_request", Body::PingRequest { nonce: NONCE, target, left_ms: 500 }),
        ("last_chance_request", Body::PingRequest { nonce: NONCE, target, left_ms: 0 }),
        ("relayed", Body::Relayed { nonce: NONCE, target }),
        ("nack", Body::Nack { nonce: NONCE }),
        ("join", Body::Join { nonce: NONCE, cookie: None }),
        ("join_again", Body::Join { nonce: NONCE, cookie: Some(COOKIE) }),
        ("challenge", Body::Challenge { nonce: NONCE, cookie: COOKIE }),
        ("welcome", Body::Welcome { nonce: NONCE }),
        ("summary", Body::Summary(Summary { nonce: NONCE, exact: false, level: 7, first: 126, sums: &sums })),
        ("digest", Body::Digest(Digest { nonce: NONCE, salt: 0x1234_5678, exact: false, cookie: COOKIE, prefixes })),
        ("wants", Body::Wants(Wants { salt: 0x1234_5678, exact: true, cookie: COOKIE, prefixes })),
    ];
    let datagram = |(name, body): &(&'static str, Body<'_>)| {
        let bytes = written(body, &[], &[]);
        let decoded = Datagram::decode(&bytes, CLUSTER).expect("what is written is valid");
        assert_eq!((decoded.sender, decoded.body), (sender(), *body), "{name} comes back as it was");
        assert!(decoded.rumours.is_empty() && decoded.bulk.is_empty(), "{name} has no records");
        (*name, bytes)
    };
    let mut all: Vec<_> = bodies.iter().map(datagram).collect();
    let records = [record(Health::Alive, v4()), record(Health::Left, v6())];
    let rumours = written(&Body::Ping { nonce: NONCE }, &records, &[]);
    let bulk = written(&Body::None, &[], &[record(Health::Suspect, v4()), record(Health::Dead, v6())]);
    assert!(Datagram::decode(&rumours, CLUSTER).expect("valid").rumours.eq(records), "records come back");
    all.extend([("ping_with_rumours", rumours), ("bulk", bulk)]);
    all
}

#[test]
fn every_datagram_has_these_bytes() {
    expect![[r#"
        none
        716e0100010203042af18789011b0102030405060708090a0b0c0d0e0f10ac02
        021122334455667788
        ping
        716e01000102030433b524c0011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778810086e6f6e6365363738
        ack
        716e010001020304b8892e1a011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778811086e6f6e6365363738
        ping_request
        716e0100010203042a05b4aa011b0102030405060708090a0b0c0d0e0f10ac02
        021122334455667788121a6e6f6e636536373800000000000000000000000000
        0000fef403
        last_chance_request
        716e010001020304ca5b9186011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778812196e6f6e636536373800000000000000000000000000
        0000fe00
        relayed
        716e010001020304da0ace8d011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778813186e6f6e636536373800000000000000000000000000
        0000fe
        nack
        716e010001020304cbacfac2011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778814086e6f6e6365363738
        join
        716e010001020304fb2f31fc011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778820096e6f6e636536373800
        join_again
        716e0100010203048057ab96011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778820116e6f6e636536373801636f6f6b69653738
        challenge
        716e010001020304bb21d996011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778821106e6f6e6365363738636f6f6b69653738
        welcome
        716e01000102030420c6a567011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778822086e6f6e6365363738
        summary
        716e0100010203046fd02371011b0102030405060708090a0b0c0d0e0f10ac02
        021122334455667788301c6e6f6e636536373800077e100100000000000000ff
        ffffffffffffff
        digest
        716e010001020304b8dd2c6d011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778831296e6f6e6365363738f8acd1910100636f6f6b696537
        38120305000200ddccbbaa0100000010feff0000
        wants
        716e010001020304f044e78b011b0102030405060708090a0b0c0d0e0f10ac02
        0211223344556677883221f8acd1910101636f6f6b69653738120305000200dd
        ccbbaa0100000010feff0000
        ping_with_rumours
        716e0100010203042a930c3d011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778810086e6f6e636536373840d28000200000000000000000
        00000000000000fe808080808020010003000a0000011f0a3000000000000000
        0000000000000000fe8080808080200103030120010db8000000000000000000
        0000011f0ac08db701
        bulk
        716e01000102030433285f1c011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778841d3800021000000000000000000000000000000fe8080
        80808020010103000a0000011f0a0030000000000000000000000000000000fe
        8080808080200102030120010db80000000000000000000000011f0ac08db701
    "#]]
    .assert_eq(&hex_of(&one_of_each_about_members()));
}

#[test]
fn a_datagram_cut_anywhere_is_an_error_or_a_shorter_datagram() {
    for (name, bytes) in one_of_each() {
        let whole = Datagram::decode(&bytes, CLUSTER).expect("valid");
        for len in 0..bytes.len() {
            match Datagram::decode(&fitted(bytes[..len].to_vec()), CLUSTER) {
                Ok(shorter) => {
                    assert_eq!(shorter.sender, whole.sender, "{name} cut at {len}");
                    assert!(shorter.body == Body::None || shorter.body == whole.body, "{name} cut at {len}");
                    assert!(shorter.rumours.is_empty() && shorter.bulk.is_empty(), "{name} cut at {len}");
                }
                Err(DecodeError::TooShort { len: told }) => assert!(told == len && len < FRAME_BYTES, "{name}"),
                Err(DecodeError::NoSender) => assert_eq!(len, FRAME_BYTES, "{name}"),
                Err(DecodeError::Cut { .. }) => assert!(len > FRAME_BYTES, "{name}"),
                Err(other) => panic!("{name} cut at {len}: {other}"),
            }
        }
    }
}

/// A datagram without body, with these bytes behind it.
pub(super) fn with(tail: &[u8]) -> Vec<u8> {
    fitted([&written(&Body::None, &[], &[])[..], tail].concat())
}

fn fitted(mut bytes: Vec<u8>) -> Vec<u8> {
    fit_checksum(&mut bytes);
    bytes
}

pub(super) fn error(bytes: &[u8]) -> Option<DecodeError> {
    let probed = probe_decoder(bytes, CLUSTER).err();
    assert_eq!(probed, Datagram::decode(bytes, CLUSTER).err(), "the probe says what the decoder says");
    probed
}

#[test]
fn what_a_later_release_adds_is_skipped() {
    let plain = with(&[]);
    let plain = Datagram::decode(&plain, CLUSTER).expect("valid");
    // A body number that is not taken yet, a section number far away, padding, and each of them again.
    let tail = [0x15, 2, 9, 9, 0x7f, 0, 0xff, 0x83, 0x80, 0x00, 1, 2, 3, 0x00, 1, 0, 0x15, 0, 0x7f, 1, 1, 0x00, 0];
    assert_eq!(Datagram::decode(&with(&tail), CLUSTER), Ok(plain));
}

/// The sections behind the frame, with one more byte at the end of each that is not a list of records.
fn stretched(bytes: &[u8]) -> Vec<u8> {
    let (frame, mut rest) = bytes.split_at(FRAME_BYTES);
    let mut longer = frame.to_vec();
    while let [kind, len, tail @ ..] = rest {
        assert!(*len < 0x7f, "short sections");
        let (content, tail) = tail.split_at(usize::from(*len));
        longer.extend([&[*kind, len + 1], content, &[0xaa]].concat());
        rest = tail;
    }
    fitted(longer)
}

#[test]
fn what_a_later_release_appends_is_ignored() {
    for (name, bytes) in one_of_each().into_iter().filter(|(_, bytes)| !bytes.contains(&0x80)) {
        let longer = stretched(&bytes);
        assert_eq!(Datagram::decode(&longer, CLUSTER), Datagram::decode(&bytes, CLUSTER), "{name}");
    }
    let mut encoded = [0; RECORD_BYTES_MAX];
    let known = record(Health::Dead, v6());
    let len = record::encode(&known, &Accusers::default(), &mut encoded).expect("it fits");
    let length = u8::try_from(len + 2).expect("a short record");
    let section = [&[kind::BULK, length + 1, length][..], &encoded[..len], &[0xaa, 0xbb]].concat();
    let bytes = with(&section);
    assert!(Datagram::decode(&bytes, CLUSTER).expect("valid").bulk.eq([known]), "the longer record is the record");
}

#[test]
fn no_record_is_longer_than_the_longest() {
    let addr = SocketAddr::from(([0xffff; 8], u16::MAX));
    let longest = Record {
        id: NodeId::from_u128(u128::MAX),
        incarnation: Incarnation { boot: u64::MAX, counter: u32::MAX },
        health: Health::Left,
        hops: u8::MAX,
        age_ms: u32::MAX,
        addr,
        domain: Domain::from_number(u64::MAX),
    };
    let mut buffer = [0; 2 * RECORD_BYTES_MAX];
    assert_eq!(record::encode(&longest, &Accusers::default(), &mut buffer), Some(RECORD_BYTES_MAX - 1));
    assert_eq!(record::encode(&longest, &Accusers::default(), &mut buffer[..RECORD_BYTES_MAX - 2]), None);
}

#[test]
fn no_flipped_bit_is_believed() {
    for (name, bytes) in one_of_each() {
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(error(&flipped).is_some(), "{name}, bit {bit}");
        }
    }
}

#[test]
fn every_error_is_reached() {
    let good = with(&[]);
    let framed = |place: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[place] = byte;
        error(&bytes)
    };
    assert_eq!(error(&good), None);
    assert_eq!(error(&[]), Some(DecodeError::TooShort { len: 0 }));
    assert_eq!(framed(0, b'Q'), Some(DecodeError::NotOurs));
    assert_eq!(framed(2, 0x0f), Some(DecodeError::Damaged), "its checksum is another one");
    let revised = fitted([&good[..2], &[0x0f], &good[3..]].concat());
    assert_eq!(error(&revised), None, "another revision");
    assert_eq!(framed(2, 0x11), Some(DecodeError::Version { found: 0x11 }), "another generation");
    assert_eq!(framed(3, 0x40), Some(DecodeError::Flags { found: 0x40 }));
    assert_eq!(framed(7, 0xff), Some(DecodeError::Cluster { found: 0xff03_0201 }));
    assert_eq!(framed(8, !good[8]), Some(DecodeError::Damaged));
    assert_eq!(framed(20, !good[20]), Some(DecodeError::Damaged));
    assert_eq!(error(&fitted(good[..FRAME_BYTES].to_vec())), Some(DecodeError::NoSender));
    assert_eq!(error(&with(&[0x7f])), Some(DecodeError::Cut { kind: 0x7f }));
    assert_eq!(error(&with(&[0x7f, 1])), Some(DecodeError::Cut { kind: 0x7f }));
    assert_eq!(error(&with(&[0x7f, 0x80, 0x80, 0x80, 0])), Some(DecodeError::Cut { kind: 0x7f }));
    assert_eq!(error(&with(&good[FRAME_BYTES..])), Some(DecodeError::Repeated { kind: kind::SENDER }));
    let ping = [&[kind::PING, 8][..], &NONCE.0].concat();
    let ack = [&[kind::ACK, 8][..], &NONCE.0].concat();
    assert_eq!(error(&with(&[&ping[..], &ping].concat())), Some(DecodeError::Repeated { kind: kind::PING }));
    assert_eq!(error(&with(&[&ping[..], &ack].concat())), Some(DecodeError::Repeated { kind: kind::ACK }));
}

#[test]
fn every_known_section_can_be_malformed() {
    let known = [0x01..=0x01, 0x10..=0x13, 0x20..=0x22, 0x30..=0x34, 0x42..=0x45, 0x4b..=0x4b];
    for kind in known.into_iter().flatten() {
        assert_eq!(error(&with(&[kind, 3, 1, 2, 3])), Some(DecodeError::Malformed { kind }), "{kind:#04x}");
    }
    let lists: [(&str, &[u8]); 3] = [("an empty record", &[0]), ("a cut record", &[9, 1]), ("noise", &[2, 1, 2])];
    for kind in [kind::RUMOURS, kind::BULK] {
        for (what, content) in lists {
            let section = [&[kind, u8::try_from(content.len()).expect("short")][..], content].concat();
            assert_eq!(error(&with(&section)), Some(DecodeError::Malformed { kind }), "{what}");
        }
    }
}

#[test]
fn nobody_listens_at_these_addresses() {
    let addrs = ["0.0.0.0:1", "255.255.255.255:1", "224.0.0.1:1", "10.0.0.1:0", "[::]:1", "[ff02::1]:1", "[::1]:0"];
    for addr in addrs {
        let bytes = written(&Body::None, &[record(Health::Alive, addr.parse().expect("an address"))], &[]);
        assert_eq!(error(&bytes), Some(DecodeError::Malformed { kind: kind::RUMOURS }), "{addr}");
    }
}

#[test]
fn pages_and_groups_stay_inside_their_level() {
    let summary = |level: u8, first: u8, sums: &[u8]| {
        let head = [&[0, level, first, u8::try_from(sums.len()).expect("short")], sums].concat();
        let content = [&NONCE.0[..], &head].concat();
        error(&with(&[&[kind::SUMMARY, u8::try_from(content.len()).expect("short")][..], &content].concat()))
    };
    let malformed = Some(DecodeError::Malformed { kind: kind::SUMMARY });
    assert_eq!(summary(7, 127, &[0; 8]), None);
    assert_eq!(summary(0, 0, &[0; 8]), None);
    assert_eq!(summary(10, 6, &[0; 16]), None, "two parts of one bucket");
    let outside = [(10, 7, 16), (17, 0, 8), (7, 127, 16), (0, 1, 8), (7, 0, 0), (7, 0, 7), (7, 0, 9)];
    for (level, first, sums) in outside {
        assert_eq!(summary(level, first, &[0; 24][..sums]), malformed, "{level} {first} {sums}");
    }
    let whole: [&[u8]; 3] = [&[], &[0, 0, 0, 0, 0], &[16, 0xff, 0xff, 1, 0, 1, 2, 3, 4]];
    assert!(whole.iter().all(|bytes| Prefixes::validate(bytes).is_some()), "whole groups");
    let broken: [&[u8]; 4] = [&[0, 1, 0, 0, 0], &[17, 0, 0, 0, 0], &[3, 0, 0, 1, 0, 1, 2, 3], &[3, 0, 0, 0]];
    assert!(broken.iter().all(|bytes| Prefixes::validate(bytes).is_none()), "broken groups");
}

#[test]
fn errors_read_well() {
    let errors = [
        DecodeError::TooShort { len: 3 },
        DecodeError::NotOurs,
        DecodeError::Version { found: 0x21 },
        DecodeError::Flags { found: 1 },
        DecodeError::Cluster { found: 0xabc },
        DecodeError::Damaged,
        DecodeError::Cut { kind: 0x10 },
        DecodeError::Malformed { kind: 0x40 },
        DecodeError::Repeated { kind: 0x01 },
        DecodeError::NoSender,
    ];
    let text = errors.iter().map(|error| format!("{error}\n")).collect::<String>();
    expect![[r#"
        3 bytes are too few for a frame
        not a quidnunc datagram
        wire version 33 is of another generation and not understood
        frame flags 0x01 are not understood
        cluster tag 0x00000abc is not ours
        damaged on the way
        section 0x10 is cut short
        section 0x40 is malformed
        section 0x01 is one too many
        no sender
    "#]]
    .assert_eq(&text);
}
