//! Who wants to hear of which keys?
//!
//! A watch hears, in order, of every change of the keys that match, and if it wants to, of infos that were issued
//! again with the same value. What is here when it begins is told by [`Infos::matching`](super::Infos::matching).

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use crate::vocab::{KeyPattern, KeyRule};

/// A watch, until it ends. No number is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct WatchId(u64);

/// Why a watch is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WatchRefusal {
    /// There are as many as there may be.
    Full,
    /// Its pattern is too long.
    Pattern,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Watch {
    id: WatchId,
    rule: KeyRule,
    text: Box<[u8]>,
    /// Whether it hears of what was issued again with the same value.
    repeats: bool,
}

/// All watches, in the order in which they began.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Watches {
    list: Vec<Watch>,
    begun: u64,
}

impl Watches {
    /// Begins to watch.
    pub(crate) fn begin(
        &mut self,
        pattern: KeyPattern<'_>,
        repeats: bool,
        limits: &Limits,
    ) -> Result<WatchId, WatchRefusal> {
        if self.list.len() >= limits.watches_max {
            return Err(WatchRefusal::Full);
        }
        if pattern.text.len() > usize::from(limits.key_bytes_max) {
            return Err(WatchRefusal::Pattern);
        }
        self.begun += 1;
        let id = WatchId(self.begun);
        self.list.push(Watch { id, rule: pattern.rule, text: pattern.text.into(), repeats });
        Ok(id)
    }

    /// A watch of this pattern.
    pub(crate) fn find(&self, KeyPattern { rule, text }: KeyPattern<'_>) -> Option<WatchId> {
        self.list.iter().find(|watch| watch.rule == rule && &*watch.text == text).map(|watch| watch.id)
    }

    /// Ends a watch. Returns whether it was there.
    pub(crate) fn end(&mut self, id: WatchId) -> bool {
        let found = self.list.iter().position(|watch| watch.id == id);
        found.map(|place| self.list.remove(place)).is_some()
    }

    pub(super) fn texts(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.list.iter_mut().map(|watch| &mut *watch.text)
    }

    /// Who hears that a key was issued again, or has ended.
    pub(crate) fn of<'a>(&'a self, key: &'a [u8], contents_changed: bool) -> impl Iterator<Item = WatchId> + 'a {
        let matching =
            self.list.iter().filter(|Watch { rule, text, .. }| KeyPattern { rule: *rule, text }.matches(key));
        matching.filter(move |watch| contents_changed || watch.repeats).map(|watch| watch.id)
    }
}
