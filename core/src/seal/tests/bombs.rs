//! What a holder of the key could pack to make others allocate: refused by its length, before there is room for it.

use super::super::compress::inflated_len;
use super::super::header::{COMPRESSED, HANDSHAKE, HEADER_BYTES};
use super::super::sealing::Nonced;
use super::super::{Opened, Refused, Seal};
use super::{frame, seal};
use crate::vocab::Instant;
use alloc::vec;
use alloc::vec::Vec;
use core::net::SocketAddr;

const NOW: Instant = Instant::from_nanos(1000);

fn addr(last: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, last], 7946))
}

/// Seals a text as it is, under any flags.
fn packed(seal: &mut Seal, flags: u8, text: &[u8]) -> Vec<u8> {
    let mut bytes = [&[0; HEADER_BYTES], text, &[0; 16]].concat();
    let (header, rest) = bytes.split_first_chunk_mut().expect("it is there");
    let (text, tail) = rest.split_at_mut(text.len());
    let nonced = Nonced { now: NOW, checksum: 0, cluster: 7, flags };
    nonced.seal(seal.own.as_mut().expect("it has a key"), header, text, tail).expect("the salt is fresh");
    bytes
}

/// A seal, and one that it has heard of.
fn pair() -> (Seal, Seal) {
    let (mut a, mut b) = (seal(1, 1), seal(2, 2));
    let (mut there, mut back) = ([0; 256], [0; 256]);
    let mut len = a.seal(NOW, &frame(b"hello"), &mut there).expect("there is room");
    for _ in 0..2 {
        b.open(NOW, addr(1), &mut there[..len]).expect("it is let in");
        let (_, answer) = b.poll_transmit(NOW, &mut back).expect("it asks");
        a.open(NOW, addr(2), &mut back[..answer]).expect("it is let in");
        len = a.poll_transmit(NOW, &mut there).map_or(0, |(_, len)| len);
    }
    assert_eq!((a.peers(), b.peers()), (1, 1));
    (a, b)
}

#[test]
fn a_bomb_does_not_go_off() {
    let (mut a, mut b) = pair();
    let block = lz4_flex::block::compress(&vec![0; 60_000]);
    let with_len = |len: u16, block: &[u8]| [&len.to_le_bytes(), block].concat();
    let cases = [
        (with_len(65_535, &block), Refused::Bomb),
        (with_len(65_500, &block), Refused::Bomb),
        (with_len(600, &block), Refused::Bomb),
        (with_len(60_001, &block), Refused::Malformed),
        (with_len(100, b"no block at all"), Refused::Malformed),
        (vec![1], Refused::Malformed),
        (vec![], Refused::Malformed),
    ];
    for (text, refused) in cases {
        let mut bytes = packed(&mut a, COMPRESSED, &text);
        assert_eq!(b.open(NOW, addr(1), &mut bytes), Err(refused), "{text:02x?}");
        assert!(b.poll_transmit(NOW, &mut [0; 256]).is_none());
    }
    assert!(b.inflated.capacity() < 70_000, "{}", b.inflated.capacity());
    assert_eq!((b.stats().bombs, b.stats().malformed), (3, 4));
    let mut good = packed(&mut a, COMPRESSED, &with_len(60_000, &block));
    let opened = b.open(NOW, addr(1), &mut good);
    assert!(matches!(opened, Ok(Opened::Frame(frame)) if frame.len() == 60_008 && frame[8..] == [0; 60_000]));
}

#[test]
fn what_is_said_of_the_length_is_bounded_by_what_is_there() {
    assert_eq!(inflated_len(&[0xff, 0x00, 1]), Ok(255));
    assert_eq!(inflated_len(&[0x00, 0x01, 1]), Err(Refused::Bomb));
    assert_eq!(inflated_len(&[0xdb, 0xff].into_iter().chain([0; 300]).collect::<Vec<_>>()), Ok(65_499));
    assert_eq!(inflated_len(&[0xdc, 0xff].into_iter().chain([0; 300]).collect::<Vec<_>>()), Err(Refused::Bomb));
}

#[test]
fn flags_that_make_no_sense_are_refused() {
    let (mut a, mut b) = pair();
    let mut bytes = packed(&mut a, HANDSHAKE, b"short");
    assert_eq!(b.open(NOW, addr(1), &mut bytes), Err(Refused::Malformed));
    let mut bytes = packed(&mut a, HANDSHAKE | COMPRESSED, &[0; 49]);
    assert_eq!(b.open(NOW, addr(1), &mut bytes), Err(Refused::Unknown), "a handshake is never compressed");
}
