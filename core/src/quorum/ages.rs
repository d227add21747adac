//! How old is what was heard of the voters? What is told of that to others, and what they tell.
//!
//! Ages are told without names, in the order of domains and identities from one voter on; so they mean something only
//! between nodes that were told the same of who votes, where, for how long somebody counts as seen, and under which epoch. The sum
//! of all that goes along, and what comes with another one is not heard.
//!
//! In which life a voter was heard is not told either: who believes in a later life has it from somebody who heard of
//! that one later still.
//!
//! An age is rounded up, and each hop adds as much as a packet may take: what is told on and on, by many to many, would get
//! younger by its time on the way otherwise, and the youngest copy wins. So a lease does not end later than that of whoever
//! heard the voter itself, as long as no packet takes longer. After a freeze nothing is told for a lease: what lay in the socket was heard who
//! knows when.

use super::{Change, Evidence, Quorum, Standing};
use crate::vocab::{Domain, Instant, NodeId, mix, nanos};

/// So many parts, in which ages are told, make a lease.
const PARTS: u64 = 256;

/// A packet takes such a part of a lease at most, or evidence gets younger by the rest. More of it would cost large clusters
/// their quorum: of 100 nodes most are heard of over four or five hops.
const HOP_PART: u64 = 40;

/// What stands for an age when there is none to tell.
pub(super) const UNTOLD: u8 = u8::MAX;

impl Quorum {
    /// The sum of everything that must be the same for ages to mean something; `None` where none are told.
    pub(crate) fn sum(&self) -> Option<u64> {
        if self.standing() == Standing::Down {
            return None;
        }
        let (lease, epoch) = (self.settings.lease?, self.configuration.epoch?);
        Some(mix([self.roll.wards.sum(), self.configuration.domains_sum(), epoch, nanos(lease)]))
    }

    /// What there is to tell of all voters from a place on, in order. Nothing of whoever is not seen; the node itself is
    /// heard with what it tells.
    pub(crate) fn ages_from(
        &self,
        from: (Domain, NodeId),
        now: Instant,
    ) -> impl Iterator<Item = ((Domain, NodeId), u8)> {
        let tells = !self.roll.froze_within_lease(now);
        let voters = self.roll.wards.voters_from(from);
        voters.map(move |(domain, id)| {
            let heard = if tells { self.roll.heard(id) } else { None };
            ((domain, id), heard.map_or(UNTOLD, |at| self.age(at, now)))
        })
    }

    fn age(&self, at: Instant, now: Instant) -> u8 {
        let lease = self.settings.lease.map_or(1, nanos);
        u8::try_from(nanos(now.since(at)).saturating_mul(PARTS).div_ceil(lease)).unwrap_or(UNTOLD)
    }

    /// Somebody who was told the same tells how old is what it heard of voters, in order from the first one on.
    pub(crate) fn on_ages(
        &mut self,
        (sum, first): (u64, NodeId),
        ages: &[u8],
        now: Instant,
        mut report: impl FnMut(Change),
    ) {
        let (Some(seat), Some(lease)) = (self.roll.seat(first), self.settings.lease) else { return };
        if self.sum() != Some(sum) || seat.votes == 0 {
            return;
        }
        let mut told = core::mem::take(&mut self.told);
        let voters = self.roll.wards.voters_from((seat.domain, first)).map(|(_, id)| id);
        told.extend(voters.zip(ages.iter().copied()).filter(|&(_, age)| age != UNTOLD));
        for &(id, age) in &told {
            if let Some(boot) = self.roll.boot(id)
                && let Some(at) = heard_at(age, nanos(lease), now)
                && let Some(change) = self.on_heard(Evidence { id, boot, at }, now)
            {
                report(change);
            }
        }
        told.clear();
        self.told = told;
    }
}

/// When somebody was heard, at the latest, of whom this age is told; `None` before the beginning of time.
fn heard_at(age: u8, lease: u64, now: Instant) -> Option<Instant> {
    let age = (lease * u64::from(age)).div_ceil(PARTS) + lease / HOP_PART;
    now.as_nanos().checked_sub(age).map(Instant::from_nanos)
}
