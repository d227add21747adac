//! Where can a link be asked for when nothing else is known?

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::words::Peer;
use crate::vocab::{NodeId, Rng};

/// So many of the nodes that were named to this one are remembered.
pub(crate) const ALTERNATES_MAX: usize = 16;

/// The addresses that were given at the start, without this node's own, in the order in which they were given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Bootstraps {
    addrs: Vec<SocketAddr>,
    turn: usize,
}

impl Bootstraps {
    /// Leaves out what nobody can be asked at. The first turn is that of a random one, so that nodes which start
    /// together do not all knock at one door.
    pub(super) fn new(given: &[SocketAddr], own: SocketAddr, rng: &mut Rng) -> Self {
        let mut addrs: Vec<SocketAddr> = Vec::new();
        for &addr in given {
            let is_place = addr.port() != 0 && !addr.ip().is_unspecified() && !addr.ip().is_multicast();
            if is_place && addr != own && !addrs.contains(&addr) {
                addrs.push(addr);
            }
        }
        let turn = rng.below(u32::try_from(addrs.len()).unwrap_or(u32::MAX)) as usize;
        Self { addrs, turn }
    }

    /// The next one, going round, of those that will do.
    pub(super) fn next(&mut self, will_do: impl Fn(SocketAddr) -> bool) -> Option<SocketAddr> {
        let (before, from) = self.addrs.split_at_checked(self.turn)?;
        let place = from.iter().chain(before).position(|&addr| will_do(addr))?;
        let place = self.turn.wrapping_add(place).checked_rem(self.addrs.len())?;
        self.turn = place.wrapping_add(1).checked_rem(self.addrs.len())?;
        self.addrs.get(place).copied()
    }

    /// An address turned out to be this node's own.
    pub(super) fn remove(&mut self, own: SocketAddr) {
        self.addrs.retain(|&addr| addr != own);
        self.turn = 0;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = SocketAddr> {
        self.addrs.iter().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.addrs.is_empty()
    }
}

/// The nodes that were named last by those who refused.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Alternates {
    peers: VecDeque<Peer>,
}

impl Alternates {
    /// Remembers somebody; what is known of the same node or address already is old.
    pub(super) fn add(&mut self, peer: Peer) {
        self.peers.retain(|known| known.id != peer.id && known.addr != peer.addr);
        if self.peers.len() >= ALTERNATES_MAX {
            self.peers.pop_front();
        }
        self.peers.push_back(peer);
    }

    pub(super) fn forget(&mut self, id: NodeId) {
        self.peers.retain(|known| known.id != id);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Peer> {
        self.peers.iter().copied()
    }
}

/// One of these at random.
pub(super) fn one_of<T: Copy>(list: &[T], rng: &mut Rng) -> Option<T> {
    list.get(rng.below(u32::try_from(list.len()).unwrap_or(u32::MAX)) as usize).copied()
}
