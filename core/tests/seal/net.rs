//! A few parties over links that lose, double, delay and reorder; each datagram has a number and is looked for.

use std::collections::{BTreeMap, BTreeSet};

use quidnunc_core::seal::{HANDSHAKE_BYTES, Mode};

use super::party::{Party, addr};
use crate::harness::Chance;

struct Flight {
    from: usize,
    to: usize,
    bytes: Vec<u8>,
}

pub(crate) struct Net {
    pub(crate) parties: Vec<Party>,
    pub(crate) millis: u64,
    pub(crate) chance: Chance,
    pub(crate) loss_percent: u64,
    pub(crate) double_percent: u64,
    /// Shortest delay, and one more than the longest.
    pub(crate) delays: std::ops::Range<u64>,
    /// Who got which number.
    pub(crate) got: BTreeSet<(usize, u32)>,
    /// Every number that went out: to whom, when, and whether the link lost it.
    pub(crate) sent: BTreeMap<u32, (usize, u64, bool)>,
    flights: BTreeMap<(u64, u64), Flight>,
    flown: u64,
}

impl Net {
    pub(crate) fn new(seed: u64, parties: Vec<Party>, delays: std::ops::Range<u64>) -> Self {
        Self {
            parties,
            millis: 1000,
            chance: Chance::new(seed),
            loss_percent: 0,
            double_percent: 0,
            delays,
            got: BTreeSet::new(),
            sent: BTreeMap::new(),
            flights: BTreeMap::new(),
            flown: 0,
        }
    }

    /// A party tells another one the next number.
    pub(crate) fn say(&mut self, from: usize, to: usize) {
        let number = u32::try_from(self.sent.len()).unwrap();
        let bytes = self.parties[from].send(self.millis, &[number.to_le_bytes(), [0; 4]].concat());
        let sealed = self.parties[from].seal.mode() != Mode::Off;
        assert_eq!(bytes.len(), 20 + if sealed { 64 } else { 0 });
        let arrives = self.fly(from, to, &bytes);
        self.sent.insert(number, (to, self.millis, !arrives));
    }

    /// Lets a millisecond pass.
    pub(crate) fn tick(&mut self) {
        self.millis += 1;
        while let Some(entry) = self.flights.first_entry().filter(|entry| entry.key().0 <= self.millis) {
            let Flight { from, to, bytes } = entry.remove();
            let outcome = self.parties[to].take(self.millis, addr_of(from), &bytes);
            for frame in outcome.frames {
                let number = u32::from_le_bytes(*frame[12..].first_chunk().unwrap());
                assert!(self.got.insert((to, number)), "{number} came to {to} twice");
            }
            for answer in outcome.answers {
                assert_eq!(answer.len(), HANDSHAKE_BYTES);
                self.fly(to, from, &answer);
            }
        }
    }

    /// The numbers that the link did not lose, and that did not come all the same.
    pub(crate) fn missing(&self) -> Vec<(u32, usize, u64)> {
        let arrived = self.sent.iter().filter(|(_, (_, _, lost))| !lost);
        let missing = arrived.filter(|&(&number, &(to, _, _))| !self.got.contains(&(to, number)));
        missing.map(|(&number, &(to, millis, _))| (number, to, millis)).collect()
    }

    fn fly(&mut self, from: usize, to: usize, bytes: &[u8]) -> bool {
        if self.chance.next() % 100 < self.loss_percent {
            return false;
        }
        let copies = 1 + u64::from(self.chance.next() % 100 < self.double_percent);
        for _ in 0..copies {
            let delay = self.delays.start + self.chance.next() % (self.delays.end - self.delays.start);
            self.flown += 1;
            let flight = Flight { from, to, bytes: bytes.to_vec() };
            self.flights.insert((self.millis + delay, self.flown), flight);
        }
        true
    }
}

fn addr_of(party: usize) -> std::net::SocketAddr {
    addr(u8::try_from(party).unwrap() + 1)
}
