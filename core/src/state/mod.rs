//! What does each node say?
//!
//! Every node owns one map of keys to values and is its only writer; every node holds a copy of everybody's. An
//! owner numbers its changes, and a copy takes them in the order of their numbers without a gap, so that one
//! number tells how far a copy has come (van Renesse 2008). Deleted keys stay as tombstones until their owner
//! moves its watermark over them; whoever missed that gets a whole new copy ([`judge`]).
//!
//! * [`map`] — one copy; [`entries`] — where keys and values lie; [`tip`] — a value that has come in part;
//! * [`own`] — the owner's part: put, delete, collect;
//! * [`apply`] — a copy takes changes in, or is made anew beside the old one;
//! * [`flow`] — how much may be written, and sent;
//! * [`sums`] — do two nodes hold the same, and if not, where do they differ?
//!
//! Invariant: a copy at version v holds every key of the owner's map of version v, and every tombstone above its
//! watermark; while it does not (it is being made anew), readers see the copy before it.
//!
//! This room knows owners by slot and by hashed identity only, and neither peers nor packets.

mod apply;
mod entries;
pub(crate) mod flow;
mod judge;
mod map;
mod own;
mod sums;
#[cfg(test)]
mod tests;
mod tip;
pub(crate) mod waits;

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::{Head, Instant, Item, Slot, Sums};
pub(crate) use apply::Applied;
use entries::{Entries, Entry, Kind};
pub(crate) use judge::Refusal;
use map::{Map, item_at};
pub(crate) use own::OwnError;
use sums::difference;
use tip::Tip;

/// What bounds the maps.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// The most that one owner's map may weigh, in bytes.
    pub(crate) map_bytes_max: usize,
    /// For how long the owner keeps a tombstone.
    pub(crate) grace: Duration,
}

/// A key of some map stands for something else than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change<'a> {
    pub(crate) key: &'a [u8],
    /// The version that says so.
    pub(crate) version: u64,
    /// The new value; `None` when there is none any more.
    pub(crate) value: Option<&'a [u8]>,
}

/// All maps, as this node has them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    limits: Limits,
    entries: Entries,
    owners: Vec<Option<Box<Owner>>>,
    sums: Sums,
    /// When entries end: instant, owner, place.
    endings: BTreeSet<(Instant, Slot, u32)>,
    /// No watermark moves before this.
    collect_from: Instant,
}

/// What this node has of one owner.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Owner {
    id_hash: u64,
    /// What readers see.
    shown: Map,
    /// A new copy, until it is whole.
    staged: Option<Staged>,
    telling: u16,
    /// Whether its latest copy is in the sums.
    counts: bool,
    asked: Asked,
}

/// Why changes are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    /// Somebody told that there are some.
    News,
    /// What was asked for goes on.
    More,
    /// Two nodes compared what they have.
    Repair,
}

/// What was asked for last of an owner.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Asked {
    version: u64,
    /// Until then it may still come.
    until: Instant,
    for_repair: bool,
}

impl Asked {
    const NOTHING: Self = Self { version: 0, until: Instant::from_nanos(0), for_repair: false };
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Staged {
    map: Map,
    /// At this version it takes the place of the other.
    whole_at: u64,
}

impl Owner {
    fn new(id_hash: u64) -> Self {
        Self { id_hash, shown: Map::default(), staged: None, telling: 0, counts: true, asked: Asked::NOTHING }
    }

    /// The copy that grows, and that others are given from.
    fn latest(&self) -> &Map {
        self.staged.as_ref().map_or(&self.shown, |staged| &staged.map)
    }

    fn latest_mut(&mut self) -> &mut Map {
        self.staged.as_mut().map_or(&mut self.shown, |staged| &mut staged.map)
    }
}

impl State {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            entries: Entries::new(),
            owners: Vec::new(),
            sums: Sums::new(),
            endings: BTreeSet::new(),
            collect_from: Instant::from_nanos(0),
        }
    }

    fn owner(&self, slot: Slot) -> Option<&Owner> {
        self.owners.get(slot.index())?.as_deref()
    }

    /// How far the copy of an owner's map has come.
    pub(crate) fn head(&self, slot: Slot) -> Head {
        self.owner(slot).map_or_else(Head::default, |owner| owner.latest().head())
    }

    /// Whether readers see how far the copy of an owner's map has come: while a new copy is made, they do not.
    pub(crate) fn is_shown(&self, slot: Slot) -> bool {
        self.owner(slot).is_none_or(|owner| owner.staged.is_none())
    }

    /// The value of a key, as readers see it.
    pub(crate) fn get(&self, slot: Slot, key: &[u8], now: Instant) -> Option<Item<'_>> {
        let place = self.owner(slot)?.shown.find(&self.entries, key)?;
        visible(self.entries.get(place), now)
    }

    /// The keys of an owner that begin with a prefix, in order, as readers see them.
    pub(crate) fn below<'a>(
        &'a self,
        slot: Slot,
        prefix: &'a [u8],
        now: Instant,
    ) -> impl Iterator<Item = Item<'a>> + 'a {
        let owner = self.owner(slot);
        let entries = owner.into_iter().flat_map(move |owner| owner.shown.below(&self.entries, prefix));
        entries.filter_map(move |entry| visible(entry, now))
    }

    /// What changed in an owner's map after a version, as it is told on: in the order of versions.
    pub(crate) fn after(&self, slot: Slot, version: u64, now: Instant) -> impl Iterator<Item = Item<'_>> + '_ {
        let map = self.owner(slot).map(Owner::latest);
        let entries = map.into_iter().flat_map(move |map| map.after(&self.entries, version));
        let tip = map.and_then(|map| map.tip.as_deref()).filter(move |tip| tip.end() > version).map(Tip::item);
        entries.map(move |entry| item_at(entry, now)).chain(tip).map(move |item| item.after(version))
    }

    /// From which version on another copy of an owner's map would be given changes; `None` if it needs none.
    pub(crate) fn offered_from(&self, slot: Slot, copy: Head) -> Option<u64> {
        judge::offered_from(self.head(slot), copy)
    }

    /// Whether another copy of an owner's map has something for this one.
    pub(crate) fn is_behind(&self, slot: Slot, other: Head) -> bool {
        judge::offered_from(other, self.head(slot)).is_some()
    }

    /// Notes that changes up to a version are asked for. Returns whether they shall be: while as many are awaited, news
    /// are not, or the same would come from several.
    pub(crate) fn ask(
        &mut self,
        (slot, id_hash): (Slot, u64),
        version: u64,
        asking: Asking,
        (now, until): (Instant, Instant),
    ) -> bool {
        let asked = &mut self.owner_mut(slot, id_hash).asked;
        if asking == Asking::News && asked.version >= version && asked.until > now {
            return false;
        }
        let for_repair = if asking == Asking::More { asked.for_repair } else { asking == Asking::Repair };
        *asked = Asked { version, until, for_repair };
        true
    }

    /// Whether changes of an owner are awaited.
    pub(crate) fn is_asked(&self, slot: Slot, now: Instant) -> bool {
        self.owner(slot).is_some_and(|owner| owner.asked.until > now)
    }

    /// Until when changes of an owner are awaited, or were; `None` if all that was asked for has come.
    pub(crate) fn asked_until(&self, slot: Slot) -> Option<Instant> {
        self.owner(slot).map(|owner| owner.asked.until).filter(|&until| until != Asked::NOTHING.until)
    }

    /// What was asked for last is asked for again.
    pub(crate) fn ask_again(&mut self, slot: Slot, until: Instant) {
        if let Some(owner) = find_mut(&mut self.owners, slot) {
            owner.asked.until = until;
        }
    }

    /// Changes of an owner have come: more may until then, or that was all that the sender has. Returns whether they
    /// are news that others may lack too, which what a repair brings is not.
    pub(crate) fn on_taken(&mut self, slot: Slot, now: Instant, more_until: Option<Instant>) -> bool {
        let Some(owner) = find_mut(&mut self.owners, slot) else { return false };
        let is_news = owner.asked.until > now && !owner.asked.for_repair;
        let has_all = owner.latest().version >= owner.asked.version;
        owner.asked.until = match more_until {
            Some(until) => until.max(owner.asked.until),
            None if has_all => Asked::NOTHING.until,
            // A later version that was asked for elsewhere is still to come.
            None => owner.asked.until,
        };
        is_news
    }

    /// Which telling of an owner's head is the current one; `None` when there is no such owner.
    pub(crate) fn telling(&self, slot: Slot) -> Option<u16> {
        self.owner(slot).map(|owner| owner.telling)
    }

    /// Numbers a new telling of an owner's head, which makes every earlier one worthless.
    pub(crate) fn tell_anew(&mut self, slot: Slot) -> Option<u16> {
        let owner = find_mut(&mut self.owners, slot)?;
        owner.telling = owner.telling.wrapping_add(1);
        Some(owner.telling)
    }

    /// Ends one entry whose time is over. Returns whether there was one.
    pub(crate) fn end_due(&mut self, now: Instant, report: impl FnOnce(Slot, Change<'_>)) -> bool {
        let Some(&(at, slot, place)) = self.endings.first() else { return false };
        if at > now {
            return false;
        }
        self.endings.pop_first();
        let Some(owner) = find_mut(&mut self.owners, slot) else { return true };
        let entry = self.entries.get(place);
        let is_shown = owner.shown.find(&self.entries, entry.key()) == Some(place);
        if is_shown {
            report(slot, Change { key: entry.key(), version: entry.version, value: None });
        }
        let map = if is_shown { &mut owner.shown } else { owner.latest_mut() };
        map.end(&mut self.entries, place, now);
        true
    }

    /// When an entry ends next, or the watermark moves.
    pub(crate) fn next_deadline(&self) -> Instant {
        let ending = self.endings.first().map_or(Instant::NEVER, |&(at, ..)| at);
        ending.min(self.collection_deadline())
    }

    /// Lets the copy of an owner's map count in the sums, or not: of whoever has gone, not everybody remembers, and
    /// nodes that agree on who lives must not seem to differ.
    pub(crate) fn count(&mut self, slot: Slot, counts: bool) {
        let Some(owner) = find_mut(&mut self.owners, slot) else { return };
        if owner.counts == counts {
            return;
        }
        let (id_hash, head) = (owner.id_hash, owner.latest().head());
        let (before, after) = if counts { (Head::default(), head) } else { (head, Head::default()) };
        self.sums.add(id_hash, difference(id_hash, before, after));
        owner.counts = counts;
    }

    /// The latest copy of an owner's map was at this head before it changed.
    fn follow_sums(&mut self, slot: Slot, before: Head) {
        if let Some(owner) = self.owner(slot)
            && owner.counts
        {
            self.sums.add(owner.id_hash, difference(owner.id_hash, before, owner.latest().head()));
        }
    }

    /// Drops everything of an owner who is forgotten.
    pub(crate) fn forget(&mut self, slot: Slot) {
        let Some(owner) = self.owners.get_mut(slot.index()).and_then(Option::take) else { return };
        if owner.counts {
            self.sums.add(owner.id_hash, difference(owner.id_hash, owner.latest().head(), Head::default()));
        }
        self.discard(slot, &owner.shown);
        if let Some(staged) = owner.staged {
            self.discard(slot, &staged.map);
        }
    }

    /// Gives up the entries of a copy that is no more.
    fn discard(&mut self, slot: Slot, map: &Map) {
        for place in map.places() {
            let entry = self.entries.get(place);
            if entry.kind == Kind::Ending {
                self.endings.remove(&(entry.until, slot, place));
            }
            self.entries.remove(place);
        }
    }

    fn owner_mut(&mut self, slot: Slot, id_hash: u64) -> &mut Owner {
        if self.owners.len() <= slot.index() {
            self.owners.resize_with(slot.index() + 1, || None);
        }
        self.owners[slot.index()].get_or_insert_with(|| Box::new(Owner::new(id_hash)))
    }

    /// Asserts every invariant that a walk can see.
    pub(crate) fn check(&self) {
        let mut sums = Sums::new();
        for owner in self.owners.iter().flatten() {
            owner.shown.check(&self.entries);
            if let Some(staged) = &owner.staged {
                staged.map.check(&self.entries);
                assert!(staged.map.version < staged.whole_at, "what is whole is shown");
            }
            if owner.counts {
                sums.add(owner.id_hash, difference(owner.id_hash, Head::default(), owner.latest().head()));
            }
        }
        self.sums.check();
        assert_eq!(sums, self.sums, "the sums are the copies'");
        for &(at, _, place) in &self.endings {
            let entry = self.entries.get(place);
            assert_eq!((entry.kind, entry.until), (Kind::Ending, at), "what ends is an entry that ends then");
        }
    }
}

/// The owner in a slot. Not a method, because it is changed together with the entries.
fn find_mut(owners: &mut [Option<Box<Owner>>], slot: Slot) -> Option<&mut Owner> {
    owners.get_mut(slot.index())?.as_deref_mut()
}

/// What readers see of an entry: nothing of what is gone, or whose time is over though nobody has noticed.
fn visible(entry: &Entry, now: Instant) -> Option<Item<'_>> {
    let over = entry.kind == Kind::Gone || (entry.kind == Kind::Ending && entry.until <= now);
    (!over).then(|| item_at(entry, now))
}
