//! What does the agent answer?
//!
//! One router for whatever listener it is served over. Every handler is bounded in time and in what it reads; what goes on for
//! long is a stream of JSON lines, which ends when its reader does.

mod detail;
mod doctor;
mod events;
mod extract;
mod info;
mod join;
mod keys;
mod kv;
mod leave;
mod lines;
mod members;
mod monitor;
#[cfg(test)]
mod openapi;
mod overlay;
mod phrases;
mod problem;
mod query;
mod quorum;
mod reach;
mod record;
mod room;
mod status;
mod tags;
mod top;
mod why;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use quidnunc::NodeId;
use quidnunc::tokio::Handle;
use tokio::sync::{Notify, Semaphore};

use crate::doctor::{Began, Doctor};
use crate::hub::Hub;
use crate::model::Reply;
use crate::names::{self, Unclear};
use crate::recording::ASKED_MAX;
pub(crate) use join::{WAIT_MAX as JOIN_WAIT_MAX, is_address};
pub(crate) use keys::parse_key_id;
pub(crate) use members::who;
pub(crate) use phrases::of_not_sent;
pub(crate) use problem::Problem;
pub(crate) use query::attend as attend_queries;
#[cfg(feature = "http")]
pub(crate) use status::counts;
pub(crate) use why::because;

/// Where a recording is asked for.
pub(crate) const RECORD_PATH: &str = "/v1/record";

/// The most bytes of a request's body.
const BODY_BYTES_MAX: usize = 1 << 20;

/// No answer takes longer to begin.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// What all handlers share.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) node: Handle,
    pub(crate) hub: Hub,
    pub(crate) name: String,
    /// Who died or left is forgotten after this.
    pub(crate) tombstone_life: Duration,
    /// The number of the next query.
    pub(crate) queries: AtomicU64,
    /// Told when the goodbye that somebody asked for is over.
    pub(crate) gone: Notify,
    /// How many more recordings may go to whoever asks.
    pub(crate) recordings: Arc<Semaphore>,
    /// What it keeps to find out what is wrong.
    pub(crate) doctor: Doctor,
    /// When it began.
    pub(crate) began: Began,
    /// Whom it was told to join.
    pub(crate) seeds: Vec<String>,
}

impl Agent {
    /// That of a node which has begun.
    pub(crate) fn new(node: Handle, name: String, tombstone_life: Duration, seeds: Vec<String>) -> Self {
        Self {
            node,
            hub: Hub::new(),
            name,
            tombstone_life,
            queries: AtomicU64::new(0),
            gone: Notify::new(),
            recordings: Arc::new(Semaphore::new(ASKED_MAX)),
            doctor: Doctor::default(),
            began: Began::now(),
            seeds,
        }
    }
}

/// An answer, or why there is none.
type Answer<T> = Result<Json<Reply<T>>, Problem>;

/// A handler's way to the agent.
type Of = axum::extract::State<Arc<Agent>>;

const fn reply<T>(body: T) -> Answer<T> {
    Ok(Json(Reply::new(body)))
}

pub(crate) fn router(agent: Arc<Agent>) -> Router {
    Router::new()
        .route("/v1/status", get(status::status))
        .route("/v1/top", get(top::top))
        .route("/v1/members", get(members::members))
        .route("/v1/members/watch", get(members::watch))
        .route("/v1/join", post(join::join))
        .route("/v1/leave", post(leave::leave))
        .route("/v1/kv", get(kv::list))
        .route("/v1/kv/watch", get(kv::watch))
        .route("/v1/kv/set", post(kv::set))
        .route("/v1/kv/delete", post(kv::delete))
        .route("/v1/tags", get(tags::list).post(tags::change))
        .route("/v1/monitor", get(monitor::monitor))
        .route("/v1/why", get(why::why))
        .route("/v1/event", post(events::send))
        .route("/v1/event/watch", get(events::watch))
        .route("/v1/query", post(query::ask))
        .route("/v1/query/watch", get(query::watch))
        .route("/v1/query/answer", post(query::answer))
        .route("/v1/info", get(info::list))
        .route("/v1/info/add", post(info::add))
        .route("/v1/info/delete", post(info::delete))
        .route("/v1/info/group", get(info::group).post(info::register))
        .route("/v1/ping", post(reach::ping))
        .route("/v1/reach", post(reach::reach))
        .route("/v1/force-leave", post(reach::force_leave))
        .route("/v1/overlay", get(overlay::overlay))
        .route("/v1/quorum", get(quorum::quorum))
        .route("/v1/doctor", post(doctor::doctor))
        .route(RECORD_PATH, get(record::record))
        .route("/v1/keys", get(keys::list))
        .route("/v1/keys/install", post(keys::install))
        .route("/v1/keys/use", post(keys::use_key))
        .route("/v1/keys/remove", post(keys::remove))
        .fallback(nowhere)
        .method_not_allowed_fallback(not_so)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(in_time))
        .with_state(agent)
}

async fn nowhere(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_such_path", format!("there is nothing at {}", uri.path()))
        .hint("the agent may be older than the command: compare `quidnunc version` with `quidnunc status`")
}

/// What is there is asked for in another way.
pub(crate) async fn not_so(method: Method, uri: Uri) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", format!("{} does not take {method}", uri.path()))
        .hint("what reads is GET, what changes something is POST")
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(ANSWER_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(StatusCode::GATEWAY_TIMEOUT, "timeout", "there was no answer in time").into_response(),
    }
}

impl Agent {
    /// The member that a text means.
    async fn find(&self, text: String) -> Result<NodeId, Problem> {
        let wanted = text.clone();
        let found = self.node.read(move |driver| names::find(driver.view(), &wanted)).await?;
        found.map_err(|unclear| match unclear {
            Unclear::Unknown(near) => {
                let problem =
                    Problem::new(StatusCode::NOT_FOUND, "unknown_member", format!("there is no member `{text}`"));
                match near {
                    Some(near) => problem.hint(format!("did you mean `{near}`?")),
                    None => problem.hint("`quidnunc members --long` lists names, ids and addresses"),
                }
            }
            Unclear::Ambiguous(ids) => {
                let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
                Problem::new(StatusCode::CONFLICT, "ambiguous_member", format!("several members are called `{text}`"))
                    .hint(format!("say which by its id: {}", ids.join(", ")))
            }
        })
    }
}
