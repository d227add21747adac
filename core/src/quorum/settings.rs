//! What can be set of the quorum, and what cannot work.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::provider::Provider;

/// The most votes that one voter may have, where it may have several.
pub const VOTES_MAX: u32 = 255;

/// The most domains in which voters stand.
pub const DOMAINS_MAX: usize = 256;

/// The most members of which a quorum keeps something.
pub const MEMBERS_MAX: u32 = 1 << 20;

/// The most domain-mates that are asked about one loss.
pub const ASKS_MAX: u32 = 8;

/// A lease, and the time for which enough must be seen, are no shorter than this and no longer than a day.
const DURATION_MIN: Duration = Duration::from_millis(1);
const DURATION_MAX: Duration = Duration::from_secs(86_400);

/// At which events are votes counted?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Looks {
    /// At every change of what is seen.
    Always,
    /// At those at which openstorage `gossip` does: who has a quorum does not look when a member comes, and so on.
    AsOriginal,
}

/// What is done when a voter dies: its domain-mates are asked, to tell the loss of a node from that of its domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SuspectDown {
    /// So many mates are asked at most, one after the other.
    pub asks: u32,
    /// For so long each of them has to answer; the first one is asked after a random part of it.
    pub patience: Duration,
    /// When no mate answered, the loss is final after this, if the node is in quorum then; else it begins again.
    pub probation: Duration,
}

/// Everything that can be set of the quorum. All nodes of a cluster use the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Settings {
    /// Which votes are enough.
    pub provider: Provider,
    /// Whether an exact half is enough for the side that has the voter with the lowest identity (of domains: the
    /// domain with the lowest number).
    pub breaks_ties: bool,
    /// A voter is seen for so long after it was heard. `None`: for as long as nobody says that it died or left. Forty times as
    /// long as a packet takes at least: slower ones make evidence younger that is told on.
    pub lease: Option<Duration>,
    /// Enough must have been seen for so long without a break before the node is in quorum. With a lease more than
    /// twice as long as that.
    pub stable_after: Duration,
    /// For so long a lost quorum is suspected to be lost before it counts as lost.
    pub quorum_timeout: Duration,
    /// When votes are counted.
    pub looks: Looks,
    /// What is done when a voter dies; `None`: nothing.
    pub suspect_down: Option<SuspectDown>,
    /// The most members of which something is kept, voters and others together.
    pub members_max: u32,
}

/// A setting that cannot work, alone or with another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A quorum that is gained sooner could rest on what was heard before another side lost it.
    #[error("stable_after {stable_after:?} is not above {lease:?}, twice the lease")]
    StableAfter {
        /// What was set.
        stable_after: Duration,
        /// Twice the lease.
        lease: Duration,
    },
    /// Whoever counts votes at a few events only does not see a lease end.
    #[error("looks is as the original's, which has no lease; lease is {lease:?}")]
    Looks {
        /// The lease that was set.
        lease: Duration,
    },
    /// A duration is outside what works.
    #[error("{name} {value:?} is not between {least:?} and {most:?}")]
    Duration {
        /// Name of the setting.
        name: &'static str,
        /// What was set.
        value: Duration,
        /// The least that works.
        least: Duration,
        /// The most that works.
        most: Duration,
    },
    /// A count is outside what works.
    #[error("{name} {value} is not between {least} and {most}")]
    Count {
        /// Name of the setting.
        name: &'static str,
        /// What was set.
        value: u32,
        /// The least that works.
        least: u32,
        /// The most that works.
        most: u32,
    },
}

impl Settings {
    /// A majority of voters heard within five seconds, which with probes once per second is right for up to about fifty members:
    /// in a cluster of n, voters or not, a lease should be no shorter than `period * (3 + ln(n) / 2)`.
    #[must_use]
    pub const fn native() -> Self {
        Self {
            provider: Provider::Majority,
            breaks_ties: false,
            lease: Some(Duration::from_secs(5)),
            stable_after: Duration::from_secs(11),
            quorum_timeout: Duration::from_secs(60),
            looks: Looks::Always,
            suspect_down: Some(SuspectDown {
                asks: 3,
                patience: Duration::from_secs(1),
                probation: Duration::from_secs(60),
            }),
            members_max: 65_536,
        }
    }

    /// What openstorage `gossip` does with its provider DEFAULT; FAILURE_DOMAINS is another `provider`. Standing
    /// rests on the absence of a conviction, and a quorum is gained at once.
    #[must_use]
    pub const fn quorum_store() -> Self {
        Self { lease: None, stable_after: Duration::ZERO, looks: Looks::AsOriginal, ..Self::native() }
    }

    /// Checks every setting and the relations between them.
    ///
    /// # Errors
    /// The first [`SettingsError`] in the order of the fields.
    pub fn validate(&self) -> Result<(), SettingsError> {
        if let Provider::Static(needed) = self.provider {
            count("provider", needed, 1, MEMBERS_MAX)?;
        }
        if let Some(lease) = self.lease {
            duration("lease", lease, DURATION_MIN)?;
            if self.stable_after <= lease * 2 {
                return Err(SettingsError::StableAfter { stable_after: self.stable_after, lease: lease * 2 });
            }
        }
        duration("stable_after", self.stable_after, Duration::ZERO)?;
        duration("quorum_timeout", self.quorum_timeout, Duration::ZERO)?;
        if let (Looks::AsOriginal, Some(lease)) = (self.looks, self.lease) {
            return Err(SettingsError::Looks { lease });
        }
        if let Some(SuspectDown { asks, patience, probation }) = self.suspect_down {
            count("suspect_down.asks", asks, 1, ASKS_MAX)?;
            duration("suspect_down.patience", patience, DURATION_MIN)?;
            duration("suspect_down.probation", probation, DURATION_MIN)?;
        }
        count("members_max", self.members_max, 1, MEMBERS_MAX)
    }
}

fn duration(name: &'static str, value: Duration, least: Duration) -> Result<(), SettingsError> {
    let most = DURATION_MAX;
    if (least..=most).contains(&value) { Ok(()) } else { Err(SettingsError::Duration { name, value, least, most }) }
}

fn count(name: &'static str, value: u32, least: u32, most: u32) -> Result<(), SettingsError> {
    if (least..=most).contains(&value) { Ok(()) } else { Err(SettingsError::Count { name, value, least, most }) }
}
