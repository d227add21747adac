//! What does an agent answer, of maps and of goodbyes?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bytes, Who};

/// One key of somebody's map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Entry {
    pub(crate) key: Bytes,
    pub(crate) owner: Who,
    /// `None` of a key that stands for nothing any more, if `size` is 0, which is only so in a stream; else it is too long to be told
    /// there, or longer than was asked for.
    pub(crate) value: Option<Bytes>,
    /// How many bytes the value has.
    pub(crate) size: usize,
    /// The owner's change that made it so.
    pub(crate) version: u64,
    /// In what time it ends; `None` if it stays.
    #[serde(default)]
    pub(crate) left_ms: Option<u64>,
}

/// `GET /v1/kv`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Entries {
    pub(crate) entries: Vec<Entry>,
    /// Whether there are others beyond the limit that was asked for.
    #[serde(default)]
    pub(crate) more: bool,
}

/// A line of `GET /v1/kv/watch`: what a key stands for now, or how much was not told.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KvLine {
    Entry(Entry),
    Lost(u64),
}

/// `GET /v1/tags`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Tags {
    pub(crate) tags: BTreeMap<String, String>,
}

/// How far a goodbye has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Goodbye {
    /// So many members have confirmed it,
    pub(crate) peers: u32,
    /// in so many domains,
    pub(crate) domains: u32,
    /// of so many that are waited for.
    pub(crate) of: u32,
}

impl From<quidnunc::Farewell> for Goodbye {
    fn from(farewell: quidnunc::Farewell) -> Self {
        let quidnunc::Farewell { peers, domains, of } = farewell;
        Self { peers, domains, of }
    }
}

/// A line of `POST /v1/leave`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LeaveLine {
    /// One more has confirmed.
    Leaving(Goodbye),
    /// It is over, and so is the agent.
    Left(Goodbye),
    /// It could not be.
    Error(super::FaultText),
}
