//! Who votes, which domains are active, and what is asked about it at an instant?

use super::Selector;
use super::words::words;

/// The settings of the quorum that differ from those of the profile; in a profile without a quorum, from the standard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QuorumKeys {
    /// Which votes are enough.
    pub provider: Option<QuorumProvider>,
    /// Whether an exact half may be enough.
    pub breaks_ties: Option<bool>,
    /// For how long a voter is seen after it was heard, in nanoseconds; `Some(None)` (`lease = "none"`): until somebody
    /// says that it is gone.
    pub lease_ns: Option<Option<u64>>,
    /// For how long enough must have been seen, in nanoseconds.
    pub stable_after_ns: Option<u64>,
    /// For how long a lost quorum is suspected to be lost, in nanoseconds.
    pub quorum_timeout_ns: Option<u64>,
    /// When votes are counted.
    pub looks: Option<QuorumLooks>,
    /// What is done when a voter dies; `Some(None)` (`suspect_down = "none"`): nothing.
    pub suspect_down: Option<Option<SuspectDownKeys>>,
    /// The most members of which something is kept.
    pub members_max: Option<u32>,
}

/// What of the enquiry after a lost voter differs from the standard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SuspectDownKeys {
    /// How many of its domain are asked at most.
    pub asks: Option<u32>,
    /// How long each of them has to answer, in nanoseconds.
    pub patience_ns: Option<u64>,
    /// After how long the loss is final, in nanoseconds.
    pub probation_ns: Option<u64>,
}

/// Which votes are enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuorumProvider {
    /// More than half of the voters (`"majority"`).
    Majority,
    /// More than half of the voters in active domains (`"failure-domains"`).
    FailureDomains,
    /// None at all (`"none"`).
    None,
    /// So many (`"static"` with `needed`).
    Static(u32),
    /// More than half of the votes, of which a voter may have several (`"weighted"`).
    Weighted,
    /// More than half of the active domains (`"majority-of-domains"`).
    MajorityOfDomains,
}

/// When votes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuorumLooks {
    /// At every change (`"always"`).
    Always,
    /// When openstorage `gossip` does (`"as-original"`).
    AsOriginal,
}

words!(pub QuorumLooks {
    Always = "always",
    AsOriginal = "as-original",
});

/// Something that the administrator tells nodes of the quorum.
///
/// Whoever does not run at that instant, or stands still, is told what is valid then when it starts or goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configure {
    /// When, in nanoseconds from the start of the run. No table stands behind a later one.
    pub at_ns: u64,
    /// Who is told.
    pub nodes: Vec<Selector>,
    /// Which configuration this is. Without it, that of the table before at the same instant, else the next one.
    pub epoch: u64,
    /// Who votes from now on; `None`: the same as before.
    pub voters: Option<Electorate>,
    /// Which domains are active from now on; `None`: the same as before.
    pub domains: Option<Active>,
}

/// Who votes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Electorate {
    /// Each that is told, alone (`voters = "self"`).
    Itself,
    /// These. Whoever is named twice has the votes of the first time.
    Nodes(Vec<Ballot>),
}

/// Some voters, each with so many votes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot {
    /// Who.
    pub nodes: Selector,
    /// How many votes each of them has; with none it only looks on.
    pub votes: u32,
}

/// Which domains are active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Active {
    /// All (`domains = "all"`).
    All,
    /// These, by their numbers, from 1 on.
    These(Vec<u32>),
}

/// What is looked at for an expectation, at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// When, in nanoseconds from the start of the run: behind everything else that happens at that instant.
    pub at_ns: u64,
    /// Of whom the nodes are asked, if they are asked about others.
    pub of: Vec<Selector>,
    /// What is to be seen.
    pub is: Is,
}

/// What is to be seen of a node, or of what it says of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    /// Its standing (`metric = "standing"`).
    Standing(StandingIs),
    /// How sure it is that the other one is lost (`metric = "loss"`).
    Loss(LossIs),
    /// Who of the two goes, if one has to (`metric = "who_goes"`).
    Goes(GoesIs),
    /// What it believes of the other one (`metric = "health"`).
    Health(HealthIs),
}

/// A standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StandingIs {
    /// It may not act.
    NotInQuorum,
    /// It has just lost the quorum.
    SuspectNotInQuorum,
    /// It may act.
    InQuorum,
    /// It has left.
    Down,
}

words!(pub StandingIs {
    NotInQuorum = "not-in-quorum",
    SuspectNotInQuorum = "suspect-not-in-quorum",
    InQuorum = "in-quorum",
    Down = "down",
});

/// How sure a loss is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossIs {
    /// It is not lost, or that is not known.
    None,
    /// It alone is down, or for good.
    Down,
    /// Perhaps its whole domain is.
    SuspectDown,
}

words!(pub LossIs {
    None = "none",
    Down = "down",
    SuspectDown = "suspect-down",
});

/// Who of two goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoesIs {
    /// The one that is asked.
    Itself,
    /// The one of which it is asked.
    TheOther,
}

words!(pub GoesIs {
    Itself = "itself",
    TheOther = "the-other",
});

/// What is believed of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthIs {
    /// It lives.
    Alive,
    /// It may be dead.
    Suspect,
    /// It is dead.
    Dead,
    /// It has left.
    Left,
    /// It was removed.
    Removed,
    /// Nobody has told of it, or it is forgotten.
    Unknown,
}

words!(pub HealthIs {
    Alive = "alive",
    Suspect = "suspect",
    Dead = "dead",
    Left = "left",
    Removed = "removed",
    Unknown = "unknown",
});
