//! Which votes are enough? Pure arithmetic on what was counted.

use serde::{Deserialize, Serialize};

use super::settings::VOTES_MAX;

/// Who must be seen so that a node may act.
///
/// With [`Provider::Majority`], [`Provider::FailureDomains`], [`Provider::Weighted`] and
/// [`Provider::MajorityOfDomains`] two sides that do not hear each other never both have enough, as long as both have the
/// same configuration and everybody on a side hears everybody on it. The other two promise nothing of the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Provider {
    /// More than half of the voters, wherever they stand.
    Majority,
    /// More than half of all voters in active domains together. Whoever stands in a domain that is not active has no
    /// quorum, and no vote.
    FailureDomains,
    /// Always, configured or not.
    None,
    /// So many voters, at least one. Two sides can both have them if it is half of all voters or less.
    Static(u32),
    /// More than half of the votes, of which a voter may have several.
    Weighted,
    /// More than half of the active domains, each of which counts if more than half of its voters are seen.
    MajorityOfDomains,
}

/// What was counted, of the domains that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Count {
    /// Whether it is known who votes.
    pub(super) known: bool,
    /// Whether the node's own domain is active.
    pub(super) own_active: bool,
    /// All votes, and those of voters that are seen.
    pub(super) votes: u64,
    pub(super) seen: u64,
    /// Domains with votes, and those of which more than half are seen.
    pub(super) domains: u64,
    pub(super) held: u64,
    /// Whether an exact half is enough, because it is the half with the tie-break.
    pub(super) tie: bool,
}

/// What is wanted and what there is: votes, or domains with [`Provider::MajorityOfDomains`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Votes {
    /// So many there are in all.
    pub all: u64,
    /// So many are needed; an exact half with the tie-break does as well.
    pub needed: u64,
    /// So many are seen.
    pub seen: u64,
}

/// Why what is seen is not enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lack {
    /// Nobody has said yet who votes.
    Voters,
    /// The node's own domain is not active.
    Domain,
    /// Too few are seen.
    Votes,
}

/// More than half.
pub(super) const fn majority(of: u64) -> u64 {
    of / 2 + 1
}

impl Provider {
    /// Whether only active domains count.
    pub(super) const fn is_by_domain(self) -> bool {
        matches!(self, Self::FailureDomains | Self::MajorityOfDomains)
    }

    /// The most votes that one voter may have.
    pub(super) const fn votes_max(self) -> u32 {
        if matches!(self, Self::Weighted) { VOTES_MAX } else { 1 }
    }

    /// What is wanted and what there is.
    pub(super) fn votes(self, count: &Count) -> Votes {
        let Count { votes: all, seen, .. } = *count;
        match self {
            Self::Majority | Self::FailureDomains | Self::Weighted => Votes { all, needed: majority(all), seen },
            Self::MajorityOfDomains => Votes { all: count.domains, needed: majority(count.domains), seen: count.held },
            Self::Static(needed) => Votes { all, needed: needed.into(), seen },
            Self::None => Votes { all, needed: 0, seen },
        }
    }

    /// Whether what is seen is exactly half of what there is, and so the tie-break decides.
    pub(super) fn is_tie(self, count: &Count) -> bool {
        let Votes { all, seen, .. } = self.votes(count);
        !matches!(self, Self::Static(_) | Self::None) && all > 0 && seen.checked_mul(2) == Some(all)
    }

    /// Whether what is seen is enough.
    pub(super) fn judge(self, count: &Count) -> Result<(), Lack> {
        if self == Self::None {
            return Ok(());
        }
        if !count.known {
            return Err(Lack::Voters);
        }
        if self.is_by_domain() && !count.own_active {
            return Err(Lack::Domain);
        }
        let Votes { needed, seen, .. } = self.votes(count);
        if seen >= needed || count.tie && self.is_tie(count) { Ok(()) } else { Err(Lack::Votes) }
    }
}
