//! What can go wrong outside the core, and what did it concern?

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use quidnunc_core::{ConfigError, NotSent, Rejected};

use crate::durable::DurableError;

/// A driver that cannot start, or cannot go on.
///
/// Lost packets are not among these: a datagram that cannot be sent is lost like any other.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings cannot work; nothing is left open.
    #[error("the configuration cannot work: {0}")]
    Config(#[from] ConfigError),
    /// The node cannot have these other addresses ([`Options::also`](crate::Options::also)); nothing is left open.
    #[error("the other addresses cannot be: {0}")]
    Addresses(Rejected),
    /// The seal cannot work as it is set; nothing is left open.
    #[cfg(feature = "crypto")]
    #[error("the seal cannot work: {0}")]
    Seal(#[from] quidnunc_core::seal::SealError),
    /// The file of state has a key ring, and the node was to start without a seal: what was sealed would be in the clear.
    /// Nothing is left open, and the file is as it was. `SealOptions::overrides` with an empty ring and `Mode::Off` goes on
    /// without keys, and forgets them.
    #[error("{} keeps {keys} keys of a sealed node, which was to start without a seal", path.display())]
    SealLost {
        /// The file of state.
        path: PathBuf,
        /// How many keys it has.
        keys: usize,
    },
    /// The address is taken, not this machine's, or not permitted.
    #[error("cannot bind UDP {addr}: {source}")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The socket failed in a way that waiting does not mend.
    #[error("cannot {action} UDP {addr}: {source}")]
    Socket {
        /// What was tried.
        action: &'static str,
        /// The socket's address.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The system gave no random seed.
    #[error("cannot draw a seed: {0}")]
    Seed(#[from] getrandom::Error),
    /// What must survive the process cannot be kept, or read.
    #[error(transparent)]
    State(#[from] DurableError),
    /// The system gave no thread.
    #[error("cannot start a thread for UDP {addr}: {source}")]
    Thread {
        /// The address of the socket that the thread was to drive.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// Why a request to a running node was not fulfilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The node refused; it is as if the request had never been made.
    #[error("the node refused: {0}")]
    Refused(#[from] Rejected),
    /// The node has written it, and others hear of it, but it could not be kept: after a restart it may be gone.
    /// [`Driver::state_error`](crate::std::Driver::state_error) says why; the node tries again.
    #[error("it is written, but could not be kept on the disk")]
    NotKept,
    /// The node has no seal; start it with `Options::seal`.
    #[cfg(feature = "crypto")]
    #[error("the node has no seal: start it with one")]
    NoSeal,
    /// The seal refused; nothing has changed.
    #[cfg(feature = "crypto")]
    #[error("the seal refused: {0}")]
    Seal(#[from] quidnunc_core::seal::SealError),
    /// Members are not known to have a key that was to be used: they could not read this node any more.
    #[cfg(feature = "crypto")]
    #[error("{members} live members are not known to have key {id}: install it there first")]
    KeyLacking {
        /// The key.
        id: quidnunc_core::seal::KeyId,
        /// How many.
        members: usize,
    },
    /// Members seal with a key that was to be removed, or may: this node could not read them any more.
    #[cfg(feature = "crypto")]
    #[error("{members} live members seal with key {id}, or may: use another one there first")]
    KeySealing {
        /// The key.
        id: quidnunc_core::seal::KeyId,
        /// How many.
        members: usize,
    },
    /// A letter is not known to have arrived.
    #[error("the letter is not known to have arrived: {0:?}")]
    NotSent(NotSent),
    /// The node was still telling its goodbye when the wait was over; it goes on with that.
    #[error("the goodbye is still being told")]
    StillLeaving,
    /// The node's thread has ended; [`Handle::stop`](crate::std::Handle::stop) says why.
    #[error("the node has stopped")]
    Stopped,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_address_and_the_cause() {
        let addr = SocketAddr::from(([127, 0, 0, 1], 7946));
        let error = Error::Bind { addr, source: io::ErrorKind::AddrInUse.into() };
        assert_eq!(error.to_string(), "cannot bind UDP 127.0.0.1:7946: address in use");
    }
}
