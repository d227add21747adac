//! What of HTTP over TCP is left in a build without it? Only the refusal.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

use crate::api::Agent;

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebError {
    #[error("this build has no HTTP: leave --http out, or build it with the cargo feature `http`")]
    Absent,
}

/// It cannot be.
#[derive(Debug, Clone)]
pub(crate) struct Web(Infallible);

impl Web {
    pub(crate) const fn new(addr: Option<SocketAddr>, token: Option<&Path>) -> Result<Option<Self>, WebError> {
        if addr.is_some() || token.is_some() { Err(WebError::Absent) } else { Ok(None) }
    }

    pub(crate) const fn listen(self) -> Result<Open, WebError> {
        match self.0 {}
    }
}

/// Nor can this.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) listener: TcpListener,
    pub(crate) addr: SocketAddr,
    never: Infallible,
}

impl Open {
    pub(crate) fn router(&self, _agent: Arc<Agent>) -> Router {
        match self.never {}
    }
}
