//! Are the bytes the same for ever, and is what they say what was said?

use std::time::Duration;

use quidnunc_core::{MapSnapshot, MapVersion, NodeId, ValueView};

use super::super::format::{bytes_most, decode, encode, set_boot};
use super::super::kept::{Kept, State};
use super::super::trouble::Damage;
use super::{NOW, VALUES, file_of, id, kept, map, peers, sample};

fn section(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap();
    [&[kind], len.to_le_bytes().as_slice(), body].concat()
}

/// The largest number that postcard writes.
const VAST: [u8; 10] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];

#[test]
fn the_bytes_are_pinned_for_ever() {
    let pinned: [&[u8]; 20] = [
        b"QNSTATE\0",
        &[1],
        &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
        &[0xd2, 0x04, 0, 0, 0, 0, 0, 0],
        &[0x00, 0x50, 0x5c, 0x18, 0xa3, 0x01, 0, 0],
        &[80, 0, 0, 0, 0, 0, 0, 0],
        &[1, 26, 0, 0, 0, 2],
        &[0, 10, 0, 0, 1, 0x8a, 0x3e],
        &[1, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1],
        &[2, 9, 0, 0, 0, 2],
        &[3],
        b"new",
        &[3],
        b"old",
        &[3, 30, 0, 0, 0, 3, 0xac, 0x02, 4, 2],
        b"\x05color\x05green",
        &[5, 0],
        b"\x05lease\x00",
        &[6, 1, 0xac, 0x02],
        &[0xc0, 0x1a, 0xd6, 0xd8, 0x97, 0xbc, 0x8e, 0xb4],
    ];
    assert_eq!(sample(), pinned.concat());
}

#[test]
fn what_was_said_comes_back() {
    let state = State { boot: 0, peers: &peers(), keys: &[b"new", b"old"], map: Some(map()), ..State::default() };
    assert_eq!(decode(&sample(), id(), NOW), Ok(kept(1_234, &state)));

    let nothing = Kept { boot: Some(7), ..Kept::default() };
    assert_eq!(decode(&encode(id(), 7, NOW, &State::default()), id(), NOW), Ok(nothing));
}

#[test]
fn what_was_done_to_a_ring_is_pinned_too_and_comes_back() {
    let state = State { removed_keys: &[[1, 2, 3, 4], [5, 6, 7, 8]], seal_mode: Some(2), ..State::default() };
    let bytes = encode(id(), 1, NOW, &state);
    assert_eq!(bytes, file_of(1, &section(4, &[1, 2, 2, 1, 2, 3, 4, 5, 6, 7, 8])));
    assert_eq!(decode(&bytes, id(), NOW), Ok(kept(1, &state)));
}

#[test]
fn a_map_without_values_is_a_map() {
    let map = MapSnapshot { version: MapVersion { epoch: u64::MAX, version: u64::MAX, watermark: 0 }, values: &[] };
    let state = State { map: Some(map), ..State::default() };
    assert_eq!(decode(&encode(id(), 1, NOW, &state), id(), NOW), Ok(kept(1, &state)));
}

#[test]
fn time_that_has_passed_is_taken_off_and_a_clock_that_was_set_back_adds_none() {
    let left_at = |now| decode(&sample(), id(), now).unwrap().map.unwrap().values[1].left.unwrap();
    assert_eq!(left_at(NOW + 100), Duration::from_millis(200));
    assert_eq!(left_at(NOW + 301), Duration::ZERO);
    assert_eq!(left_at(NOW - 1), Duration::from_millis(300));
}

#[test]
fn a_time_beyond_all_numbers_is_kept_as_the_largest() {
    let values = [ValueView { left: Some(Duration::MAX), ..VALUES[1] }];
    let state = State { map: Some(MapSnapshot { values: &values, ..map() }), ..State::default() };
    let kept = decode(&encode(id(), 1, NOW, &state), id(), NOW).unwrap();
    assert_eq!(kept.values()[0].left, Some(Duration::from_millis(u64::MAX)));
}

#[test]
fn no_state_takes_more_than_is_reckoned() {
    let far = std::net::SocketAddr::from(([0xffff; 8], u16::MAX));
    let values = [ValueView { key: b"k", value: b"v", version: u64::MAX, left: Some(Duration::MAX) }];
    let version = MapVersion { epoch: u64::MAX, version: u64::MAX, watermark: u64::MAX };
    let map = Some(MapSnapshot { version, values: &values });
    let state = State {
        boot: u64::MAX,
        peers: &[far; 50],
        keys: &[b"secret".as_slice(); 3],
        map,
        removed_keys: &[[9; 4]; 9],
        seal_mode: Some(2),
    };
    let (bytes, most) = (encode(id(), u64::MAX, u64::MAX, &state).len() as u64, bytes_most(&state));
    assert!((bytes..bytes + 100).contains(&most), "{bytes} bytes, at most {most}");
}

#[test]
fn another_boot_number_changes_nothing_else() {
    let mut bytes = sample();
    set_boot(&mut bytes, 99);
    assert_eq!(decode(&bytes, id(), NOW), Ok(Kept { boot: Some(99), ..decode(&sample(), id(), NOW).unwrap() }));
}

#[test]
fn what_a_later_release_adds_is_skipped() {
    let peers_and_more = [&[1, 0, 10, 0, 0, 1, 0x8a, 0x3e], b"more".as_slice()].concat();
    let body = [section(0x7f, b"whatever"), section(1, &peers_and_more), section(0xff, b"")].concat();
    let expected = Kept { boot: Some(1_234), peers: vec![peers()[0]], ..Kept::default() };
    assert_eq!(decode(&file_of(1_234, &body), id(), NOW), Ok(expected));
}

#[test]
fn a_later_format_is_told_from_damage_whatever_it_looks_like_inside() {
    let later = [b"QNSTATE\0".as_slice(), &[2], b"all is different here, and longer than any head of today"].concat();
    assert_eq!(decode(&later, id(), NOW), Err(Damage::LaterVersion { version: 2 }));
    assert_eq!(decode(b"QNSTATE\0\x00", id(), NOW), Err(Damage::Foreign));
}

#[test]
fn another_node_s_file_is_not_believed() {
    assert_eq!(decode(&sample(), NodeId::from_name("somebody"), NOW), Err(Damage::OtherNode { id: id() }));
}

#[test]
fn a_section_that_claims_more_than_there_is_is_damage() {
    let claims = [
        (1, vec![1]),
        (2, [&[2], (1_u32 << 30).to_le_bytes().as_slice(), b"x"].concat()),
        (1, section(1, &VAST)),
        (2, section(2, &VAST)),
        (2, section(2, &[&[1], VAST.as_slice()].concat())),
        (2, section(2, b"\x01\x80\x80\x80\x80\x04x")),
        (3, section(3, &[&[1, 1, 1], VAST.as_slice()].concat())),
        (3, section(3, &[&[1, 1, 1, 1], VAST.as_slice()].concat())),
        (3, section(3, b"\x01\x01\x01\x01\x01k\x80\x80\x80\x80\x04v")),
        (3, section(3, &[0xff; 40])),
        (4, section(4, &[&[0], VAST.as_slice()].concat())),
        (4, section(4, &[0, 1, 9, 9, 9])),
        (1, section(1, b"\x01\x02\x00\x00\x00\x00\x00")),
        (3, section(3, b"")),
    ];
    for (kind, body) in claims {
        assert_eq!(decode(&file_of(1_234, &body), id(), NOW), Err(Damage::Section { kind }), "{body:?}");
    }
}
