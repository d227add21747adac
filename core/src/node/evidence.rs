//! What speaks against a member, and whose word it is: types only.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::{Health, Instant, NodeId, Reason};

/// What is believed of a member, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// What is believed of it.
    pub health: Health,
    /// How this node came to believe just that.
    pub reason: Reason,
    /// Since when it does, in the embedder's time; `None` of a member that is alive, and where it is not remembered.
    pub since: Option<Instant>,
    /// What is remembered of how that came about; `None` of a member that is alive.
    pub evidence: Option<Evidence>,
}

/// What is remembered of why a member is not simply alive.
///
/// All of it is what this node knows, and as much as it knows: accusers of whom no rumour came are missing. Of the 256
/// latest cases everything is remembered, of others only who accuses a suspect. It ends when the member is alive again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Whose packet told this node what it believes; `None` when nobody's did: it found out by itself, or its
    /// application said so. (A rumour's first author is in no packet.)
    pub source: Option<NodeId>,
    /// Who accuses the member by its own probes, the first accuser first; at most five, of whom the records are still
    /// here. Of a dead member, who did when it was convicted.
    pub accusers: Vec<NodeId>,
    /// Who told first that the member is dead. That convicts nobody at once, but lets a suspicion end early.
    pub death_from: Option<NodeId>,
    /// The probe that made this node itself accuse; `None` when it does not.
    pub probe: Option<ProbeView>,
    /// The last question before this node's own verdict; `None` when it was not put, as yet or at all.
    pub last_chance: Option<ProbeView>,
    /// When the heartbeat rose last, in the embedder's time; `None` without a detector of heartbeats.
    pub heard: Option<Instant>,
}

impl Evidence {
    /// What it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        let questions = self.probe.iter().chain(&self.last_chance);
        let helpers: usize = questions.map(|question| question.helpers.len()).sum();
        size_of::<Self>() + self.accusers.len() * size_of::<NodeId>() + helpers * size_of::<HelperView>()
    }
}

/// One question to a member, directly and through helpers. Instants are in the embedder's time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeView {
    /// When the ping went out; `None` while it waits to be sent.
    pub sent: Option<Instant>,
    /// For how long the direct answer was waited for before helpers were asked; zero at the last chance, where they are
    /// asked at once.
    pub direct_wait: Duration,
    /// When it was judged, or will be.
    pub until: Instant,
    /// Whether the member answered by itself after all: too late, or without contradicting.
    pub answered: bool,
    /// Who was asked for help, in order; at most as many as
    /// [`Config::indirect_probes`](crate::Config::indirect_probes) says.
    pub helpers: Vec<HelperView>,
}

/// A helper that was asked to ping a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelperView {
    /// Who.
    pub id: NodeId,
    /// What it said.
    pub said: Said,
}

/// What a helper said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Said {
    /// Nothing: it was not reached, or could not answer. At the last chance of a suspect whom
    /// others accuse too nobody is asked to say that nothing came.
    Nothing,
    /// That it had no answer so far.
    NoAnswer,
    /// That the member answered it: too late for the verdict, or without contradicting.
    Answered,
}

/// As half a sentence, of a helper.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "said nothing",
            Self::NoAnswer => "had no answer either",
            Self::Answered => "was answered",
        })
    }
}
