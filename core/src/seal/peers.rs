//! Whose salts are proven, and which of their datagrams were here?
//!
//! Invariant: at most `max` of them. Who was heard longest ago makes room, and [`Peers::insert`] tells when that was.

use alloc::vec::Vec;

use super::cipher::Cipher;
use super::header::Source;
use super::window::Window;
use crate::vocab::{Index, Instant};

const NOBODY: u32 = u32::MAX;

struct Peer {
    source: Source,
    cipher: Cipher,
    window: Window,
    heard: Instant,
    /// The next in order of when they were heard, both ways.
    older: u32,
    newer: u32,
}

pub(super) struct Peers {
    rows: Vec<Peer>,
    index: Index,
    max: u32,
    oldest: u32,
    newest: u32,
}

impl Peers {
    pub(super) const fn new(max: u32, hash_seed: u64) -> Self {
        Self { rows: Vec::new(), index: Index::new(hash_seed), max, oldest: NOBODY, newest: NOBODY }
    }

    pub(super) fn find(&self, source: &Source) -> Option<u32> {
        self.index.find(source, |place| self.row(place).is_some_and(|peer| peer.source == *source))
    }

    pub(super) fn cipher(&self, place: u32) -> Option<&Cipher> {
        self.row(place).map(|peer| &peer.cipher)
    }

    pub(super) fn is_new(&mut self, place: u32, counter: u64) -> bool {
        self.row_mut(place).is_some_and(|peer| peer.window.is_new(counter))
    }

    /// Notes a datagram that was opened. Returns whether it was new.
    pub(super) fn enter(&mut self, place: u32, counter: u64, now: Instant) -> bool {
        if self.newest != place {
            self.unlink(place);
            self.link(place);
        }
        self.row_mut(place).is_some_and(|peer| {
            peer.heard = now;
            peer.window.enter(counter)
        })
    }

    /// Adds a source that has proven itself and is not in here. Returns its place, and when a peer was heard that had to
    /// go for it.
    pub(super) fn insert(
        &mut self,
        source: Source,
        cipher: Cipher,
        floor: u64,
        now: Instant,
    ) -> (u32, Option<Instant>) {
        let peer = Peer { source, cipher, window: Window::above(floor), heard: now, older: NOBODY, newer: NOBODY };
        let (place, heard) = match u32::try_from(self.rows.len()) {
            Ok(len) if len < self.max => {
                self.rows.push(peer);
                (len, None)
            }
            _ => {
                let place = self.oldest;
                self.unlink(place);
                let gone = self.row_mut(place).map(|row| core::mem::replace(row, peer));
                if let Some(gone) = &gone {
                    self.index.remove(gone.source, place);
                }
                (place, gone.map(|gone| gone.heard))
            }
        };
        let rows = &self.rows;
        // Each place that the index knows has a row.
        self.index.insert(place, |place| rows.get(place as usize).map_or(source, |peer| peer.source));
        self.link(place);
        (place, heard)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Puts a row behind the newest.
    fn link(&mut self, place: u32) {
        let newest = core::mem::replace(&mut self.newest, place);
        if let Some(peer) = self.row_mut(place) {
            (peer.older, peer.newer) = (newest, NOBODY);
        }
        match self.row_mut(newest) {
            Some(peer) => peer.newer = place,
            None => self.oldest = place,
        }
    }

    fn unlink(&mut self, place: u32) {
        let Some(&Peer { older, newer, .. }) = self.row(place) else { return };
        match self.row_mut(older) {
            Some(peer) => peer.newer = newer,
            None => self.oldest = newer,
        }
        match self.row_mut(newer) {
            Some(peer) => peer.older = older,
            None => self.newest = older,
        }
    }

    fn row(&self, place: u32) -> Option<&Peer> {
        self.rows.get(place as usize)
    }

    fn row_mut(&mut self, place: u32) -> Option<&mut Peer> {
        self.rows.get_mut(place as usize)
    }
}
