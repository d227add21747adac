//! Who votes, and which domains are active? What the administrator says, and what cannot be.
//!
//! A proposal is checked as a whole before anything is written. It is about votes and domains that nobody else may
//! change; what members say of themselves changes neither.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::provider::Provider;
use super::roll::Roll;
use super::settings::{DOMAINS_MAX, Settings};
use super::wards::{Seat, Ward};
use crate::vocab::{Domain, Instant, NodeId, mix};

/// A member that is named by the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Voter {
    /// Who it is.
    pub id: NodeId,
    /// How many votes it has: one, or several with [`Provider::Weighted`]; none if it only looks on.
    pub votes: u32,
    /// Where it stands.
    pub domain: Domain,
}

/// Which members vote from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voters<'a> {
    /// The same as before.
    Same,
    /// These and nobody else. The node itself must be among them, be it without a vote.
    All(&'a [Voter]),
    /// Those as before, with these set or added, and those dropped.
    Changed {
        /// Set or added.
        set: &'a [Voter],
        /// Dropped.
        dropped: &'a [NodeId],
    },
}

/// A configuration, as far as it is another one than before. The same everywhere, or standings mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proposal<'a> {
    /// Which configuration this is: higher than the one before.
    pub(crate) epoch: u64,
    /// Who votes.
    pub(crate) voters: Voters<'a>,
    /// All domains that are active or not, if they are others than before. Who is not named is not active.
    pub(crate) domains: Option<&'a [(Domain, bool)]>,
}

/// Why a configuration was refused. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuorumError {
    /// It is not later than the present one.
    #[error("epoch {given} is not above {present}")]
    Epoch {
        /// The epoch that was given.
        given: u64,
        /// The present one.
        present: u64,
    },
    /// A member is named twice.
    #[error("member {0} is named twice")]
    MemberTwice(NodeId),
    /// A domain is named twice.
    #[error("domain {:016x} is named twice", .0.number())]
    DomainTwice(Domain),
    /// The node itself is not named.
    #[error("the node itself is not named")]
    SelfMissing,
    /// A member is dropped that was not named before.
    #[error("member {0} is dropped and was never named")]
    Unknown(NodeId),
    /// A member has more votes than it can have.
    #[error("member {id} has {votes} votes, more than {most}")]
    Votes {
        /// Which member.
        id: NodeId,
        /// How many votes it was given.
        votes: u32,
        /// The most that works with the provider.
        most: u32,
    },
    /// A member that lives says itself that it stands elsewhere.
    #[error("member {id} stands in domain {:016x}, not in {:016x}", .said.number(), .given.number())]
    Misplaced {
        /// Which member.
        id: NodeId,
        /// The domain that was given.
        given: Domain,
        /// The one that it says.
        said: Domain,
    },
    /// A domain is active in which no member stands: most likely its name is misspelt.
    #[error("no member stands in the active domain {:016x}", .0.number())]
    NobodyThere(Domain),
    /// There are more domains than can be kept.
    #[error("{count} domains are more than {DOMAINS_MAX}")]
    Domains {
        /// How many there would be.
        count: usize,
    },
    /// There are more members than can be kept.
    #[error("{count} members are more than {most}")]
    Members {
        /// How many there would be.
        count: usize,
        /// The most that are kept.
        most: u32,
    },
}

/// The active domains, and of which configuration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Configuration {
    pub(super) epoch: Option<u64>,
    active: BTreeMap<Domain, bool>,
    domains_sum: u64,
}

/// A proposal that can be carried out.
#[derive(Debug)]
pub(super) struct Plan {
    epoch: u64,
    set: BTreeMap<NodeId, Seat>,
    dropped: BTreeSet<NodeId>,
    active: Option<BTreeMap<Domain, bool>>,
}

impl Plan {
    /// Whose seat goes, or is in another domain now, with the domain in which it was.
    pub(super) fn moved(&self, roll: &Roll) -> Vec<(NodeId, Domain)> {
        let before = |id: NodeId| roll.seat(id).map(|seat| (id, seat.domain));
        let dropped = self.dropped.iter().filter_map(|&id| before(id));
        let set = self.set.iter().filter_map(|(&id, seat)| before(id).filter(|&(_, domain)| domain != seat.domain));
        dropped.chain(set).collect()
    }
}

impl Configuration {
    /// The sum of what is said of domains: the same for the same.
    pub(super) fn domains_sum(&self) -> u64 {
        self.domains_sum
    }

    fn is_active(&self, domain: Domain) -> bool {
        self.active.get(&domain).is_some_and(|&is_active| is_active)
    }

    /// Checks a proposal against itself, the present configuration and the roster.
    pub(super) fn check(
        &self,
        proposal: &Proposal<'_>,
        roll: &Roll,
        own: NodeId,
        settings: &Settings,
    ) -> Result<Plan, QuorumError> {
        let Proposal { epoch, voters, domains } = *proposal;
        if let Some(present) = self.epoch.filter(|&present| epoch <= present) {
            return Err(QuorumError::Epoch { given: epoch, present });
        }
        let (set, dropped): (_, BTreeSet<NodeId>) = match voters {
            Voters::Same => (BTreeMap::new(), BTreeSet::new()),
            Voters::All(voters) => {
                let set = seats(voters, settings.provider)?;
                let dropped = roll.seats().map(|(id, _)| id).filter(|id| !set.contains_key(id)).collect();
                (set, dropped)
            }
            Voters::Changed { set, dropped } => {
                let set = seats(set, settings.provider)?;
                let dropped = without_twins(dropped, &set, roll)?;
                (set, dropped)
            }
        };
        let was_named = roll.seat(own).is_some() && !dropped.contains(&own);
        if !matches!(voters, Voters::Same) && !was_named && !set.contains_key(&own) {
            return Err(QuorumError::SelfMissing);
        }
        for (&id, seat) in &set {
            let said = roll.said_domain(id).filter(|&said| said != seat.domain);
            if let Some(said) = said {
                return Err(QuorumError::Misplaced { id, given: seat.domain, said });
            }
        }
        let freed = dropped.iter().filter(|&&id| roll.is_absent(id)).count();
        let count = roll.len() - freed + set.keys().filter(|&&id| !roll.knows(id)).count();
        if count > settings.members_max as usize {
            return Err(QuorumError::Members { count, most: settings.members_max });
        }
        let active = domains.map(active_domains).transpose()?;
        let plan = Plan { epoch, set, dropped, active };
        self.check_domains(&plan, roll)?;
        Ok(plan)
    }

    /// Checks that somebody stands in every active domain, as soon as it is known who stands anywhere.
    fn check_domains(&self, plan: &Plan, roll: &Roll) -> Result<(), QuorumError> {
        let mut seats: BTreeMap<Domain, usize> =
            roll.wards.iter().map(|(&domain, ward)| (domain, Ward::seats(ward))).collect();
        for id in plan.set.keys().chain(&plan.dropped) {
            if let Some(count) = roll.seat(*id).and_then(|seat| seats.get_mut(&seat.domain)) {
                *count -= 1;
            }
        }
        plan.set.values().for_each(|seat| *seats.entry(seat.domain).or_default() += 1);
        seats.retain(|_, count| *count > 0);
        let active = plan.active.as_ref().unwrap_or(&self.active);
        let count = seats.len().max(active.len());
        if count > DOMAINS_MAX {
            return Err(QuorumError::Domains { count });
        }
        let mut lonely = active.iter().filter(|&(domain, &is_active)| is_active && !seats.contains_key(domain));
        match lonely.next().filter(|_| !seats.is_empty()) {
            Some((&domain, _)) => Err(QuorumError::NobodyThere(domain)),
            None => Ok(()),
        }
    }

    /// Carries a plan out.
    pub(super) fn apply(&mut self, plan: Plan, roll: &mut Roll, now: Instant) {
        self.epoch = Some(plan.epoch);
        if let Some(active) = plan.active {
            let before = core::mem::replace(&mut self.active, active);
            let active = self.active.iter().filter(|&(_, &is_active)| is_active);
            self.domains_sum = active.fold(0, |sum, (domain, _)| mix([sum, domain.number(), 0, 0]));
            for &domain in before.keys().chain(self.active.keys()) {
                roll.wards.activate(domain, self.is_active(domain));
            }
        }
        for id in plan.dropped {
            roll.set_seat(id, None, false, now);
        }
        for (id, seat) in plan.set {
            if roll.seat(id) != Some(seat) {
                roll.set_seat(id, Some(seat), self.is_active(seat.domain), now);
            }
        }
    }
}

fn seats(voters: &[Voter], provider: Provider) -> Result<BTreeMap<NodeId, Seat>, QuorumError> {
    let (mut seats, most) = (BTreeMap::new(), provider.votes_max());
    for &Voter { id, votes, domain } in voters {
        if votes > most {
            return Err(QuorumError::Votes { id, votes, most });
        }
        if seats.insert(id, Seat { votes, domain }).is_some() {
            return Err(QuorumError::MemberTwice(id));
        }
    }
    Ok(seats)
}

fn without_twins(
    dropped: &[NodeId],
    set: &BTreeMap<NodeId, Seat>,
    roll: &Roll,
) -> Result<BTreeSet<NodeId>, QuorumError> {
    let mut ids = BTreeSet::new();
    for &id in dropped {
        if set.contains_key(&id) || !ids.insert(id) {
            return Err(QuorumError::MemberTwice(id));
        }
        if roll.seat(id).is_none() {
            return Err(QuorumError::Unknown(id));
        }
    }
    Ok(ids)
}

fn active_domains(domains: &[(Domain, bool)]) -> Result<BTreeMap<Domain, bool>, QuorumError> {
    let mut active = BTreeMap::new();
    for &(domain, is_active) in domains {
        if active.insert(domain, is_active).is_some() {
            return Err(QuorumError::DomainTwice(domain));
        }
    }
    Ok(active)
}
