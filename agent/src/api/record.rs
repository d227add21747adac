//! What happens to the node from now on, as a recording that replays.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::extract::Params;
use super::lines::Written;
use super::{Of, Problem};
use crate::recording::{self, ASKED_MAX};

/// So many pieces wait for whoever reads; each is 64 KiB at most, but for the first of a part.
const PIECES_MAX: usize = 32;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// For how long; without it, until nobody reads.
    for_ms: Option<u64>,
}

/// `GET /v1/record`
pub(super) async fn record(agent: Of, Params(Asked { for_ms }): Params<Asked>) -> Result<Response, Problem> {
    let (sender, pieces) = mpsc::channel(PIECES_MAX);
    let recorder = recording::to_asker(&agent.recordings, sender, for_ms.map(Duration::from_millis), &agent.name);
    let recorder = recorder.ok_or_else(|| {
        let why = format!("{ASKED_MAX} recordings are being made already");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_recordings", why)
            .hint("wait until one has ended, or run the agent with --record")
    })?;
    agent.record(recorder).await?;
    let headers = [(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(Written(pieces))).into_response())
}
