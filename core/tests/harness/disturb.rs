//! What must change nothing, done at every opportunity: timeouts before their time, datagrams that are
//! refused.

use quidnunc_core::{Input, Instant, Node};

use super::{Peer, World, addr_of};

/// How a world is run. Two worlds that differ only here must put out the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// When the world begins, in the nodes' time.
    pub(crate) epoch: Instant,
    pub(crate) seed: u64,
    pub(crate) hash_seed: u64,
    /// Hands in a timeout wherever none is due (L3).
    pub(crate) spurious: bool,
    /// Hands in a datagram that is refused wherever no timeout is due (L5).
    pub(crate) junk: bool,
    /// Takes one packet and one event at a time, instead of all events and then all packets (L8).
    pub(crate) one_by_one: bool,
}

impl Options {
    pub(crate) const fn plain(seed: u64, epoch: Instant) -> Self {
        Self { epoch, seed, hash_seed: 0, spurious: false, junk: false, one_by_one: false }
    }
}

/// A small stream of numbers for the tests themselves (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % end).unwrap_or_default()
    }
}

impl World {
    /// Does to a peer what must change nothing.
    pub(super) fn disturb(&mut self, peer: usize) {
        let due = self.timer_at(peer).is_some_and(|at| at <= self.now);
        let Peer { frozen_until, runs, .. } = self.peers[peer];
        if due || !runs || frozen_until > self.now {
            return;
        }
        let now = self.instant();
        if self.options.spurious {
            self.peers[peer].node.handle(now, Input::Timeout).expect("a timeout is never refused");
            self.peers[peer].node.check();
        }
        if self.options.junk {
            self.refuse(peer);
        }
    }

    /// Hands in a datagram that is refused, if chance finds one, and asserts that nothing but counters and
    /// the clock has changed.
    fn refuse(&mut self, peer: usize) {
        let now = self.instant();
        let bytes = self.junk(peer);
        let from = addr_of(self.chance.below(4));
        let node = &mut self.peers[peer].node;
        let mut trial = node.clone();
        // An empty datagram is refused too, and passes the time.
        trial.handle(now, Input::Datagram { from, bytes: &[] }).expect_err("nothing is no datagram");
        let before = essence(&trial);
        if trial.handle(now, Input::Datagram { from, bytes: &bytes }).is_err() {
            assert_eq!(before, essence(&trial), "a refused datagram changes nothing but counters (L5)");
            *node = trial;
        }
    }

    fn junk(&mut self, peer: usize) -> Vec<u8> {
        let kind = self.chance.below(6);
        let len = self.chance.below(80);
        let heard = &self.peers[peer].heard;
        let Some((_, bytes)) = heard.get(self.chance.below(heard.len())) else {
            return (0..len).map(|_| self.chance.next().to_le_bytes()[0]).collect();
        };
        let mut bytes = bytes.clone();
        let place = self.chance.below(bytes.len());
        match kind {
            0 => bytes.truncate(place),
            1 => bytes[place] ^= 1 << self.chance.below(8),
            2 => bytes[4] ^= 1,
            3 => bytes.extend_from_slice(&[0x41, 0x05, 1, 2, 3]),
            // Somebody pretends to be the receiver itself.
            4 => bytes[14..30].copy_from_slice(&super::id_of(peer).to_bytes()),
            // Something is asked for with a cookie that was never given.
            _ => bytes.extend_from_slice(&[0x32, 10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0]),
        }
        // Mostly it is more than the checksum that is wrong.
        if !place.is_multiple_of(4) {
            quidnunc_core::fit_checksum(&mut bytes);
        }
        bytes
    }
}

/// Everything that a node is, except for its counters.
fn essence(node: &Node) -> String {
    let all = format!("{node:?}");
    let (head, tail) = all.split_once("stats: Stats {").expect("a node has counters");
    let (_, tail) = tail.split_once('}').expect("the counters end");
    format!("{head}{tail}")
}
