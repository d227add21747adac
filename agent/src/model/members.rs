//! What is said of members and of the agent itself?

use std::collections::BTreeMap;
use std::net::SocketAddr;

use quidnunc::Health;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is believed of a member's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Alive,
    Suspect,
    Dead,
    Left,
    Removed,
}

impl Status {
    pub(crate) const ALL: [Self; 5] = [Self::Alive, Self::Suspect, Self::Dead, Self::Left, Self::Removed];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Suspect => "suspect",
            Self::Dead => "dead",
            Self::Left => "left",
            Self::Removed => "removed",
        }
    }
}

impl From<Health> for Status {
    fn from(health: Health) -> Self {
        match health {
            Health::Alive => Self::Alive,
            Health::Suspect => Self::Suspect,
            Health::Dead => Self::Dead,
            Health::Left => Self::Left,
            Health::Removed => Self::Removed,
        }
    }
}

/// Who is meant: a name, if one was published, and an id. In lists by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Who {
    pub(crate) name: Option<String>,
    pub(crate) id: String,
}

impl Who {
    /// The name, or the beginning of the id.
    pub(crate) fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.id.chars().take(8).collect())
    }
}

/// What every list shows of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Brief {
    #[serde(flatten)]
    pub(crate) who: Who,
    pub(crate) addr: SocketAddr,
    pub(crate) status: Status,
    /// Whether it is the agent that answers.
    pub(crate) own: bool,
    pub(crate) domain: Option<String>,
    /// How long ago it died or left; `None` of one that lives.
    pub(crate) gone_ms: Option<u32>,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Member {
    #[serde(flatten)]
    pub(crate) brief: Brief,
    pub(crate) boot: u64,
    pub(crate) counter: u32,
    /// What it says that it is; agents do.
    #[serde(default)]
    pub(crate) version: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// `GET /v1/members`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Members {
    pub(crate) members: Vec<Member>,
}

/// A line of `GET /v1/members/watch`: a member as it is now, or how much was not told.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MemberLine {
    Member(Member),
    Lost(u64),
}

/// `GET /v1/status`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct StatusReport {
    #[serde(flatten)]
    pub(crate) who: Who,
    pub(crate) version: String,
    pub(crate) pid: u32,
    pub(crate) uptime_ms: u64,
    /// Where the sockets listen.
    pub(crate) bound: SocketAddr,
    /// Where the others reach the node.
    pub(crate) addr: SocketAddr,
    pub(crate) domain: Option<String>,
    pub(crate) boot: u64,
    pub(crate) counter: u32,
    /// How many members are believed to be what.
    pub(crate) members: BTreeMap<Status, u32>,
    /// What the node holds against its own health; 0 is nothing.
    pub(crate) local_health: u8,
    /// `off`, `accept` or `require`; `None` without a seal.
    pub(crate) seal: Option<String>,
    /// How the node stands, as `GET /v1/quorum` says; `None` where nobody votes.
    #[serde(default)]
    pub(crate) standing: Option<String>,
    pub(crate) healthy: bool,
    /// Why it is not.
    pub(crate) problems: Vec<String>,
    pub(crate) datagrams_sent: u64,
    pub(crate) datagrams_received: u64,
    pub(crate) datagrams_rejected: u64,
    pub(crate) suspicions: u64,
    pub(crate) refutations: u64,
    pub(crate) freezes: u64,
}
