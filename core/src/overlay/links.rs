//! Which links are there?
//!
//! Invariant: no two links lead to the same node or the same address, none leads to this node, and the counts are
//! those of the table. A link that was promised and is not confirmed counts like an open one.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::words::{Direction, Peer, Speaker};
use crate::vocab::{Instant, Link, Links, NodeId, Nonce};

/// One link.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) peer: Peer,
    /// Which of its lives.
    pub(super) boot: u64,
    /// How many links it had when it last said so.
    pub(super) links: u8,
    pub(super) direction: Direction,
    /// What its frames carry.
    pub(super) own: Nonce,
    /// What frames to it carry.
    pub(super) theirs: Nonce,
    pub(super) open: bool,
    /// When something came over it last, and when something was sent.
    pub(super) heard: Instant,
    pub(super) sent: Instant,
    /// The time between two signs of life over an idle link.
    pub(super) period: Duration,
    /// When it is looked after next.
    pub(super) due: Instant,
}

/// The table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Table {
    entries: Vec<Option<Entry>>,
    outgoing: usize,
    incoming: usize,
}

impl Table {
    /// Takes a link in, unless there is one to the same node or address, or no place.
    pub(super) fn insert(&mut self, entry: Entry) -> Option<Link> {
        if self.leads_to(Some(entry.peer.id), entry.peer.addr) {
            return None;
        }
        let free = self.entries.iter().position(Option::is_none).unwrap_or(self.entries.len());
        let link = Link::new(free)?;
        if free == self.entries.len() {
            self.entries.push(None);
        }
        *self.entries.get_mut(free)? = Some(entry);
        *self.count_mut(entry.direction) += 1;
        Some(link)
    }

    pub(super) fn remove(&mut self, link: Link) -> Option<Entry> {
        let entry = self.entries.get_mut(link.index())?.take()?;
        *self.count_mut(entry.direction) -= 1;
        Some(entry)
    }

    const fn count_mut(&mut self, direction: Direction) -> &mut usize {
        match direction {
            Direction::Outgoing => &mut self.outgoing,
            Direction::Incoming => &mut self.incoming,
        }
    }

    pub(super) const fn count(&self, direction: Direction) -> usize {
        match direction {
            Direction::Outgoing => self.outgoing,
            Direction::Incoming => self.incoming,
        }
    }

    pub(super) fn get(&self, link: Link) -> Option<&Entry> {
        self.entries.get(link.index())?.as_ref()
    }

    pub(super) fn get_mut(&mut self, link: Link) -> Option<&mut Entry> {
        self.entries.get_mut(link.index())?.as_mut()
    }

    /// All links in the order of their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Link, &Entry)> {
        let entries = self.entries.iter().enumerate();
        entries.filter_map(|(place, entry)| Some((Link::new(place)?, entry.as_ref()?)))
    }

    /// The links that are so.
    pub(super) fn set(&self, is_so: impl Fn(&Entry) -> bool) -> Links {
        self.iter().filter(|(_, entry)| is_so(entry)).fold(Links::NONE, |set, (link, _)| set.with(link))
    }

    /// How many are open.
    pub(super) fn open(&self) -> usize {
        self.iter().filter(|(_, entry)| entry.open).count()
    }

    /// The link to a node.
    pub(super) fn to(&self, id: NodeId) -> Option<(Link, &Entry)> {
        self.iter().find(|(_, entry)| entry.peer.id == id)
    }

    /// Whether a link leads to this node or to this address.
    pub(super) fn leads_to(&self, id: Option<NodeId>, addr: SocketAddr) -> bool {
        self.iter().any(|(_, entry)| Some(entry.peer.id) == id || entry.peer.addr == addr)
    }

    /// The link over which a frame of somebody with this nonce came.
    pub(super) fn of_frame(&self, from: NodeId, nonce: Nonce) -> Option<Link> {
        self.to(from).filter(|(_, entry)| entry.own == nonce).map(|(link, _)| link)
    }

    /// When the first one is to be looked after.
    pub(super) fn next_due(&self) -> Instant {
        self.iter().map(|(_, entry)| entry.due).min().unwrap_or(Instant::NEVER)
    }

    /// Asserts the invariant.
    pub(super) fn check(&self, me: Peer) {
        for (link, entry) in self.iter() {
            assert!(entry.peer.id != me.id && entry.peer.addr != me.addr, "no link leads to this node");
            let same = |other: &Entry| other.peer.id == entry.peer.id || other.peer.addr == entry.peer.addr;
            assert_eq!(self.iter().filter(|(_, other)| same(other)).count(), 1, "{link:?} is the only one to its node");
        }
        let open = self.set(|entry| entry.open);
        for link in self.set(|_| true).minus(open).iter() {
            let promised = self.get(link).map(|entry| entry.direction);
            assert_eq!(promised, Some(Direction::Incoming), "only what others ask for is promised");
        }
        for direction in [Direction::Outgoing, Direction::Incoming] {
            let counted = self.iter().filter(|(_, entry)| entry.direction == direction).count();
            assert_eq!(self.count(direction), counted, "the counts are those of the table");
        }
    }
}

impl Entry {
    /// A link that is open from now on; `period` lies between two signs of life.
    pub(super) fn new(from: &Speaker, direction: Direction, (own, theirs): (Nonce, Nonce), now: Instant) -> Self {
        let Speaker { peer, boot, links } = *from;
        let period = Duration::ZERO;
        Self { peer, boot, links, direction, own, theirs, open: true, heard: now, sent: now, period, due: now }
    }
}
