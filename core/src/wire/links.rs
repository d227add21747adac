//! What is said about a link: asked for, given, refused, closed; and the head of a frame that goes over one.

use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::body::decode;
use super::record::{AddrWire, can_listen};
use crate::vocab::{Cookie, NodeId, Nonce};

/// One step of the life of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LinkBody<'a> {
    /// "May I have a link to you?" What the sender has issued comes with it.
    Request {
        /// The same in each repetition.
        nonce: Nonce,
        /// Of the challenge, if there was one.
        cookie: Option<Cookie>,
        /// How many nodes the sender knows of.
        nodes: u32,
        /// How many links it has.
        links: u8,
        /// It is cut off, and was turned away too often.
        urgent: bool,
    },
    /// "Who are you? Ask once more, with this."
    Challenge {
        /// Of the request.
        nonce: Nonce,
        cookie: Cookie,
    },
    /// "You have one."
    Accept {
        /// Of the request.
        nonce: Nonce,
        /// Names the link to its receiver's frames from now on.
        name: Nonce,
        nodes: u32,
        links: u8,
        /// The newest sentinel that the sender has: the life that issued it, and its stamp.
        sentinel: Option<([u8; 8], u64)>,
    },
    /// "Ask one of these instead."
    Refuse {
        /// Of the request.
        nonce: Nonce,
        nodes: u32,
        #[serde(borrow)]
        others: Others<'a>,
    },
    /// "We have one, or are about to."
    Duplicate {
        /// Of the request.
        nonce: Nonce,
    },
    /// "The link or the request of this name is no more."
    Close { name: Nonce },
    /// An answer to a query that came as an info.
    Answer {
        /// Of the query.
        query: Nonce,
        #[serde(borrow)]
        payload: &'a [u8],
    },
    /// Something goes over the link of this name.
    Frame {
        name: Nonce,
        /// 0 when it need not be acknowledged.
        number: u32,
        /// All frames up to this one have come, …
        upto: u32,
        /// … and of the 32 behind the next one those whose bits are set.
        beyond: u32,
        /// Whether it belongs to the greeting, is the last of it, wants an answer, and how many links the sender has.
        greets: bool,
        ends_greeting: bool,
        asks: bool,
        links: u8,
    },
}

/// Others who may be asked for a link: identities and addresses, any bytes until they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Others<'a> {
    #[serde(borrow)]
    bytes: &'a [u8],
}

/// The most that one of them takes.
const OTHER_BYTES_MAX: usize = 16 + 1 + 16 + 2;

impl<'a> Others<'a> {
    /// Writes as many as fit.
    pub(crate) fn write(buffer: &'a mut [u8], others: impl Iterator<Item = (NodeId, SocketAddr)>) -> Self {
        let mut len = 0_usize;
        for (id, addr) in others {
            let Some(free) = buffer.get_mut(len..) else { break };
            let wire = (id.to_bytes(), AddrWire::of(addr));
            let Ok(written) = postcard::to_slice(&wire, free) else { break };
            len = len.saturating_add(written.len());
        }
        let (bytes, _) = buffer.split_at_mut_checked(len).unwrap_or_default();
        Self { bytes }
    }

    /// How many bytes so many may take.
    pub(crate) const fn room<const COUNT: usize>() -> usize {
        COUNT.saturating_mul(OTHER_BYTES_MAX)
    }
}

/// What a node tells of itself for those who look for links: the value of its own info.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) addr: SocketAddr,
    /// How many links it serves.
    pub(crate) incoming: u8,
}

/// No marker is longer.
pub(crate) const MARKER_BYTES_MAX: usize = 1 + 16 + 2 + 1;

impl Marker {
    /// Writes it; returns its length. There is always room.
    pub(crate) fn encode(&self, buffer: &mut [u8; MARKER_BYTES_MAX]) -> usize {
        postcard::to_slice(&(AddrWire::of(self.addr), self.incoming), buffer).map_or(0, |written| written.len())
    }

    /// Reads it; `None` when the bytes are none, or nobody can listen there.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (addr, incoming): (AddrWire, u8) = decode(bytes)?;
        let addr = addr.addr();
        can_listen(addr).then_some(Self { addr, incoming })
    }
}

/// As many as can be read, those left out at whose address nobody can listen.
impl Iterator for Others<'_> {
    type Item = (NodeId, SocketAddr);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let ((id, addr), rest) = postcard::take_from_bytes::<([u8; 16], AddrWire)>(self.bytes).ok()?;
            self.bytes = rest;
            let addr = addr.addr();
            if can_listen(addr) {
                return Some((NodeId::from_bytes(id), addr));
            }
        }
    }
}
