//! What does the overlay hear, and what does it say?

use core::net::SocketAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::{Instant, Link, LinkEnd, NodeId, Nonce, Rng};

/// Somebody who can be asked for a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Peer {
    pub(crate) id: NodeId,
    /// Where it listens.
    pub(crate) addr: SocketAddr,
}

/// One life of somebody who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Speaker {
    pub(crate) peer: Peer,
    pub(crate) boot: u64,
    /// How many links it has, open ones in both directions.
    pub(crate) links: u8,
}

/// Somebody asks for a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) from: Speaker,
    /// Of the one who asks: the same in each repetition.
    pub(crate) nonce: Nonce,
    /// It is cut off, and was turned away too often: see [`Overlay::is_urgent`](super::Overlay::is_urgent).
    pub(crate) urgent: bool,
}

/// Somebody gives a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) from: Speaker,
    /// Of the request.
    pub(crate) nonce: Nonce,
    /// Of the one who gives it; names the link from now on.
    pub(crate) theirs: Nonce,
    pub(crate) gain: Gain,
}

/// What the digest that comes with an acceptance promises. Matters to a link that would take another one's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Gain {
    /// It has a newer sentinel.
    pub(crate) newer_sentinel: bool,
    /// Somebody who is far would no longer be.
    pub(crate) brings_nearer: bool,
}

/// Somebody whose marker is fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) peer: Peer,
    /// How many incoming links it has, by its marker.
    pub(crate) incoming: u8,
}

/// The newest sentinel that is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sentinel {
    /// When it came, or was issued here.
    pub(crate) since: Instant,
    /// The link over which it came; `None` if it was issued here or the link has closed.
    pub(crate) via: Option<Link>,
}

/// What the rest of the node knows, as far as links depend on it.
pub(crate) trait Outlook {
    /// How many nodes are known, this one included, or the most that anybody has reported, whichever is more.
    fn nodes(&self) -> u32;

    /// The round-trip time to be reckoned with.
    fn rtt(&self) -> Duration;

    fn sentinel(&self) -> Option<Sentinel>;

    /// Since when no origin has come or gone.
    fn unchanged_since(&self) -> Instant;

    /// Somebody at random, of all whose marker is fresh; this node never.
    fn fresh(&self, rng: &mut Rng) -> Option<Candidate>;

    /// Somebody at random, of all that are known or were, whose marker is not fresh: of such nodes the other half of
    /// a cluster consists that was cut in two.
    fn lost(&self, rng: &mut Rng) -> Option<Peer>;

    /// Somebody at random who lives, if nothing fresh of it comes here: of such nodes another island consists.
    fn stranger(&self, rng: &mut Rng) -> Option<Peer>;

    /// Whether there is a marker of somebody, fresh or not.
    fn is_known(&self, id: NodeId) -> bool;

    /// Whether there is a fresh one.
    fn is_fresh(&self, id: NodeId) -> bool;

    /// How many origins have been far on six consecutive stamps.
    fn far_origins(&self) -> u32;

    /// One of them at random.
    fn far(&self, rng: &mut Rng) -> Option<Peer>;

    /// Of how many origins a link is the parent.
    fn fed_by(&self, link: Link) -> u32;
}

/// When something happens, by what chance, and what is known then.
pub(crate) struct Scene<'a> {
    pub(crate) now: Instant,
    pub(crate) rng: &'a mut Rng,
    pub(crate) outlook: &'a dyn Outlook,
}

/// Who asked for a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Direction {
    /// This node did.
    Outgoing,
    /// The other one did.
    Incoming,
}

/// How this node stands in the overlay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Standing {
    /// It has no link yet, or has just got one and had no time to see the sentinel.
    Joining,
    /// It has a link and a sentinel.
    Connected,
    /// It had links, and has none any more.
    Orphaned,
    /// It has links, over which no sentinel has ever come, or none for too long.
    SentinelMissing(Missed),
    /// It takes no further part.
    Stopped,
}

/// How a sentinel is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Missed {
    Never,
    Late,
}

impl Standing {
    /// Whether something is wrong.
    pub(crate) const fn is_stall(self) -> bool {
        matches!(self, Self::Orphaned | Self::SentinelMissing(_))
    }
}

/// What is to be sent, or told. Whoever encodes asks for the rest at that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Act {
    /// Ask for a link; with the own marker, the digest, the node count, and whether it is urgent.
    Request { to: SocketAddr, nonce: Nonce },
    /// Give a link, for which `theirs` asked; with what the other side lacks and the digest.
    Accept { link: Link },
    /// Turn somebody away; with the node count and the [`alternates`](super::Overlay::alternates).
    Refuse { to: Peer, nonce: Nonce },
    /// There is a link already, or one on its way.
    Duplicate { to: SocketAddr, nonce: Nonce },
    /// First frame over an outgoing link; with what the other side lacks.
    Confirm { link: Link },
    /// A frame that says only that this side is there; one that `asks` is answered by one that does not.
    KeepAlive { link: Link, asks: bool },
    /// The link or request of this nonce is no more.
    Close { to: SocketAddr, nonce: Nonce },
    /// Stamp the own marker anew, with the count of incoming links.
    Mark,
    /// A link is open; a question and its answer took so long on the way there, repetitions included.
    Up { link: Link, peer: Peer, direction: Direction, round: Duration },
    /// It is not any more, and its place may be given to another.
    Down { link: Link, peer: Peer, direction: Direction, why: LinkEnd },
    /// The node stands otherwise from now on.
    Stands(Standing),
}

/// What has happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Requests that were begun; repetitions are not counted.
    pub(crate) dials: u64,
    /// Requests that were refused.
    pub(crate) refusals: u64,
    /// Requests that nobody answered.
    pub(crate) timeouts: u64,
    /// Links that gave way to better ones.
    pub(crate) swaps: u64,
    /// Links that gave way to somebody who was cut off.
    pub(crate) evictions: u64,
    /// Acts and requests for which there was no room.
    pub(crate) dropped: u64,
}
