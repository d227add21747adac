//! May this node act? One of four standings, and what moves it from one to another.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::settings::{Looks, Settings};
use crate::vocab::Instant;

/// Whether a node may act for its cluster, as far as it can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// It may not. So every node begins.
    NotInQuorum,
    /// It has just lost the quorum and may not act; whether that lasts is not clear yet.
    SuspectNotInQuorum,
    /// It may. That is advice: who must not act twice needs a fencing token.
    InQuorum,
    /// It has left. Only a new life changes that.
    Down,
}

/// What may move a standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Event {
    /// The node itself is in the cluster.
    SelfAlive,
    /// A member lives again, or is new.
    NodeAlive,
    /// The node leaves.
    SelfLeave,
    /// A member died or left.
    NodeLeave,
    /// There are other voters.
    Voters,
    /// Other domains are active.
    Domains,
    /// A loss of the quorum has lasted for long enough.
    Timeout,
    /// Enough has been seen for long enough.
    Stable,
    /// What is seen has changed in another way: evidence came or lapsed.
    Evidence,
    /// The process stood still.
    Freeze,
}

impl Event {
    /// Whether the votes are counted at this event by the rules of openstorage `gossip`, which looks seldom. The last
    /// three events it does not have.
    const fn is_looked_at(self, standing: Standing) -> bool {
        match (self, standing) {
            (Self::SelfAlive, Standing::NotInQuorum)
            | (Self::NodeAlive, Standing::NotInQuorum | Standing::SuspectNotInQuorum)
            | (Self::NodeLeave, Standing::InQuorum)
            | (Self::Timeout, Standing::SuspectNotInQuorum)
            | (Self::Voters | Self::Domains | Self::Stable | Self::Evidence | Self::Freeze, _) => true,
            (Self::SelfAlive | Self::NodeAlive | Self::SelfLeave | Self::NodeLeave | Self::Timeout, _) => false,
        }
    }
}

/// What is seen when something happens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Whether it is enough.
    pub(super) enough: bool,
    /// Whether all of it is seen still: no quorum is made of votes that may have lapsed.
    pub(super) is_settled: bool,
}

/// The standing and its one deadline. A deadline that does not hold any more is not there any more, so that none can come
/// late.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Machine {
    looks: Looks,
    stable_after: Duration,
    timeout: Duration,
    standing: Standing,
    /// Since when enough is seen without a break, as far as anybody looked.
    enough_since: Option<Instant>,
    /// Until then a loss may be taken back.
    suspect_until: Instant,
}

impl Machine {
    pub(super) const fn new(settings: &Settings) -> Self {
        Self {
            looks: settings.looks,
            stable_after: settings.stable_after,
            timeout: settings.quorum_timeout,
            standing: Standing::NotInQuorum,
            enough_since: None,
            suspect_until: Instant::NEVER,
        }
    }

    pub(super) const fn standing(&self) -> Standing {
        self.standing
    }

    /// Something happened. Returns the standing before, if it has changed.
    pub(super) fn step(&mut self, event: Event, Seen { enough, is_settled }: Seen, now: Instant) -> Option<Standing> {
        let from = self.standing;
        if from == Standing::Down {
            return None;
        }
        if event == Event::SelfLeave {
            self.standing = Standing::Down;
            return Some(from);
        }
        if self.looks == Looks::AsOriginal && !event.is_looked_at(from) {
            return None;
        }
        self.enough_since = enough.then(|| self.enough_since.unwrap_or(now));
        let is_stable = self.enough_since.is_some_and(|since| since.after(self.stable_after) <= now);
        self.standing = match from {
            Standing::InQuorum if !enough => {
                self.suspect_until = now.after(self.timeout);
                Standing::SuspectNotInQuorum
            }
            Standing::NotInQuorum | Standing::SuspectNotInQuorum if is_stable && is_settled => Standing::InQuorum,
            Standing::SuspectNotInQuorum if !enough && self.suspect_until <= now => Standing::NotInQuorum,
            Standing::NotInQuorum | Standing::SuspectNotInQuorum | Standing::InQuorum | Standing::Down => from,
        };
        (self.standing != from).then_some(from)
    }

    /// When something happens by itself, and what. While enough is seen again, a loss does not become final.
    pub(super) fn next(&self) -> (Instant, Event) {
        match (self.standing, self.enough_since) {
            (Standing::NotInQuorum | Standing::SuspectNotInQuorum, Some(since)) => {
                (since.after(self.stable_after), Event::Stable)
            }
            (Standing::SuspectNotInQuorum, None) => (self.suspect_until, Event::Timeout),
            (Standing::NotInQuorum, None) | (Standing::InQuorum | Standing::Down, _) => {
                (Instant::NEVER, Event::Timeout)
            }
        }
    }

    /// Whether votes have brought the node into quorum, or are about to.
    pub(super) fn rests_on_votes(&self) -> bool {
        self.standing == Standing::InQuorum || self.enough_since.is_some()
    }

    /// A node that has come to this standing just now.
    #[cfg(test)]
    pub(super) fn at(settings: &Settings, standing: Standing, now: Instant) -> Self {
        Self { standing, suspect_until: now.after(settings.quorum_timeout), ..Self::new(settings) }
    }
}
