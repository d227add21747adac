//! Why is the standing what it is? What is told with every change of it.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::provider::{Provider, Votes, majority};
use super::standing::Standing;
use super::wards::Wards;
use crate::vocab::Domain;

/// Why a standing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Why {
    /// Enough is seen, and has been for as long as is wanted.
    Enough,
    /// Enough is seen, but not for as long as is wanted. In reports only: it changes nothing.
    NotYet,
    /// Too few votes are seen.
    TooFew,
    /// The node's own domain is not active.
    OwnDomain,
    /// It is not known who votes.
    NobodyVotes,
    /// The process stood still, and whatever it had heard is old.
    Froze,
    /// What was lost was not regained within `quorum_timeout`.
    TimedOut,
    /// The node has left.
    Left,
}

/// The votes of one domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DomainVotes {
    /// Which domain.
    pub domain: Domain,
    /// Whether it counts where only active domains do.
    pub is_active: bool,
    /// How many votes its members have.
    pub votes: u64,
    /// How many of them are of members that are seen.
    pub seen: u64,
}

/// What may be lost without losing the quorum, in the worst case. The node itself and its domain are not lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Margin {
    /// So many members, whichever.
    pub members: u32,
    /// Or so many whole domains, whichever.
    pub domains: u32,
}

/// The standing has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What it was.
    pub from: Standing,
    /// What it is.
    pub to: Standing,
    /// Why.
    pub why: Why,
    /// The votes seen and needed.
    pub votes: Votes,
    /// The votes by domain, in the order of the domains' numbers.
    pub domains: Vec<DomainVotes>,
    /// What may be lost; `None` where too few are seen already.
    pub margin: Option<Margin>,
    /// Of which configuration all this is; `None` before the first.
    pub epoch: Option<u64>,
}

impl Change {
    /// This change and one that followed in the same call, as one. With a lease a quorum is not lost and gained in one call,
    /// so the two never cancel out.
    pub(super) fn both(first: Option<Self>, second: Option<Self>) -> Option<Self> {
        match (first, second) {
            (Some(first), Some(second)) => Some(Self { from: first.from, ..second }),
            (first, second) => second.or(first),
        }
    }
}

/// The votes of every domain in which voters stand.
pub(super) fn by_domain(wards: &Wards) -> Vec<DomainVotes> {
    let votes = wards.iter().map(|(&domain, ward)| DomainVotes {
        domain,
        is_active: ward.is_active(),
        votes: ward.votes(),
        seen: ward.seen(),
    });
    votes.collect()
}

/// What may be lost of what is seen, of which there is enough. `own` is the node's domain and its votes there.
pub(super) fn margin(provider: Provider, votes: Votes, wards: &Wards, own: Option<(Domain, u64)>) -> Margin {
    let spare = votes.seen.saturating_sub(votes.needed);
    let own_votes = |domain: &Domain| own.filter(|(own, _)| own == domain).map_or(0, |(_, votes)| votes);
    let counting = || wards.iter().filter(|(_, ward)| wards.counts(ward));
    if provider == Provider::MajorityOfDomains {
        let held = || counting().filter(|(_, ward)| ward.is_held());
        let others = held().filter(|(domain, _)| own.is_none_or(|(own, _)| own != **domain)).count();
        // So many members must go until a domain does not count any more; the own one may stay whatever happens.
        let costs = held().filter_map(|(domain, ward)| {
            let cost = ward.seen() - majority(ward.votes()) + 1;
            (ward.seen() - own_votes(domain) >= cost).then_some(cost)
        });
        let mut costs: Vec<u64> = costs.collect();
        costs.sort_unstable();
        let fatal = usize::try_from(spare).unwrap_or(usize::MAX).saturating_add(1);
        let all = counting().map(|(domain, ward)| ward.seen() - own_votes(domain)).sum::<u64>();
        let members = if costs.len() < fatal { all } else { costs.iter().take(fatal).sum::<u64>() - 1 };
        return Margin { members: short(members), domains: short(spare.min(others as u64)) };
    }
    let mut domains: Vec<u64> = counting()
        .filter(|(domain, ward)| ward.seen() > 0 && own.is_none_or(|(own, _)| own != **domain))
        .map(|(_, ward)| ward.seen())
        .collect();
    domains.sort_unstable_by(|a, b| b.cmp(a));
    let own_weight = own.map_or(0, |(_, votes)| votes);
    let members = match provider {
        // Of each weight there are so many, the own one left out.
        Provider::Weighted => {
            wards
                .weights()
                .rev()
                .map(|(weight, voters)| {
                    let weight = u64::from(weight);
                    (weight, voters - u64::from(weight == own_weight))
                })
                .fold((spare, 0), |(spare, lost), (weight, voters)| {
                    let more = voters.min(spare / weight);
                    // Whoever is heavy goes first; who does not fit ends it.
                    if more < voters { (0, lost + more) } else { (spare - more * weight, lost + more) }
                })
                .1
        }
        Provider::Majority
        | Provider::FailureDomains
        | Provider::Static(_)
        | Provider::None
        | Provider::MajorityOfDomains => spare.min(votes.seen.saturating_sub(own_weight)),
    };
    let domains = domains.into_iter().scan(spare, |spare, seen| {
        *spare = spare.checked_sub(seen)?;
        Some(())
    });
    Margin { members: short(members), domains: short(domains.count() as u64) }
}

fn short(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
