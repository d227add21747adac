//! Does anything that can happen to spans break a copy, or leave it behind for good?
//!
//! Short random runs: changes, waiting, cuts, spans that are lost, doubled and late, copies forgotten, owners that
//! lose everything. After every step [`Nodes::check`] compares copies, readers and watchers with the truth, and
//! [`Nodes::take`] sees that no copy goes back.
//!
//! What each rule of `judge` is good for, and the first run that fails without it:
//! * a copy that is being made anew takes nothing from a staler one (`may_serve`): deleted keys come back, seed 6599;
//! * who missed forgotten tombstones begins anew (`is_lost_to`): deleted keys stay, seed 18;
//! * but only then, not at an equal watermark: a reset begins again with each span and never ends, seed 14;
//! * no gap is jumped (`from > version`): living keys are missing, seed 76.
//!
//! And of `tip`: what is there of a value is given up when the copy comes further without it, seed 6 with long values;
//! spans that overlap bring no grain twice, seed 345.
//!
//! And of `apply`: without a second copy beside the old one readers see a half-filled map, seed 1.

use super::*;
use crate::vocab::{NodeId, Rng};

/// A message that may yet arrive.
#[derive(Debug, Clone)]
enum Flying {
    Ask { from: usize, to: usize, owner: usize, head: Head },
    Give { to: usize, packed: Packed },
}

struct Run {
    rng: Rng,
    nodes: Nodes,
    /// The first so many nodes say something.
    owners: u32,
    /// Some values take so many grains at most.
    grains: u32,
    keys: u32,
    flying: Vec<Flying>,
    /// Pairs of nodes that do not reach each other.
    cut: Vec<(usize, usize)>,
}

const NODES: u32 = 4;

impl Run {
    fn new(seed: u64, owners: u32, grains: u32) -> Self {
        let mut rng = Rng::new(seed, NodeId::from_u128(u128::from(owners)), 0);
        let keys = 2 + rng.below(7);
        let nodes = Nodes::new(NODES as usize, LIMITS);
        Self { rng, nodes, owners, grains, keys, flying: Vec::new(), cut: Vec::new() }
    }

    fn one_of(&mut self, count: u32) -> usize {
        self.rng.below(count) as usize
    }

    fn key(&mut self) -> [u8; 1] {
        [b'a' + u8::try_from(self.rng.below(self.keys)).expect("few keys")]
    }

    fn step(&mut self) {
        match self.rng.below(32) {
            0..=4 => self.put(),
            5..=8 => {
                let (owner, key) = (self.one_of(self.owners), self.key());
                self.nodes.delete(owner, &key);
            }
            9..=12 => {
                let most = if self.rng.below(4) == 0 { 20_000 } else { 4000 };
                let time = ms(self.rng.below(most).into());
                self.nodes.wait(time);
                self.check();
            }
            13..=22 => self.ask(),
            23..=27 => self.arrive(),
            28 if !self.flying.is_empty() => {
                let lost = self.rng.below(self.flying.len().try_into().expect("few"));
                self.flying.swap_remove(lost as usize);
            }
            29 | 30 => {
                let pair = (self.one_of(NODES), self.one_of(NODES));
                if self.rng.below(2) == 0 || self.cut.pop().is_none() {
                    self.cut.push(pair);
                }
            }
            31 => self.lose(),
            _ => {}
        }
    }

    fn put(&mut self) {
        let (owner, key, mut value) =
            (self.one_of(self.owners), self.key(), alloc::vec![u8::from(self.rng.below(2) == 0)]);
        if self.grains > 1 {
            let grains = self.rng.below(self.grains) as usize;
            // Every grain is another one, and some values end with a whole one.
            value.extend((0..grains).flat_map(|grain| grain.to_le_bytes().repeat(GRAIN_BYTES / 8)));
            value.truncate(value.len() - usize::from(grains > 0 && self.rng.below(2) == 0));
        }
        let ttl = (self.rng.below(6) == 0).then(|| ms(1 + u64::from(self.rng.below(9000))));
        self.nodes.put(owner, &key, &value, ttl);
    }

    fn ask(&mut self) {
        let (from, to, owner) = (self.one_of(NODES), self.one_of(NODES), self.one_of(self.owners));
        if from == owner || from == to || self.cut.contains(&(from, to)) || self.cut.contains(&(to, from)) {
            return;
        }
        let budget = 1 + self.one_of(3);
        if self.rng.below(3) > 0 {
            self.nodes.exchange(from, to, owner, budget);
        } else {
            let mut head = self.nodes.head(from, owner);
            // Some ask for what comes after what they still wait for.
            head.version += u64::from(self.rng.below(4) == 0);
            self.flying.push(Flying::Ask { from, to, owner, head });
        }
    }

    /// Any message arrives, and may arrive again.
    fn arrive(&mut self) {
        if self.flying.is_empty() {
            return;
        }
        let place = self.rng.below(self.flying.len().try_into().expect("few")) as usize;
        let message = self.flying[place].clone();
        if self.rng.below(4) > 0 {
            self.flying.swap_remove(place);
        }
        match message {
            Flying::Ask { from, to, owner, head } => {
                let budget = 1 + self.one_of(3);
                let packed = self.nodes.pack(to, owner, head, budget);
                self.flying.extend(packed.map(|packed| Flying::Give { to: from, packed }));
            }
            Flying::Give { to, packed } => {
                // It comes too early, too late or again: refusing is right, and changes nothing.
                let _ = self.nodes.take(to, &packed);
            }
        }
    }

    /// Somebody loses something.
    fn lose(&mut self) {
        let (at, owner) = (self.one_of(NODES), self.one_of(self.owners));
        match self.rng.below(6) {
            0 => self.nodes.restart(owner),
            1 => self.nodes.reopen(owner),
            _ if at != owner => self.nodes.forget(at, owner),
            _ => {}
        }
    }

    fn check(&self) {
        for at in 0..NODES as usize {
            (0..self.owners as usize).for_each(|owner| self.nodes.check(at, owner));
        }
    }

    /// Everybody asks everybody until nobody learns anything. A copy asks the owner in every round and comes at
    /// least one entry further, and a reset begins at most once for each watermark that others still have.
    fn settle(&mut self) {
        let bound = (self.keys + 2 + NODES) * self.grains;
        for _ in 0..bound {
            let (turn, mut moved) = (self.one_of(NODES), false);
            for pair in 0..NODES as usize * NODES as usize {
                let (at, holder) = ((pair + turn) % NODES as usize, pair / NODES as usize);
                for owner in (0..self.owners as usize).filter(|&owner| owner != at && at != holder) {
                    let budget = 1 + self.one_of(3);
                    moved |= self.nodes.exchange(at, holder, owner, budget);
                }
            }
            if !moved {
                return;
            }
        }
        panic!("not settled after {bound} rounds");
    }

    /// Everybody holds the same, and readers see it.
    fn compare(&self) {
        for owner in 0..self.owners as usize {
            let (head, map) = (self.nodes.head(owner, owner), self.nodes.readable(owner, owner));
            if head.version == 0 {
                // It lost everything and has said nothing since: others rightly keep what it said.
                continue;
            }
            for at in 0..NODES as usize {
                assert_eq!(self.nodes.head(at, owner), head, "heads of {owner} at {at}");
                assert_eq!(self.nodes.readable(at, owner), map, "map of {owner} at {at}");
            }
        }
        let parts = |at| self.nodes.room(at).fingerprint();
        if (0..self.owners as usize).all(|owner| self.nodes.head(owner, owner).version > 0) {
            assert!((1..NODES as usize).all(|at| parts(at) == parts(0)), "fingerprints");
        }
    }

    fn whole(mut self) {
        let steps = 30 + self.rng.below(50);
        (0..steps).for_each(|_| self.step());
        self.flying.clear();
        self.settle();
        self.check();
        // What ends has ended everywhere, and every tombstone is old.
        for _ in 0..3 {
            self.nodes.wait(secs(40));
        }
        self.settle();
        self.check();
        self.compare();
        for owner in 0..self.owners as usize {
            let weight = |at| self.nodes.room(at).owner(self.nodes.slot(at, owner)).map(|copy| copy.latest().weight);
            if self.nodes.head(owner, owner).version > 0 {
                assert!((0..NODES as usize).all(|at| weight(at) == weight(owner)), "no copy keeps what others drop");
            }
        }
    }
}

fn run_all(seeds: core::ops::Range<u64>, owners: u32, grains: u32) {
    for seed in seeds {
        let run = std::panic::catch_unwind(|| Run::new(seed, owners, grains).whole());
        assert!(run.is_ok(), "the run of seed {seed} with {owners} owners, {grains} grains, fails as told above");
    }
}

#[test]
fn whatever_happens_every_copy_ends_as_its_owners_map() {
    run_all(0..100_000, 1, 1);
}

#[test]
fn maps_of_several_owners_do_not_touch_each_other() {
    run_all(0..5000, 3, 1);
}

#[test]
fn long_values_come_in_parts_and_end_as_their_owners() {
    run_all(0..20_000, 1, 5);
    run_all(0..2000, 2, 3);
}
