//! Who is in which subnet? Live members by their domain, so that one of a domain can be drawn at once.
//!
//! Twelve bytes per row and four per live member; kept only where targets are chosen by subnet (van Renesse 1998,
//! section 6). Members without a domain are in one subnet together.

use alloc::boxed::Box;
use core::array::IntoIter;
use core::iter::Take;

use serde::{Deserialize, Serialize};

use super::Membership;
use super::choice::{CHOICES, several};
use crate::vocab::{Chunks, Health, Rng, Slot};

/// The live members of one domain.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Subnet {
    members: Chunks<Slot>,
    /// Its place among those that have members.
    seat: u32,
}

/// Where a row stands: the place of its domain, and its own among that domain's members.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Stand {
    subnet: u16,
    place: u32,
}

/// All subnets, by the places of their domains.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Subnets {
    subnets: Chunks<Subnet>,
    /// By row; `None` of whoever does not live.
    stands: Chunks<Option<Stand>>,
    /// The subnets that have members.
    inhabited: Chunks<u16>,
}

impl Subnets {
    /// A row holds a live member of this subnet now, or nobody who lives.
    fn follow(&mut self, slot: Slot, subnet: Option<u16>) {
        // Rows come one after the other, and so do the places of domains.
        while self.stands.len() <= slot.index() {
            self.stands.push(None);
        }
        let before = self.stands[slot.index()];
        if before.map(|stand| stand.subnet) == subnet {
            return;
        }
        if let Some(stand) = before {
            self.leave(stand);
        }
        self.stands[slot.index()] = subnet.map(|subnet| self.enter(slot, subnet));
    }

    fn leave(&mut self, stand: Stand) {
        let Subnet { members, seat } = &mut self.subnets[usize::from(stand.subnet)];
        members.swap_remove(stand.place as usize);
        if let Some(&moved) = members.get(stand.place as usize) {
            self.stands[moved.index()] = Some(stand);
        } else if members.is_empty() {
            let seat = *seat;
            self.inhabited.swap_remove(seat as usize);
            if let Some(&moved) = self.inhabited.get(seat as usize) {
                self.subnets[usize::from(moved)].seat = seat;
            }
        }
    }

    fn enter(&mut self, slot: Slot, subnet: u16) -> Stand {
        while self.subnets.len() <= usize::from(subnet) {
            self.subnets.push(Subnet::default());
        }
        let Subnet { members, seat } = &mut self.subnets[usize::from(subnet)];
        if members.is_empty() {
            *seat = count(self.inhabited.len());
            self.inhabited.push(subnet);
        }
        members.push(slot);
        Stand { subnet, place: count(members.len() - 1) }
    }

    fn members(&self, subnet: u16) -> &Chunks<Slot> {
        const NOBODY: &Chunks<Slot> = &Chunks::new();
        self.subnets.get(usize::from(subnet)).map_or(NOBODY, |subnet| &subnet.members)
    }

    /// A random subnet with members that is not this one.
    fn other(&self, own: u16, rng: &mut Rng) -> Option<u16> {
        let own = self.subnets.get(usize::from(own)).filter(|own| !own.members.is_empty()).map(|own| own.seat);
        let others = count(self.inhabited.len()).checked_sub(u32::from(own.is_some())).filter(|&others| others > 0)?;
        let seat = rng.below(others);
        // The last seat stands for the own one.
        let seat = if own == Some(seat) { others } else { seat };
        self.inhabited.get(seat as usize).copied()
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl Membership {
    /// Keeps the subnets from now on.
    pub(crate) fn index_subnets(&mut self) {
        self.subnets = Some(Box::default());
        (0..self.rows()).for_each(|row| self.follow_subnet(Slot(row)));
    }

    /// A row says something else.
    pub(super) fn follow_subnet(&mut self, slot: Slot) {
        let Some(subnets) = &mut self.subnets else { return };
        let row = self.roster.get(slot);
        let lives = row.health().is_live() && !row.is_vacant();
        subnets.follow(slot, lives.then_some(row.domain()));
    }

    /// Up to `count` different targets that `wanted` accepts, by subnets: one of another subnet as often as one in so
    /// many times as the own subnet has members, else one of the own. Where a subnet has nobody who is wanted, any member
    /// does.
    pub(crate) fn choose_by_subnets(
        &self,
        count: u32,
        rng: &mut Rng,
        wanted: impl Fn(Slot, Health) -> bool,
    ) -> Take<IntoIter<Slot, CHOICES>> {
        several(count, |earlier| {
            let wanted = |slot, health| !earlier.contains(&slot) && wanted(slot, health);
            self.choose_by_subnet(rng, &wanted).or_else(|| self.choose(rng, wanted))
        })
    }

    fn choose_by_subnet(&self, rng: &mut Rng, wanted: &impl Fn(Slot, Health) -> bool) -> Option<Slot> {
        let subnets = self.subnets.as_ref()?;
        let own = self.roster.get(Slot::SELF).domain();
        let near = count(subnets.members(own).len());
        let far = if rng.below(near.max(1)) == 0 { subnets.other(own, rng) } else { None };
        let members = subnets.members(far.unwrap_or(own));
        self.first_wanted(|| members.get(rng.below(count(members.len()).max(1)) as usize).copied(), wanted)
    }

    /// Asserts that just the live members stand in the subnets, each in its own.
    pub(super) fn check_subnets(&self) {
        let Some(subnets) = &self.subnets else { return };
        let mut live = 0;
        for (subnet, Subnet { members, seat }) in (0..).zip(subnets.subnets.iter()) {
            let seated = subnets.inhabited.get(*seat as usize) == Some(&subnet);
            assert!(members.is_empty() || seated, "a subnet with members has its seat");
            for (place, &slot) in (0..).zip(members.iter()) {
                let stand = subnets.stands[slot.index()].map(|stand| (stand.subnet, stand.place));
                assert_eq!(stand, Some((subnet, place)), "a member stands where its row says");
                let row = self.roster.get(slot);
                assert_eq!((row.domain(), row.is_vacant()), (subnet, false), "in the subnet of its domain");
                live += 1;
            }
        }
        assert_eq!(live, self.live(), "everybody who lives, and nobody else");
        let inhabited = subnets.subnets.iter().filter(|subnet| !subnet.members.is_empty()).count();
        assert_eq!(subnets.inhabited.len(), inhabited, "a seat for each subnet with members");
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::net::SocketAddr;

    use proptest::prelude::*;

    use super::super::tests::limits;
    use super::*;
    use crate::vocab::{Domain, Incarnation, Instant, NodeId, Record, Rng};

    const NOW: Instant = Instant::from_nanos(0);
    const MEMBERS: u32 = 256;

    fn record(number: u32, domain: u32) -> Record {
        let [.., high, low] = number.to_be_bytes();
        let addr = SocketAddr::from(([10, 0, high, low], 7946));
        let domain = Domain::from_number(domain.into());
        Record { domain, ..Record::of_new_life(NodeId::from_u128(number.into()), 1, addr) }
    }

    proptest! {
        #[test]
        fn subnets_follow_the_rows(steps in prop::collection::vec((1..40_u32, 0..6_u32, 0..5_usize, 0..4_u32), 1..300)) {
            let mut membership = Membership::new(&record(0, 3), limits(24), NOW);
            membership.index_subnets();
            for (number, domain, health, counter) in steps {
                let health = [Health::Alive, Health::Alive, Health::Suspect, Health::Dead, Health::Left][health];
                let incarnation = Incarnation { boot: 1, counter };
                membership.apply(&Record { health, incarnation, ..record(number, domain) }, NOW);
                membership.check();
            }
        }
    }

    /// Member `number` of 256 in so many subnets, who knows everybody.
    fn member(number: u32, subnets: u32) -> (Membership, Rng) {
        let of = |number| record(number, 1 + number % subnets);
        let mut membership = Membership::new(&of(number), limits(MEMBERS), NOW);
        membership.index_subnets();
        (0..MEMBERS).filter(|&other| other != number).for_each(|other| {
            membership.apply(&of(other), NOW);
        });
        (membership, Rng::new(1, NodeId::from_u128(number.into()), subnets.into()))
    }

    /// Mean rounds until everybody has heard of member 0, and how many of a thousand messages go to another subnet. Whoever
    /// hears in one round tells from the next one on.
    fn spread(subnets: u32) -> (f64, u32) {
        const TRIALS: u32 = 60;
        let mut members: Vec<(Membership, Rng)> = (0..MEMBERS).map(|number| member(number, subnets)).collect();
        let (mut rounds, mut sent, mut far) = (0, 0_u32, 0_u32);
        for _ in 0..TRIALS {
            let mut knows = alloc::vec![false; MEMBERS as usize];
            knows[0] = true;
            while knows.contains(&false) {
                rounds += 1;
                let before = knows.clone();
                for (from, (membership, rng)) in members.iter_mut().enumerate().filter(|&(from, _)| before[from]) {
                    let slot = membership.choose_by_subnets(1, rng, |_, health| health.is_live()).next().expect("one");
                    let to = u128::from_be_bytes(membership.record(slot).id.to_bytes());
                    let to = usize::try_from(to).expect("small");
                    knows[to] = true;
                    sent += 1;
                    far += u32::from((from ^ to) & (subnets as usize - 1) != 0);
                }
            }
        }
        (f64::from(rounds) / f64::from(TRIALS), far * 1000 / sent)
    }

    /// VR-5 by the choice that nodes make: the abstract process takes 14.6, 21.7, 23.6, 20.6 and 14.6 rounds.
    #[test]
    fn rounds_are_those_of_the_paper() {
        let rows =
            [(1, 14.7, 0..1), (4, 21.7, 12..20), (16, 23.6, 55..70), (64, 20.6, 235..265), (256, 14.6, 1000..1001)];
        for (subnets, rounds, far) in rows {
            let (mean, crossed) = spread(subnets);
            // The deviation of one trial is about two rounds: four errors of 60 trials.
            assert!((mean - rounds).abs() < 1.1, "{mean} rounds over {subnets} subnets");
            assert!(far.contains(&crossed), "{crossed} of 1000 messages cross {subnets} subnets");
        }
    }

    #[test]
    fn a_cluster_that_grows_moves_nobody() {
        let mut subnets = Subnets::default();
        (0..1000).for_each(|row| subnets.follow(Slot(row), Some(7)));
        let places = |subnets: &Subnets| {
            let members = &subnets.subnets[7].members;
            (0..1000).map(|place| (&raw const members[place], &raw const subnets.stands[place])).collect::<Vec<_>>()
        };
        let before = places(&subnets);
        (1000..100_000).for_each(|row| subnets.follow(Slot(row), Some(u16::try_from(row % 5000).expect("small"))));
        (0..100_000).for_each(|row| subnets.follow(Slot(row), Some(7)));
        assert!(before == places(&subnets), "what stands there stays there");
    }

    #[test]
    fn whoever_finds_nobody_in_a_subnet_takes_anybody() {
        let (membership, mut rng) = member(0, 2);
        // Only the other subnet has somebody.
        let wanted = |slot: Slot, _| membership.record(slot).domain == Domain::from_number(2);
        let chosen = membership.choose_by_subnets(16, &mut rng, wanted);
        assert!(chosen.len() >= 14, "{} are found", chosen.len());
    }
}
