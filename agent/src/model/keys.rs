//! What is said of the keys of a cluster? Never a key itself, but in the request that installs one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Who;

/// `GET /v1/keys`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Keys {
    /// How many live members there are.
    pub(crate) members: usize,
    pub(crate) keys: Vec<KeyRow>,
    /// Who has which, the agent that answers first.
    pub(crate) holders: Vec<Holder>,
    /// Keys that the agent was given at its start and did not install, since they had been removed.
    pub(crate) withheld: Vec<String>,
}

/// One key, by its fingerprint.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct KeyRow {
    pub(crate) id: String,
    /// So many live members have it,
    pub(crate) have: usize,
    /// and so many of them seal with it.
    pub(crate) seal: usize,
    /// Whether the agent that answers seals with it.
    pub(crate) own: bool,
}

/// What a member has said of its keys.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Holder {
    #[serde(flatten)]
    pub(crate) who: Who,
    /// `None` where nothing has come.
    pub(crate) mode: Option<String>,
    /// That which it seals with first.
    pub(crate) keys: Vec<String>,
}

/// `POST /v1/keys/install`
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyInstall {
    /// 32, 48 or 64 hexadecimal digits.
    pub(crate) key: String,
    /// Not only here, but on every live member.
    #[serde(default)]
    pub(crate) everywhere: bool,
}

/// What came of a step.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct KeyDone {
    /// Members that could not be asked to do the same.
    pub(crate) unreached: Vec<Who>,
}

/// `POST /v1/keys/use` and `POST /v1/keys/remove`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyStep {
    /// The fingerprint.
    pub(crate) id: String,
    /// Also where that cuts members off.
    #[serde(default)]
    pub(crate) force: bool,
    /// Not only here, but on every live member, each by its own check.
    #[serde(default)]
    pub(crate) everywhere: bool,
}
