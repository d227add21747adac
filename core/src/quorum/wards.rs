//! How many votes are there, and how many are seen, in which domain?
//!
//! A *ward* is what is kept of one domain in which voters stand. Invariant: the tally is the sum of all wards that
//! count, after every call; so votes are counted in O(1), however many voters there are.

use alloc::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::provider::{Count, Provider, majority};
use crate::vocab::{Domain, NodeId, mix, stable_hash};

/// What the configuration says of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seat {
    /// 0 of a member that does not vote.
    pub(super) votes: u32,
    pub(super) domain: Domain,
}

impl Seat {
    fn sum(self, id: NodeId) -> u64 {
        let (high, low) = id.words();
        mix([high, low, self.domain.number(), self.votes.into()])
    }
}

/// One domain.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Ward {
    is_active: bool,
    seats: usize,
    votes: u64,
    seen: u64,
    voters: BTreeSet<NodeId>,
    /// Those but the node itself of whom nobody says that they died, by a hash, so that one can be drawn.
    mates: BTreeSet<(u64, NodeId)>,
}

impl Ward {
    pub(super) const fn is_active(&self) -> bool {
        self.is_active
    }

    pub(super) const fn seats(&self) -> usize {
        self.seats
    }

    pub(super) const fn votes(&self) -> u64 {
        self.votes
    }

    pub(super) const fn seen(&self) -> u64 {
        self.seen
    }

    /// Whether more than half of its votes are seen.
    pub(super) const fn is_held(&self) -> bool {
        self.seen >= majority(self.votes)
    }
}

/// The sum of several wards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Tally {
    votes: u64,
    seen: u64,
    domains: u64,
    held: u64,
}

/// All wards.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Wards {
    provider: Provider,
    wards: BTreeMap<Domain, Ward>,
    tally: Tally,
    /// Of all seats, the same for the same ones.
    sum: u64,
    /// How many voters that are seen have so many votes.
    weights: BTreeMap<u32, u64>,
}

impl Wards {
    pub(super) const fn new(provider: Provider) -> Self {
        let tally = Tally { votes: 0, seen: 0, domains: 0, held: 0 };
        Self { provider, wards: BTreeMap::new(), tally, sum: 0, weights: BTreeMap::new() }
    }

    pub(super) fn get(&self, domain: Domain) -> Option<&Ward> {
        self.wards.get(&domain)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Domain, &Ward)> {
        self.wards.iter()
    }

    /// How many voters that are seen have which weight, lightest first.
    pub(super) fn weights(&self) -> impl DoubleEndedIterator<Item = (u32, u64)> {
        self.weights.iter().map(|(&weight, &voters)| (weight, voters))
    }

    /// The sum of all seats: the same for the same ones.
    pub(super) const fn sum(&self) -> u64 {
        self.sum
    }

    /// Whether the votes of a ward count.
    pub(super) const fn counts(&self, ward: &Ward) -> bool {
        ward.is_active || !self.provider.is_by_domain()
    }

    fn part(&self, ward: &Ward) -> Tally {
        if !self.counts(ward) {
            return Tally::default();
        }
        let Ward { votes, seen, .. } = *ward;
        Tally { votes, seen, domains: u64::from(votes > 0), held: u64::from(ward.is_held()) }
    }

    /// Changes one ward, and with it the tally. A ward without seats goes.
    fn change(&mut self, domain: Domain, edit: impl FnOnce(&mut Ward)) {
        let mut ward = self.wards.remove(&domain).unwrap_or_default();
        let before = self.part(&ward);
        edit(&mut ward);
        let after = self.part(&ward);
        let change = |sum: &mut u64, before: u64, after: u64| *sum = *sum - before + after;
        change(&mut self.tally.votes, before.votes, after.votes);
        change(&mut self.tally.seen, before.seen, after.seen);
        change(&mut self.tally.domains, before.domains, after.domains);
        change(&mut self.tally.held, before.held, after.held);
        if ward.seats > 0 {
            self.wards.insert(domain, ward);
        }
    }

    /// A member has a seat. `is_active` says whether the configuration calls its domain active.
    pub(super) fn add(&mut self, id: NodeId, seat: Seat, is_active: bool) {
        self.sum = self.sum.wrapping_add(seat.sum(id));
        self.change(seat.domain, |ward| {
            ward.is_active = is_active;
            ward.seats += 1;
            ward.votes += u64::from(seat.votes);
            if seat.votes > 0 {
                ward.voters.insert(id);
            }
        });
    }

    /// A member that is not seen, and no mate, has its seat no more.
    pub(super) fn take(&mut self, id: NodeId, seat: Seat) {
        self.sum = self.sum.wrapping_sub(seat.sum(id));
        self.change(seat.domain, |ward| {
            ward.seats -= 1;
            ward.votes -= u64::from(seat.votes);
            ward.voters.remove(&id);
        });
    }

    /// A member with a seat is seen, or is not seen any more.
    pub(super) fn see(&mut self, seat: Seat, is_seen: bool) {
        let votes = u64::from(seat.votes);
        self.change(seat.domain, |ward| ward.seen = if is_seen { ward.seen + votes } else { ward.seen - votes });
        if seat.votes == 0 {
            return;
        }
        let voters = self.weights.entry(seat.votes).or_default();
        *voters = if is_seen { *voters + 1 } else { *voters - 1 };
        if *voters == 0 {
            self.weights.remove(&seat.votes);
        }
    }

    /// Nobody is seen.
    pub(super) fn blind(&mut self) {
        self.weights.clear();
        self.wards.values_mut().for_each(|ward| ward.seen = 0);
        (self.tally.seen, self.tally.held) = (0, 0);
    }

    /// A domain is active, or is not.
    pub(super) fn activate(&mut self, domain: Domain, is_active: bool) {
        if self.wards.contains_key(&domain) {
            self.change(domain, |ward| ward.is_active = is_active);
        }
    }

    /// A member with a seat lives as far as anybody says, or does not.
    pub(super) fn set_mate(&mut self, id: NodeId, domain: Domain, lives: bool) {
        let Some(ward) = self.wards.get_mut(&domain) else { return };
        if lives {
            ward.mates.insert(place(id));
        } else {
            ward.mates.remove(&place(id));
        }
    }

    /// A member of a domain that lives as far as anybody says and that is none of these: the first one from a place in
    /// the order of hashes.
    pub(super) fn mate(&self, domain: Domain, from: u64, not: &[NodeId]) -> Option<NodeId> {
        let mates = &self.wards.get(&domain)?.mates;
        let start = (from, NodeId::from_u128(0));
        let mut turn = mates.range(start..).chain(mates.range(..start)).map(|&(_, id)| id);
        turn.find(|id| !not.contains(id))
    }

    /// The voters from a place on, in the order of domains and identities.
    pub(super) fn voters_from(&self, (domain, id): (Domain, NodeId)) -> impl Iterator<Item = (Domain, NodeId)> {
        self.wards.range(domain..).flat_map(move |(&at, ward)| {
            let first = if at == domain { id } else { NodeId::from_u128(0) };
            ward.voters.range(first..).map(move |&id| (at, id))
        })
    }

    /// What was counted. `own` is the node's domain, `is_seen` says whether a voter is seen.
    pub(super) fn count(&self, own: Option<Domain>, breaks_ties: bool, is_seen: impl Fn(NodeId) -> bool) -> Count {
        let Tally { votes, seen, domains, held } = self.tally;
        let own_active = own.and_then(|own| self.get(own)).is_some_and(Ward::is_active);
        let count = Count { known: !self.wards.is_empty(), own_active, votes, seen, domains, held, tie: false };
        Count { tie: breaks_ties && self.provider.is_tie(&count) && self.has_breaker(is_seen), ..count }
    }

    /// Whether what decides an exact half is seen.
    fn has_breaker(&self, is_seen: impl Fn(NodeId) -> bool) -> bool {
        let mut counting = self.wards.values().filter(|ward| self.counts(ward) && ward.votes > 0);
        if self.provider == Provider::MajorityOfDomains {
            return counting.next().is_some_and(Ward::is_held);
        }
        counting.filter_map(|ward| ward.voters.first()).min().is_some_and(|&id| is_seen(id))
    }

    /// Asserts that the tally is the sum of the wards, and each ward that of its seats, of whom these are all.
    pub(super) fn check(&self, seats: impl Iterator<Item = (NodeId, Seat, bool, bool)>) {
        let (mut sums, mut weights) = (BTreeMap::<Domain, Ward>::new(), BTreeMap::<u32, u64>::new());
        let mut sum = 0_u64;
        for (id, seat, is_seen, is_mate) in seats {
            sum = sum.wrapping_add(seat.sum(id));
            let ward = sums.entry(seat.domain).or_default();
            (ward.seats, ward.votes) = (ward.seats + 1, ward.votes + u64::from(seat.votes));
            if is_seen && seat.votes > 0 {
                ward.seen += u64::from(seat.votes);
                *weights.entry(seat.votes).or_default() += 1;
            }
            if seat.votes > 0 {
                ward.voters.insert(id);
            }
            if is_mate {
                ward.mates.insert(place(id));
            }
        }
        assert_eq!(self.sum, sum, "the sum is that of the seats");
        assert_eq!(self.weights, weights, "the seen are counted by weight");
        assert!(self.wards.keys().eq(sums.keys()), "a ward has seats");
        let mut tally = Tally::default();
        for (ward, sum) in self.wards.values().zip(sums.values()) {
            assert_eq!((ward.seats, ward.votes, ward.seen), (sum.seats, sum.votes, sum.seen), "seats are counted");
            assert_eq!((&ward.voters, &ward.mates), (&sum.voters, &sum.mates), "whoever votes, or lives, is known");
            let part = self.part(ward);
            tally.votes += part.votes;
            tally.seen += part.seen;
            tally.domains += part.domains;
            tally.held += part.held;
        }
        assert_eq!(self.tally, tally, "the tally is the sum of the wards that count");
    }
}

/// Apart from the seeds of other hashes.
const PLACE_SEED: u64 = 5;

/// A member's place in its ward: by hash, since identities may be small numbers.
fn place(id: NodeId) -> (u64, NodeId) {
    (stable_hash(PLACE_SEED, &id.to_bytes()), id)
}
