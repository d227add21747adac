//! Who may ask over TCP, and what is there for browsers and for Prometheus?
//!
//! Nothing listens unless asked. What the control socket answers is answered here too, to whoever the guard lets through; a page
//! that shows the cluster, and metrics, come on top. Nothing is encrypted: that is for a tunnel or a proxy.

mod guard;
mod metrics;
mod page;
mod token;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::{Router, middleware};
use tokio::net::{TcpListener, TcpSocket};

use crate::api::{self, Agent};
use guard::Guard;
use token::Token;

/// So many connections wait for the agent to take them; of a further one the system drops the first packet, and it takes a second
/// until that is sent again.
const BACKLOG: u32 = 4096;

/// Why nothing listens.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebError {
    #[error(
        "--http {addr} can be reached from elsewhere: give an --http-token-file, or an address such as 127.0.0.1:{}",
        addr.port()
    )]
    Open { addr: SocketAddr },
    #[error("--http-token-file guards nothing: give an --http address, or leave it out")]
    NoAddress,
    #[error("cannot read the token file {path}: {source}")]
    TokenFile { path: PathBuf, source: io::Error },
    #[error("others may read or change the token file {path}: `chmod 600 {path}`")]
    Readable { path: PathBuf },
    #[error("{path} has no token: {why}; `quidnunc keys gen` prints a number that will do")]
    Token { path: PathBuf, why: &'static str },
    #[error("cannot listen for HTTP at {addr}: {source}; give another --http")]
    Listen { addr: SocketAddr, source: io::Error },
}

/// Where to listen, and who may ask there.
#[derive(Debug, Clone)]
pub(crate) struct Web {
    addr: SocketAddr,
    token: Option<Token>,
}

impl Web {
    /// What an address and a file with a token come to.
    pub(crate) fn new(addr: Option<SocketAddr>, token: Option<&Path>) -> Result<Option<Self>, WebError> {
        let token = token.map(Token::read).transpose()?;
        match (addr, token) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(WebError::NoAddress),
            (Some(addr), None) if !addr.ip().to_canonical().is_loopback() => Err(WebError::Open { addr }),
            (Some(addr), token) => Ok(Some(Self { addr, token })),
        }
    }

    pub(crate) fn listen(self) -> Result<Open, WebError> {
        let Self { addr, token } = self;
        let failed = |source| WebError::Listen { addr, source };
        let listener = listen(addr).map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        Ok(Open { listener, addr, guard: Arc::new(Guard { addr, token }) })
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // What is left of connections of an agent that has ended does not keep the next one away.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// A listener, and who may ask there.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) listener: TcpListener,
    pub(crate) addr: SocketAddr,
    guard: Arc<Guard>,
}

impl Open {
    /// What is answered here.
    pub(crate) fn router(&self, agent: Arc<Agent>) -> Router {
        let guarded = middleware::from_fn_with_state(Arc::clone(&self.guard), guard::guarded);
        page::router(self.guard.token.is_some())
            .merge(metrics::router(Arc::clone(&agent)))
            .merge(api::router(agent))
            .method_not_allowed_fallback(api::not_so)
            .layer(guarded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_can_reach_needs_a_token() {
        let new = |addr: &str| Web::new(addr.parse().ok(), None);
        for own in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(matches!(new(own), Ok(Some(_))), "{own}");
        }
        for open in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[fe80::1]:1"] {
            assert!(matches!(new(open), Err(WebError::Open { .. })), "{open}");
        }
    }
}
