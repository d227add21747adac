//! Why does a node refuse what it is given? Types only.

use core::net::SocketAddr;
use core::time::Duration;

#[cfg(doc)]
use super::io::Event;
use super::io::{
    InfoRejected, KEY_BYTES_MAX, LetterRejected, NOTES_MAX, PINGS_MAX, SEEDS_MAX, StreamError, WAIT_MAX, WAIT_MIN,
    WAITS_MAX, WATCHES_MAX,
};
use crate::quorum::QuorumError;
use crate::vocab::{Health, NodeId, TTL_MAX};
use crate::wire::{ADDRESSES_MAX, DecodeError};

/// Why an input was refused. Except for a counter in [`Stats`](crate::Stats), the node is as if it had never come; only, when
/// timers are overdue, a refused datagram takes one of the turns that datagrams have before them, or a flood of
/// noise could hold the timers back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The bytes are not a datagram of this cluster.
    #[error("{0}")]
    Datagram(#[from] DecodeError),
    /// What the driver says of a stream cannot be, or what came on it cannot be read.
    #[error("{0}")]
    Stream(#[from] StreamError),
    /// The datagram claims to come from this node itself.
    #[error("the datagram carries our own identity")]
    FromSelf,
    /// The datagram comes, or a seed or another address of this node is, from outside [`Config::allowed`](crate::Config::allowed).
    #[error("{addr} is outside the networks that this node allows")]
    NotAllowed {
        /// The address.
        addr: SocketAddr,
    },
    /// The datagram asks for more than an unproven source gets, and its cookie is not ours or is stale.
    #[error("the cookie is not ours or is stale")]
    Cookie,
    /// No seeds were given.
    #[error("no seeds")]
    NoSeeds,
    /// More seeds were given than a join takes.
    #[error("{count} seeds, at most {SEEDS_MAX} are taken")]
    TooManySeeds {
        /// How many were given.
        count: usize,
    },
    /// A key is too long, or empty.
    #[error("a key of {len} bytes, 1 to {KEY_BYTES_MAX} are taken")]
    Key {
        /// Its length.
        len: usize,
    },
    /// The key is one that the library writes itself ([`ADDRESSES_KEY`](crate::ADDRESSES_KEY)); a command of its own does that.
    #[error("the library writes that key itself; Command::Addresses sets it")]
    ReservedKey,
    /// A node has more addresses than others would ask it at.
    #[error("{count} other addresses, at most {ADDRESSES_MAX} are taken")]
    TooManyAddresses {
        /// How many were given.
        count: usize,
    },
    /// Nobody can be reached at an address, or nobody who reaches this node at its own: it is unspecified, multicast or
    /// broadcast, without a port, or of another family.
    #[error("this node cannot be reached at {addr}; an address of its own family, with a port, is wanted")]
    Address {
        /// The address.
        addr: SocketAddr,
    },
    /// A value is longer than the config allows.
    #[error("a value of {len} bytes, at most {most} are taken")]
    Value {
        /// Its length.
        len: usize,
        /// The most that is taken.
        most: usize,
    },
    /// A value was put for a time that cannot be told to others.
    #[error("a value for {ttl:?}, 1 ms to {TTL_MAX:?} are taken")]
    Ttl {
        /// The time.
        ttl: Duration,
    },
    /// The map would be larger than maps may be. Deleted keys count until they are forgotten.
    #[error("the map would hold more than {most} bytes")]
    MapFull {
        /// The most that it may hold.
        most: usize,
    },
    /// More was written than the cluster can take up at present (van Renesse 2008, section 5).
    #[error("too much was written; there is room again in {retry_after:?}")]
    Backpressure {
        /// When there is room for this write, if nothing else is written.
        retry_after: Duration,
    },
    /// More prefixes would be watched than can be.
    #[error("at most {WATCHES_MAX} prefixes are watched")]
    TooManyWatches,
    /// A wait for nobody.
    #[error("a wait for no replicas")]
    NoReplicas,
    /// Replicas cannot be in more domains than there are replicas.
    #[error("a wait for {replicas} replicas in {domains} domains")]
    TooManyDomains {
        /// The domains.
        domains: u32,
        /// The replicas.
        replicas: u32,
    },
    /// A wait that is too short or too long.
    #[error("a wait of {timeout:?}, {WAIT_MIN:?} to {WAIT_MAX:?} are taken")]
    Timeout {
        /// The time.
        timeout: Duration,
    },
    /// As many waits are open as can be.
    #[error("at most {WAITS_MAX} waits are open at once")]
    TooManyWaits,
    /// Only the dead are removed: whoever lives can leave, or be stopped first.
    #[error("{id} is not dead, but {health:?}")]
    NotDead {
        /// Who was to be removed.
        id: NodeId,
        /// What is believed of it; `None` when nothing is known.
        health: Option<Health>,
    },
    /// A letter or a ping to somebody of whom nothing is known.
    #[error("there is no member {id:?}")]
    NoSuchMember {
        /// To whom.
        id: NodeId,
    },
    /// A letter to a member that is dead or has left, as far as this node knows.
    #[error("{id:?} does not live, but is {health:?}")]
    NotLive {
        /// To whom.
        id: NodeId,
        /// What is believed of it.
        health: Health,
    },
    /// A letter or a ping of a node to itself.
    #[error("that is this node itself")]
    ToSelf,
    /// As many pings are open as can be.
    #[error("at most {PINGS_MAX} pings are open at once")]
    TooManyPings,
    /// A note does not go into one datagram.
    #[error("a note of {len} bytes, at most {most} are taken")]
    NoteTooLong {
        /// Its length.
        len: usize,
        /// The most that is taken.
        most: usize,
    },
    /// As many notes wait to leave as can, or too much else does.
    #[error("at most {NOTES_MAX} notes wait to leave")]
    TooManyNotes,
    /// A letter is refused.
    #[error("{0}")]
    Letter(#[from] LetterRejected),
    /// The node takes no part in infos, because [`Config::infos`](crate::Config::infos) is not set.
    #[error("this node takes no part in infos")]
    NoInfos,
    /// An info, a group or a watch is refused.
    #[error("{0}")]
    Info(#[from] InfoRejected),
    /// The node knows no quorum, because [`Config::quorum`](crate::Config::quorum) is not set.
    #[error("this node knows no quorum")]
    NoQuorum,
    /// A configuration of the quorum is refused.
    #[error("{0}")]
    Quorum(#[from] QuorumError),
    /// The node has said goodbye.
    #[error("this node has left the cluster")]
    HasLeft,
    /// The node has stopped because another one has its identity ([`Event::Conflict`]).
    #[error("another node has this identity, and this one has stopped")]
    Stopped,
}
