//! What a node knows of infos and links, to be read and not to be changed.

use core::net::SocketAddr;
use core::time::Duration;

use crate::vocab::{GroupDef, InfoItem, InfoValue, Instant, KeyPattern, NodeId};

use super::View;
use super::io::LinksStanding;
use super::linking::Linking;

/// One info.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InfoView<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// What everybody should know.
    pub value: InfoValue<'a>,
    /// Who issued it.
    pub origin: NodeId,
    /// Over how many links it has come; 0 at its origin.
    pub hops: u8,
    /// In what time it ends; `None` if it stays.
    pub left: Option<Duration>,
}

/// One link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkView {
    /// Who is at the other end.
    pub id: NodeId,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl<'a> View<'a> {
    fn linking(self) -> Option<(&'a Linking, Instant)> {
        let node = self.node();
        Some((node.cold.linking.as_deref()?, node.clock.latest()))
    }

    /// The info of a key; `None` when there is none, or without [`Config::infos`](crate::Config::infos).
    #[must_use]
    pub fn info(self, key: &[u8]) -> Option<InfoView<'a>> {
        let (linking, now) = self.linking()?;
        linking.infos.get(key, now).and_then(view_of)
    }

    /// The infos whose keys match, by key.
    pub fn infos(self, pattern: KeyPattern<'a>) -> impl Iterator<Item = InfoView<'a>> {
        let found = self.linking().map(|(linking, now)| linking.infos.matching(pattern, now));
        found.into_iter().flatten().filter_map(view_of)
    }

    /// What a group lists, best first; `None` when nobody has registered it.
    pub fn group(self, pattern: KeyPattern<'_>) -> Option<impl Iterator<Item = InfoView<'a>>> {
        let (linking, now) = self.linking()?;
        linking.infos.group(pattern, now).map(|items| items.filter_map(view_of))
    }

    /// The groups that are registered, here or by others.
    pub fn groups(self) -> impl Iterator<Item = GroupDef<'a>> {
        self.linking().into_iter().flat_map(|(linking, _)| linking.infos.groups())
    }

    /// How many infos are here, what is left of deleted and ended ones included, and what they weigh in bytes.
    #[must_use]
    pub fn infos_size(self) -> (u32, usize) {
        self.linking().map(|(linking, _)| linking.infos.size()).unwrap_or_default()
    }

    /// Tells the permanent infos: of two nodes the same if they have the same.
    #[must_use]
    pub fn infos_fingerprint(self) -> u64 {
        self.linking().map_or(0, |(linking, _)| linking.infos.fingerprint())
    }

    /// Over how many links the infos that are here have come at most: how wide the overlay is, as seen from here.
    #[must_use]
    pub fn max_hops(self) -> u8 {
        let lives = self.linking().map(|(linking, _)| linking.infos.origins());
        lives.into_iter().flatten().filter(|facts| facts.infos > 0).map(|facts| facts.hops).max().unwrap_or(0)
    }

    /// The links that this node asked for.
    pub fn outgoing(self) -> impl Iterator<Item = LinkView> {
        let links = self.linking().map(|(linking, _)| linking.overlay.outgoing());
        links.into_iter().flatten().map(|(_, peer)| LinkView { id: peer.id, addr: peer.addr })
    }

    /// The links that others asked for.
    pub fn incoming(self) -> impl Iterator<Item = LinkView> {
        let links = self.linking().map(|(linking, _)| linking.overlay.incoming());
        links.into_iter().flatten().map(|(_, peer)| LinkView { id: peer.id, addr: peer.addr })
    }

    /// How the node stands among its links; `None` without [`Config::infos`](crate::Config::infos).
    #[must_use]
    pub fn links_standing(self) -> Option<LinksStanding> {
        self.linking().map(|(linking, _)| linking.overlay.standing().0.into())
    }
}

fn view_of(item: InfoItem<'_>) -> Option<InfoView<'_>> {
    let InfoItem { key, value, version, hops, left_ms, .. } = item;
    let left = left_ms.map(|left| Duration::from_millis(left.into()));
    Some(InfoView { key, value: value?, origin: version.origin.id, hops, left })
}
