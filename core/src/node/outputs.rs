//! What does a node ask of its driver: a datagram to be sent, and to be called again? Types only.

use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::vocab::Instant;

/// One datagram to be sent: the first `len` bytes of the buffer that was polled into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the datagram is lost if it is not sent"]
pub struct Transmit {
    /// Where to.
    pub to: SocketAddr,
    /// How many bytes of the buffer.
    pub len: usize,
    /// What for.
    pub purpose: Purpose,
}

/// What a datagram is for: what a trace, a metric or a filter goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// A ping.
    Probe,
    /// The answer to a ping.
    Ack,
    /// A request to ping somebody else, or its answer.
    Relay,
    /// Rumours and nothing else.
    Gossip,
    /// Heartbeats, the own and others'.
    Heartbeat,
    /// A step of joining.
    Join,
    /// A step of a repair.
    Repair,
    /// Changes of maps, and what asks for them.
    State,
    /// A step of opening a link, or what goes over one.
    Info,
    /// A note of the application.
    Note,
}

/// The node's one deadline: call [`handle`](crate::Node::handle) with [`Input::Timeout`](crate::Input::Timeout)
/// then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wakeup {
    /// When.
    pub at: Instant,
    /// What for; of use to logs and tests only.
    pub timer: Timer,
}

/// What a node waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Timer {
    /// The lease of a voter ends, or a standing lasts long enough; first, because what a node may do rests on it.
    Quorum,
    /// The next probe period.
    ProbePeriod,
    /// The answer to a direct probe.
    ProbeAnswer,
    /// The next gossip tick.
    Gossip,
    /// The last chance or the end of a suspicion.
    Suspicion,
    /// The next request to let this node in.
    Join,
    /// The next repair of a young node.
    Repair,
    /// The next attempt to reach a dead member, or somebody from the book.
    Reconnect,
    /// A member that died or left has been remembered for long enough.
    Forget,
    /// A value ends, or deleted keys have been remembered for long enough.
    Values,
    /// The next repair of a young node's copies of maps.
    StateRepair,
    /// More changes of maps may be sent.
    Pace,
    /// Members are asked whether they hold what is waited for, or a wait is over; also that of a node that leaves.
    Waits,
    /// Somebody waits to hear that a member does not answer.
    Nack,
    /// The next heartbeat, or the next part of what is told with it; in a ring, the next contact, or the end of an
    /// interval in which nobody is contacted.
    Heartbeat,
    /// Somebody's heartbeat has stood still for too long, or somebody who is contacted stays silent.
    Silence,
    /// The next question to an address at which this node's identity, or a member's old life, is looked for.
    Identity,
    /// A stream has brought no message for too long, or the time of a letter is over.
    Streams,
    /// A sign of life over a link, or something that is to be told over one.
    Links,
    /// An info ends.
    Infos,
    /// An answer to a query is to be sent, or answers are waited for no longer.
    Calls,
    /// The time of a ping that the application wanted is over.
    Pings,
}
