//! One node's seal, with what belongs to its driver.

use std::net::SocketAddr;

use quidnunc_core::seal::{Key, KeyRing, Mode, Opened, Refused, Seal, SealConfig};
use quidnunc_core::{Instant, NodeId, fit_checksum};

pub(crate) const CLUSTER: u32 = 0x1d07;

/// Milliseconds of virtual time.
pub(crate) const fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

pub(crate) fn key(secret: u8) -> Key {
    Key::new(&[secret; 32]).unwrap()
}

/// A datagram of a node: a valid frame around some bytes.
pub(crate) fn frame(sections: &[u8]) -> Vec<u8> {
    let mut bytes = [b"qn\x01\0", &CLUSTER.to_le_bytes()[..], &[0; 4], sections].concat();
    fit_checksum(&mut bytes);
    bytes
}

pub(crate) struct Party {
    pub(crate) seal: Seal,
    pub(crate) addr: SocketAddr,
}

/// What a datagram led to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) refused: Option<Refused>,
    /// What the node gets, at once or after it was held.
    pub(crate) frames: Vec<Vec<u8>>,
    pub(crate) answers: Vec<Vec<u8>>,
}

impl Outcome {
    /// Asserts that it was refused for this reason and led to nothing at all.
    #[track_caller]
    pub(crate) fn is_nothing_but(&self, refused: Refused) {
        assert_eq!(self.refused, Some(refused));
        assert!(self.frames.is_empty() && self.answers.is_empty(), "{self:?}");
    }
}

impl Party {
    /// The party of a number, which starts at this time, with entropy of this start alone.
    pub(crate) fn start(number: u8, millis: u64) -> Self {
        Self::with(number, millis, |_| {}, KeyRing::new(key(1)))
    }

    pub(crate) fn with(number: u8, millis: u64, set: impl FnOnce(&mut SealConfig), ring: KeyRing) -> Self {
        let mut config = SealConfig { mode: Mode::Require, ..SealConfig::new(CLUSTER, id(number)) };
        set(&mut config);
        let mut entropy = [number; 32];
        entropy[..8].copy_from_slice(&millis.to_le_bytes());
        Self { seal: Seal::new(config, ring, &entropy, at(millis)).unwrap(), addr: addr(number) }
    }

    /// Seals a frame around these bytes.
    pub(crate) fn send(&mut self, millis: u64, sections: &[u8]) -> Vec<u8> {
        let (plain, mut out) = (frame(sections), vec![0; 70_000]);
        let len = self.seal.seal(at(millis), &plain, &mut out).unwrap();
        out.truncate(len);
        out
    }

    /// Takes a datagram as a driver does. That nothing is answered by more than three times its bytes, nor elsewhere than
    /// where it came from, holds always, and is asserted here.
    pub(crate) fn take(&mut self, millis: u64, from: SocketAddr, bytes: &[u8]) -> Outcome {
        let (mut copy, mut frames) = (bytes.to_vec(), Vec::new());
        let refused_before = self.seal.stats().refused();
        let refused = match self.seal.open(at(millis), from, &mut copy) {
            Ok(Opened::Frame(frame)) => {
                frames.push(frame.to_vec());
                None
            }
            Ok(Opened::Held | Opened::Handshake) => None,
            Err(refused) => Some(refused),
        };
        assert_eq!(self.seal.stats().refused() - refused_before, u64::from(refused.is_some()), "it is counted");
        while let Some((_, frame)) = self.seal.poll_released() {
            frames.push(frame);
        }
        let (mut answers, mut out) = (Vec::new(), [0; 256]);
        while let Some((to, len)) = self.seal.poll_transmit(at(millis), &mut out) {
            assert_eq!(to, from, "an answer goes where the question came from");
            answers.push(out[..len].to_vec());
        }
        let answered: usize = answers.iter().map(Vec::len).sum();
        assert!(answered <= 3 * bytes.len(), "{answered} bytes for {}", bytes.len());
        Outcome { refused, frames, answers }
    }
}

pub(crate) fn id(number: u8) -> NodeId {
    NodeId::from_u128(u128::from(number))
}

pub(crate) fn addr(number: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, number], 7946))
}

/// Hands datagrams to and fro between two, without loss or time, until there are none. Returns what each got.
pub(crate) fn settle(millis: u64, a: &mut Party, b: &mut Party, to_b: Vec<Vec<u8>>) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let (mut to_a, mut to_b, mut got) = (Vec::new(), to_b, (Vec::new(), Vec::new()));
    for _ in 0..10 {
        for bytes in std::mem::take(&mut to_b) {
            let outcome = b.take(millis, a.addr, &bytes);
            got.1.extend(outcome.frames);
            to_a.extend(outcome.answers);
        }
        for bytes in std::mem::take(&mut to_a) {
            let outcome = a.take(millis, b.addr, &bytes);
            got.0.extend(outcome.frames);
            to_b.extend(outcome.answers);
        }
    }
    assert!(to_b.is_empty(), "a handshake ends");
    got
}

/// Two parties, started at 1000 ms, that have proven themselves to each other.
pub(crate) fn acquainted() -> (Party, Party) {
    let (mut a, mut b) = (Party::start(1, 1000), Party::start(2, 1000));
    let hello = a.send(1001, b"hello");
    assert_eq!(settle(1002, &mut a, &mut b, vec![hello]).1, [frame(b"hello")]);
    assert_eq!((a.seal.peers(), b.seal.peers()), (1, 1));
    (a, b)
}
