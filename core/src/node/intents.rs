//! What a node wishes to send.

use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::detector::Target;
use crate::vocab::{Cookie, Link, NodeId, Nonce, Ring, Slot};
use crate::wire::Claim;

/// What is said about a link outside of it, and an answer that needs none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum LinkStep {
    /// Ask somebody for a link.
    Request { to: SocketAddr, nonce: Nonce },
    /// Ask somebody who wants a link to prove its address.
    Challenge { to: SocketAddr, nonce: Nonce },
    /// Give somebody the link that it asked for.
    Accept { link: Link },
    /// Turn somebody away who asked for a link, and name others.
    Refuse { id: NodeId, to: SocketAddr, nonce: Nonce },
    /// Tell somebody who asked for a link that there is one, or soon will be.
    Duplicate { to: SocketAddr, nonce: Nonce },
    /// Tell somebody that a link is no more.
    Close { to: SocketAddr, nonce: Nonce },
    /// Answer a query; of the answers that wait, the one of this number.
    Answer { number: u64 },
}

/// A packet that shall be sent. What is in it is decided when it is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Intent {
    /// The probe of this period; its clock starts when it is packed.
    Probe { target: Target, nonce: Nonce },
    /// A ping to the member of a row that is watched; its number is given when it is packed.
    Contact { slot: Slot },
    /// Any other ping: a last question, on which a verdict hangs, a favour to another prober, a try to reconnect.
    Ping { slot: Slot, nonce: Nonce },
    /// The ping that a member was sent already, at another of its addresses.
    PingAt { slot: Slot, to: SocketAddr, nonce: Nonce },
    /// A ping with the goodbye of this node in front.
    Goodbye { slot: Slot },
    /// The answer to a ping, with what the pinger should hear about itself, in at most so many bytes.
    Ack { to: SocketAddr, nonce: Nonce, about: Option<Slot>, bytes_max: u32 },
    /// Ask a helper to ping the target.
    PingRequest { helper: Slot, target: Slot, nonce: Nonce },
    /// Tell a prober that the target answered.
    Relayed { to: SocketAddr, target: Slot, nonce: Nonce },
    /// Tell a prober that the target has not answered so far.
    Nack { to: SocketAddr, nonce: Nonce },
    /// The first note of the application that waits.
    Note,
    /// Rumours to a member.
    Gossip { slot: Slot },
    /// The heartbeats of the rows from `first` up to `end`, to a member.
    Heartbeats { slot: Slot, first: u32, end: u32 },
    /// What the receiver should hear about a member, first of all about itself, in at most so many bytes.
    Tell { to: SocketAddr, about: Slot, bytes_max: u32 },
    /// Ask a seed to be let in.
    Join { to: SocketAddr, nonce: Nonce, cookie: Option<Cookie> },
    /// Ask a stranger to prove its address.
    Challenge { to: SocketAddr, nonce: Nonce },
    /// Let a proven stranger in.
    Welcome { to: SocketAddr, nonce: Nonce },
    /// Say something to whoever has this node's identity.
    Claim { to: SocketAddr, claim: Claim },
    /// Begin or go on with a repair: the sums of the prefixes from `first` up to `end`.
    Summary { to: SocketAddr, nonce: Nonce, exact: bool, level: u8, first: u16, end: u16 },
    /// Answer a summary: the contents of those prefixes from `first` on whose bits are set in `differing`, in
    /// at most so many bytes.
    Digest { to: SocketAddr, nonce: Nonce, exact: bool, level: u8, first: u16, differing: u128, bytes_left: u32 },
    /// The next part of the first waiting reply of a repair.
    Reply,
    /// The sums of the copies of maps below the prefixes from `first` up to `end`.
    StateSummary { to: SocketAddr, nonce: Nonce, level: u8, first: u16, end: u16 },
    /// Answer such a summary: the heads below those prefixes from `first` on whose bits are set in `differing`,
    /// in at most so many bytes.
    StateDigest { to: SocketAddr, nonce: Nonce, level: u8, first: u16, differing: u128, bytes_left: u32 },
    /// The next part of the first waiting exchange of maps.
    Exchange,
    /// Say something about a link, or answer a query.
    Link(LinkStep),
    /// The next frame over a link; one that asks wants an answer.
    LinkFrame { link: Link, asks: bool },
    /// Tell a member how far the copy of its map has come.
    Confirm { to: SocketAddr, slot: Slot },
}

impl Intent {
    /// How many bytes its packet may have, because whoever asked for it has not proven its address.
    pub(super) const fn bytes_max(&self) -> u32 {
        if let Self::Ack { bytes_max, .. } | Self::Tell { bytes_max, .. } = *self { bytes_max } else { u32::MAX }
    }
}

/// The intents that wait, in order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Intents {
    queue: Ring<Intent>,
}

impl Intents {
    pub(super) const fn new(max: usize) -> Self {
        Self { queue: Ring::new(max) }
    }

    /// Appends an intent. Returns whether there was room.
    #[must_use]
    pub(super) fn push(&mut self, intent: Intent) -> bool {
        self.queue.push_back(intent).is_ok()
    }

    /// How many of them are notes. Counts them.
    pub(super) fn notes(&self) -> usize {
        self.queue.iter().filter(|intent| matches!(intent, Intent::Note)).count()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Puts the rest of an intent back to the front.
    pub(super) fn put_back(&mut self, intent: Intent) {
        self.queue.put_back(intent);
    }

    /// Drops everything but what is said to another node of the same identity.
    pub(super) fn keep_claims(&mut self) {
        self.queue.retain(|intent| matches!(intent, Intent::Claim { .. }));
    }

    pub(super) fn pop(&mut self) -> Option<Intent> {
        self.queue.pop_front()
    }
}
