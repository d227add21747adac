//! What has happened, what everyone should know, and how far is a member?

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bytes, Detail, Status, Who};

/// A line of `GET /v1/monitor`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MonitorLine {
    /// From now on everything is told.
    Watching(bool),
    Event(Box<Happening>),
    Lost(u64),
}

/// One event.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Happening {
    /// Milliseconds since 1970.
    pub(crate) at_ms: u64,
    /// What sort of event.
    pub(crate) kind: String,
    /// Whom it is about.
    pub(crate) about: Option<Who>,
    /// For people.
    pub(crate) text: String,
    /// What speaks for it, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) because: Vec<String>,
    /// For programs: the fields of this kind, beside these.
    #[serde(flatten, skip_deserializing)]
    pub(crate) detail: Detail,
}

/// What stands behind the question mark of `GET /v1/monitor`.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MonitorFilter {
    /// Only events of these kinds, separated by commas.
    #[serde(default)]
    pub(crate) kind: Option<String>,
}

/// `GET /v1/why`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct WhyReport {
    #[serde(flatten)]
    pub(crate) who: Who,
    pub(crate) addr: SocketAddr,
    pub(crate) status: Status,
    /// What speaks for it, a sentence each.
    pub(crate) because: Vec<String>,
}

/// What came of `POST /v1/force-leave`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LetGo {
    #[serde(flatten)]
    pub(crate) who: Who,
    pub(crate) addr: SocketAddr,
    /// What was believed of it.
    pub(crate) was: Status,
    /// What is believed of it now: `removed`, or `left` if it had left.
    pub(crate) status: Status,
    /// Until this node forgets it, and lists it no longer.
    pub(crate) forgotten_in_ms: u64,
}

/// `POST /v1/event`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventSend {
    pub(crate) name: String,
    pub(crate) payload: Bytes,
    /// For how long it is told to those who have not heard it.
    #[serde(default = "event_ttl_ms")]
    pub(crate) ttl_ms: u64,
}

const fn event_ttl_ms() -> u64 {
    60_000
}

/// A line of `GET /v1/event/watch`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EventLine {
    /// From now on everything is told.
    Watching(bool),
    Event(UserEvent),
    Lost(u64),
}

/// What somebody has said to everybody.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct UserEvent {
    pub(crate) origin: Who,
    pub(crate) number: u64,
    pub(crate) name: Bytes,
    pub(crate) payload: Bytes,
}

/// The value of an info: a number, a text, or `{"hex": …}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum InfoText {
    Int(i64),
    Float(f64),
    Text(String),
    Hex { hex: String },
}

/// One info.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct InfoRow {
    pub(crate) key: Bytes,
    pub(crate) value: InfoText,
    pub(crate) origin: Who,
    /// Over how many links it has come.
    pub(crate) hops: u8,
    pub(crate) left_ms: Option<u64>,
}

/// `GET /v1/info` and `GET /v1/info/group`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Infos {
    pub(crate) infos: Vec<InfoRow>,
}

/// What stands behind their question marks.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InfoFilter {
    /// Just this key.
    #[serde(default)]
    pub(crate) key: Option<String>,
    /// Keys that begin so.
    #[serde(default)]
    pub(crate) prefix: Option<String>,
}

/// `POST /v1/info/add`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InfoAdd {
    pub(crate) key: String,
    pub(crate) value: InfoText,
    #[serde(default)]
    pub(crate) ttl_ms: Option<u64>,
}

/// Which infos a group prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    /// Those with the smallest values.
    Min,
    /// Those with the largest values.
    Max,
}

/// `POST /v1/info/group`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupRegister {
    pub(crate) prefix: String,
    pub(crate) limit: u32,
    pub(crate) order: Order,
}

/// `POST /v1/ping`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PingRequest {
    pub(crate) member: String,
    /// The other end; it or the member must be the agent that is asked.
    #[serde(default)]
    pub(crate) other: Option<String>,
}

/// How long a member took to answer, of `POST /v1/ping` and a line of `POST /v1/reach`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Reached {
    #[serde(flatten)]
    pub(crate) who: Who,
    pub(crate) addr: SocketAddr,
    pub(crate) status: Status,
    /// `None` when no answer came within a period.
    pub(crate) rtt_us: Option<u64>,
}

/// `GET /v1/overlay`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Overlay {
    pub(crate) own: Who,
    /// How this node stands among its links.
    pub(crate) standing: String,
    /// Over how many links any info that is here has come at most.
    pub(crate) max_hops: u8,
    pub(crate) links: Vec<LinkRow>,
}

/// One link.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LinkRow {
    #[serde(flatten)]
    pub(crate) who: Who,
    pub(crate) addr: SocketAddr,
    /// Whether this node asked for it.
    pub(crate) outgoing: bool,
}

/// `GET /v1/quorum`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct QuorumReport {
    pub(crate) in_quorum: bool,
    /// `in-quorum`, `suspect-not-in-quorum`, `not-in-quorum` or `down`.
    pub(crate) standing: String,
    /// Why, for people.
    pub(crate) why: String,
    /// So many votes there are,
    pub(crate) all: u64,
    /// so many of them are needed,
    pub(crate) needed: u64,
    /// and so many are seen.
    pub(crate) seen: u64,
    /// `None` where too few are seen already.
    pub(crate) margin: Option<QuorumMargin>,
    /// The votes by what shares its fate.
    #[serde(default)]
    pub(crate) domains: Vec<DomainRow>,
    pub(crate) epoch: Option<u64>,
}

/// What may be lost without losing the quorum.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct QuorumMargin {
    /// So many members, whichever.
    pub(crate) members: u32,
    /// Or so many whole domains, whichever; the agent's own is not lost.
    #[serde(default)]
    pub(crate) domains: u32,
}

/// The votes of one domain.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct DomainRow {
    /// `None` of those who have not said where they stand: they are one domain together.
    pub(crate) domain: Option<String>,
    /// So many votes its voters have,
    pub(crate) votes: u64,
    /// and so many of them are seen.
    pub(crate) seen: u64,
}
