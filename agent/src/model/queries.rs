//! What is asked of everybody, and what is answered?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bytes, Who};

/// `POST /v1/query`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryAsk {
    pub(crate) name: String,
    pub(crate) payload: Bytes,
    /// For how long answers are taken.
    #[serde(default = "query_wait_ms")]
    pub(crate) wait_ms: u64,
    /// Only answers of members in this domain count.
    #[serde(default)]
    pub(crate) domain: Option<String>,
    /// Only answers of members with these tags, as in a list of members.
    #[serde(default)]
    pub(crate) tag: Option<String>,
}

const fn query_wait_ms() -> u64 {
    10_000
}

/// A line of its answer.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum QueryLine {
    /// It is on its way.
    Asked(Asked),
    /// Somebody has answered.
    Answer(Answered),
    /// All have answered, or the time is over.
    Ended(QueryEnded),
    /// So many events were missed, answers perhaps among them.
    Lost(u64),
}

/// Of how many members answers count.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Asked {
    pub(crate) of: usize,
}

/// One answer.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Answered {
    #[serde(flatten)]
    pub(crate) who: Who,
    pub(crate) payload: Bytes,
}

/// What came of a query.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct QueryEnded {
    pub(crate) answers: usize,
    pub(crate) of: usize,
    /// Who has not answered.
    pub(crate) missing: Vec<Who>,
}

/// A line of `GET /v1/query/watch`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum QuestionLine {
    /// From now on everything is told.
    Watching(bool),
    Query(Question),
    Lost(u64),
}

/// A query that somebody asks.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Question {
    pub(crate) asker: Who,
    pub(crate) name: Bytes,
    pub(crate) payload: Bytes,
    /// For how long after the query answers are taken.
    pub(crate) window_ms: u64,
    /// What an answer has to repeat.
    pub(crate) token: String,
}

/// `POST /v1/query/answer`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryAnswer {
    pub(crate) token: String,
    pub(crate) payload: Bytes,
}
