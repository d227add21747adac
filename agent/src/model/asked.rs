//! What can be asked of an agent?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bytes, Status};

/// Which members are shown.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberFilter {
    /// One of these, separated by commas; all but the removed without it.
    #[serde(default)]
    pub(crate) status: Option<String>,
    #[serde(default)]
    pub(crate) domain: Option<String>,
    /// Tags that a member must have, `name=value` or `name`, separated by commas.
    #[serde(default)]
    pub(crate) tag: Option<String>,
}

/// Somebody is meant.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfMember {
    /// A name, an id or an address.
    pub(crate) member: String,
}

/// `POST /v1/join`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinRequest {
    /// Each an address, or a name and a port.
    pub(crate) addrs: Vec<String>,
    /// For how long a welcome is waited for.
    #[serde(default = "join_wait_ms")]
    pub(crate) wait_ms: u64,
}

const fn join_wait_ms() -> u64 {
    5000
}

/// Its answer.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Joined {
    /// Whether one of them let the node in.
    pub(crate) joined: bool,
    /// How many live members are known.
    pub(crate) live: u32,
    /// Names of which no address is known.
    #[serde(default)]
    pub(crate) unresolved: Vec<String>,
}

/// No field at all.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// `GET /v1/kv` and `GET /v1/kv/watch`
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KvFilter {
    /// Just this key.
    #[serde(default)]
    pub(crate) key: Option<String>,
    /// Keys that begin so.
    #[serde(default)]
    pub(crate) prefix: Option<String>,
    /// Of this member only.
    #[serde(default)]
    pub(crate) of: Option<String>,
    /// Reserved keys as well.
    #[serde(default)]
    pub(crate) all: bool,
    /// At most so many, of those members first whose ids come first; only of a list.
    #[serde(default)]
    pub(crate) limit: Option<usize>,
    /// Of a value of more bytes only how many it has; only of a list.
    #[serde(default)]
    pub(crate) value_max: Option<usize>,
}

/// `POST /v1/kv/set`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KvSet {
    pub(crate) key: String,
    pub(crate) value: Bytes,
    #[serde(default)]
    pub(crate) ttl_ms: Option<u64>,
}

/// `POST /v1/kv/delete`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KvDelete {
    pub(crate) key: String,
}

/// `POST /v1/tags`
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TagsChange {
    #[serde(default)]
    pub(crate) set: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) unset: Vec<String>,
}

/// The words of a list that is separated by commas.
pub(crate) fn list(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty())
}

impl MemberFilter {
    /// The statuses that are asked for; the first word that is none.
    pub(crate) fn statuses(&self) -> Result<Vec<Status>, String> {
        let status = |word: &str| Status::ALL.into_iter().find(|status| status.word() == word).ok_or(word.to_owned());
        list(self.status.as_deref()).map(status).collect()
    }
}
