//! What the fuzz targets do with their bytes, as functions that an ordinary test can call too.

use quidnunc_core::{Config, DecodeError, Instant, fit_checksum, probe_decoder};

use crate::harness::{Options, Step, World};

/// The most steps that one input may ask for, so that a long input is not a slow one.
const STEPS_MAX: usize = 64;

/// Decoding is total: any bytes give a datagram or an error.
pub(crate) fn decode(bytes: &[u8]) {
    // The cluster is the datagram's own, so that the fuzzer need not guess it.
    let cluster = bytes.get(4..8).and_then(|tag| tag.try_into().ok()).map_or(0, u32::from_le_bytes);
    let first = probe_decoder(bytes, cluster);
    assert_eq!(first, probe_decoder(bytes, cluster), "decoding has no memory");
    // What lies behind the checksum is reached too.
    let mut fitting = bytes.to_vec();
    fit_checksum(&mut fitting);
    assert_ne!(probe_decoder(&fitting, cluster), Err(DecodeError::Damaged), "the checksum fits");
}

/// Any inputs in any order keep every invariant: the world checks them all after each input.
pub(crate) fn handle_sequence(bytes: &[u8]) {
    let mut bytes = bytes.iter().copied();
    let seed = u64::from(bytes.next().unwrap_or_default());
    let mut world = World::new(3, Config::lan(), Options::plain(seed, Instant::from_nanos(seed << 54)));
    for _ in 0..STEPS_MAX {
        let Some(step) = read_step(&mut bytes) else { break };
        world.step(&step);
    }
}

fn read_step(bytes: &mut impl Iterator<Item = u8>) -> Option<Step> {
    let (what, peer) = (bytes.next()?, bytes.next()?);
    let mut byte = || bytes.next().unwrap_or_default();
    let mut wide = || u16::from_le_bytes([byte(), byte()]);
    Some(match what % 14 {
        0 => Step::Run { millis: wide() % 4096 },
        1 => Step::Join { peer, seed: byte() },
        2 => Step::Leave { peer },
        3 => Step::Kill { peer },
        4 => Step::Restart { peer },
        5 => Step::Freeze { peer, millis: wide() },
        6 => Step::Buffer { peer, bytes: 512 + wide() % 1024 },
        7 => Step::Backwards { peer, millis: wide() },
        8 => Step::Again { peer, back: byte(), from: byte() },
        9 => Step::Mutated { peer, place: wide(), back: byte(), xor: byte() },
        10 => Step::Cut { peer, len: wide(), back: byte() },
        11 => Step::Foreign { peer, back: byte() },
        12 => Step::Run { millis: u16::from(peer) },
        _ => {
            let len = usize::from(byte());
            Step::Noise { peer, bytes: bytes.take(len).collect() }
        }
    })
}
