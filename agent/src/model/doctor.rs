//! What does a doctor find?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Who;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// As it should be.
    Good,
    /// Gossip works with it; somebody should look all the same.
    Odd,
    /// Broken.
    Bad,
    /// It cannot be told.
    Unknown,
}

/// What was looked at, in the order in which it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Check {
    Members,
    DatagramsOut,
    DatagramsIn,
    StreamsOut,
    StreamsIn,
    Advertise,
    Mtu,
    Cluster,
    Keys,
    Versions,
    Clock,
    Accusers,
    Health,
}

impl Check {
    /// As people read it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::DatagramsOut => "datagrams out",
            Self::DatagramsIn => "datagrams in",
            Self::StreamsOut => "streams out",
            Self::StreamsIn => "streams in",
            Self::Advertise => "advertise",
            Self::Mtu => "mtu",
            Self::Cluster => "cluster",
            Self::Keys => "keys",
            Self::Versions => "versions",
            Self::Clock => "clock",
            Self::Accusers => "accusers",
            Self::Health => "health",
        }
    }
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Finding {
    pub(crate) check: Check,
    pub(crate) verdict: Verdict,
    /// What was found, a sentence each.
    pub(crate) says: Vec<String>,
    /// The way out, where there is one.
    pub(crate) help: Option<String>,
}

/// `POST /v1/doctor`
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DoctorRequest {
    /// Who is to help; without it a few members.
    #[serde(default)]
    pub(crate) member: Option<String>,
}

/// The answer to it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Diagnosis {
    /// Whether nothing is bad.
    pub(crate) sound: bool,
    /// Which members were asked.
    pub(crate) helpers: Vec<Who>,
    pub(crate) findings: Vec<Finding>,
}
