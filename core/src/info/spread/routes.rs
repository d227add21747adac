//! By which link does the news of each life come, and which peers get it at once?
//!
//! Whoever delivers a life's news first is its parent; whoever delivers it again is told to only announce it (prune), and
//! is asked for it when it has what is lacking (graft), as in Leitão's broadcast trees (2007). A peer that
//! announces the same stamp over a way that is shorter by a hop takes the parent's place, so that in the end hops are true distances.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::OriginIx;
use crate::vocab::{LINKS_MAX, Link, Links};

/// Ways of the news, one row per life.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Routes {
    rows: Vec<Route>,
    /// Of how many lives each link is the parent.
    #[serde(with = "crate::vocab::array")]
    parents: [u32; LINKS_MAX],
    up: Links,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Route {
    /// Peers that get its news at once.
    eager: Links,
    /// Peers that are known to have its newest stamp.
    knows: Links,
    parent: Option<Link>,
    /// Who delivered the newest stamp; `None` where it was issued here, or came over no link.
    via: Option<Link>,
    /// Whether its infos are issued here: nobody delivers them.
    own: bool,
    /// How many hops the next stamp is expected to take to here.
    hops: u8,
}

/// What becomes of a link when news, or word of it, came by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Change {
    /// Asked to tell at once from now on.
    pub(crate) graft: Option<Link>,
    /// Asked to announce only.
    pub(crate) prune: Option<Link>,
}

impl Route {
    /// A peer has the newest stamp, by a way that is so many hops long from there to here. It is told of it all the same if
    /// that way is longer than the one by this node: or it would never hear of that.
    fn note_known(&mut self, link: Link, hops: u8) {
        if u16::from(hops) <= u16::from(self.hops) + 2 {
            self.knows = self.knows.with(link);
        }
    }
}

impl Routes {
    pub(crate) const fn new() -> Self {
        Self { rows: Vec::new(), parents: [0; LINKS_MAX], up: Links::NONE }
    }

    /// A life is heard of for the first time, or its place has another one: everybody gets its news until they say that
    /// they have it.
    pub(crate) fn begin(&mut self, ix: OriginIx) {
        let row = Route { eager: self.up, knows: Links::NONE, parent: None, via: None, own: false, hops: 0 };
        match self.rows.get_mut(ix.index()) {
            Some(place) => {
                let before = core::mem::replace(place, row);
                self.resign(before.parent);
            }
            None => self.rows.resize(ix.index() + 1, row),
        }
    }

    /// A new stamp was issued here, or came over no link.
    pub(crate) fn on_unlinked(&mut self, ix: OriginIx, own: bool) {
        if let Some(row) = self.rows.get_mut(ix.index()) {
            (row.knows, row.via, row.own) = (Links::NONE, None, own);
        }
    }

    /// A new stamp came by a link, after so many hops.
    pub(crate) fn on_news(&mut self, ix: OriginIx, link: Link, hops: u8) {
        let Some(row) = self.rows.get_mut(ix.index()) else { return };
        // A parent that has not had the stamp before this one does not deliver any more.
        let delivers = row.parent.is_some_and(|parent| row.knows.has(parent));
        if !delivers && row.parent != Some(link) {
            let before = row.parent.replace(link);
            self.parents[link.index()] += 1;
            self.resign(before);
        }
        let Some(row) = self.rows.get_mut(ix.index()) else { return };
        (row.knows, row.via, row.hops) = (Links::NONE.with(link), Some(link), hops);
    }

    /// The newest stamp came again, by a way of so many hops to here.
    pub(crate) fn on_duplicate(&mut self, ix: OriginIx, link: Link, hops: u8) -> Change {
        let Some(row) = self.rows.get_mut(ix.index()) else { return Change::default() };
        row.note_known(link, hops);
        // Sent again because it seemed lost.
        if row.via == Some(link) {
            return Change::default();
        }
        let Some(parent) = row.parent else {
            if row.own {
                return Change { graft: None, prune: Some(link) };
            }
            // What has come over no link so far has a way here from now on.
            row.via = Some(link);
            return self.hand_over(ix, link, None, None);
        };
        if parent == link {
            // Another one was faster; it takes over if its way is shorter.
            let via = row.via.filter(|_| hops > row.hops);
            return match via {
                Some(faster) => self.hand_over(ix, faster, None, Some(link)),
                None => Change { graft: None, prune: self.rows.get(ix.index()).and_then(|row| row.via) },
            };
        }
        if hops < row.hops {
            row.hops = hops;
            return self.hand_over(ix, link, None, Some(parent));
        }
        Change { graft: None, prune: Some(link) }
    }

    /// A stamp came again that is not the newest.
    pub(crate) fn on_old(&self, ix: OriginIx, link: Link) -> Change {
        let row = self.rows.get(ix.index());
        // Of those who deliver it is what seemed lost, or a question answered twice.
        let delivers = row.is_some_and(|row| row.parent == Some(link) || row.via == Some(link));
        Change { graft: None, prune: Some(link).filter(|_| !delivers) }
    }

    /// A peer announces the newest stamp, by a way of so many hops to here.
    pub(crate) fn on_announced(&mut self, ix: OriginIx, link: Link, hops: u8) -> Change {
        let Some(row) = self.rows.get_mut(ix.index()) else { return Change::default() };
        row.note_known(link, hops);
        match row.parent {
            None if !row.own => self.hand_over(ix, link, Some(link), None),
            Some(parent) if parent != link && hops < row.hops => {
                row.hops = hops;
                self.hand_over(ix, link, Some(link), Some(parent))
            }
            _ => Change::default(),
        }
    }

    /// A peer has what is asked for, or behind: it delivers from now on.
    pub(crate) fn on_asked(&mut self, ix: OriginIx, link: Link) {
        if let Some(row) = self.rows.get_mut(ix.index())
            && row.parent.is_none()
        {
            row.parent = Some(link);
            self.parents[link.index()] += 1;
        }
    }

    fn hand_over(&mut self, ix: OriginIx, to: Link, graft: Option<Link>, prune: Option<Link>) -> Change {
        let before = self.rows.get_mut(ix.index()).and_then(|row| row.parent.replace(to));
        self.parents[to.index()] += 1;
        self.resign(before);
        Change { graft, prune }
    }

    fn resign(&mut self, parent: Option<Link>) {
        if let Some(link) = parent {
            self.parents[link.index()] -= 1;
        }
    }

    /// A peer wants a life's news at once, or not.
    pub(crate) fn set_eager(&mut self, ix: OriginIx, link: Link, eager: bool) {
        if let Some(row) = self.rows.get_mut(ix.index()) {
            row.eager = if eager { row.eager.with(link) } else { row.eager.without(link) };
        }
    }

    /// A link is up. News of lives that are known is announced by it at first if it is `lazy`.
    pub(crate) fn link_up(&mut self, link: Link, lazy: bool) {
        self.up = self.up.with(link);
        for row in &mut self.rows {
            row.eager = if lazy { row.eager.without(link) } else { row.eager.with(link) };
            row.knows = row.knows.without(link);
        }
    }

    /// A link is down.
    pub(crate) fn link_down(&mut self, link: Link) {
        self.up = self.up.without(link);
        self.parents[link.index()] = 0;
        for row in &mut self.rows {
            (row.eager, row.knows) = (row.eager.without(link), row.knows.without(link));
            row.parent = row.parent.filter(|&parent| parent != link);
            row.via = row.via.filter(|&via| via != link);
        }
    }

    /// Peers that get a life's news at once and are not known to have it.
    pub(crate) fn wanting(&self, ix: OriginIx) -> Links {
        self.rows.get(ix.index()).map_or(Links::NONE, |row| row.eager.minus(row.knows))
    }

    /// Whether a peer is to be told by announcement.
    pub(crate) fn is_announced(&self, ix: OriginIx, link: Link) -> bool {
        self.rows.get(ix.index()).is_some_and(|row| !row.eager.has(link) && !row.knows.has(link))
    }

    /// Of how many lives a link delivers the news.
    pub(crate) fn parent_of(&self, link: Link) -> u32 {
        self.parents[link.index()]
    }

    /// Asserts that parents are counted, and that nothing is said of links that are down. Walks over all rows.
    pub(crate) fn check(&self) {
        let mut parents = [0; LINKS_MAX];
        for row in &self.rows {
            row.parent.into_iter().for_each(|parent| parents[parent.index()] += 1);
            let named = [row.parent, row.via].into_iter().flatten();
            assert!(named.into_iter().all(|link| self.up.has(link)), "a link that is down delivers nothing");
            assert_eq!(row.eager.minus(self.up), Links::NONE, "nor is it told anything");
        }
        assert_eq!(parents, self.parents, "every life counts for its parent");
    }
}
