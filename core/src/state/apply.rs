//! A copy takes changes in, or is made anew beside the old one.
//!
//! Everything is checked before the first write. A new copy is filled aside; when it is whole it takes the old
//! one's place, and what differs between the two is reported: so a reader never misses a key that lives on.

use core::time::Duration;

use super::entries::{Entry, Kind};
use super::judge::{Refusal, Verdict, judge};
use super::map::{Map, Replaced};
use super::tip::{Reach, Tip};
use super::{Change, Owner, Staged, State, find_mut};
use crate::vocab::{Content, Instant, Item, Slot, Span};

/// What became of a list of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    /// The copy has come further.
    Taken,
    /// The copy had all of it.
    Known,
}

/// A copy may weigh this many times what its owner may write, because it may hold tombstones for longer.
const COPY_FACTOR: usize = 2;

impl State {
    /// Takes in what changed in the map of another owner. What readers see differently is reported in the order
    /// of versions, or of keys when a new copy takes the old one's place.
    ///
    /// # Errors
    /// [`Refusal`]; then nothing has changed.
    pub(crate) fn apply<'a>(
        &mut self,
        (slot, id_hash): (Slot, u64),
        span: Span,
        items: impl Iterator<Item = Item<'a>> + Clone,
        now: Instant,
        mut report: impl FnMut(Change<'_>),
    ) -> Result<Applied, Refusal> {
        let copy = self.head(slot);
        let anew = match judge(copy, span) {
            Verdict::Refuse(why) => return Err(why),
            Verdict::Known => {
                self.hear_ends(slot, span.head.epoch, items, now);
                return Ok(Applied::Known);
            }
            Verdict::Take => false,
            Verdict::Reset => true,
        };
        self.examine(slot, span, items.clone(), anew)?;
        if anew {
            self.begin_anew(slot, id_hash, span);
        } else {
            // The first map of epoch 0 goes on from nothing at all.
            self.owner_mut(slot, id_hash);
        }
        let has_come_to = if anew { 0 } else { copy.version };
        for item in items.filter(|item| item.version > has_come_to) {
            self.take_item(slot, &item, now, &mut report);
        }
        self.advance(slot, span);
        self.show_if_whole(slot, &mut report);
        self.follow_sums(slot, copy);
        Ok(Applied::Taken)
    }

    /// Of what the copy has already, some may end sooner than was heard before: the least that anybody tells is nearest
    /// to what the owner meant, because on its way everything is told late.
    fn hear_ends<'a>(&mut self, slot: Slot, epoch: u64, items: impl Iterator<Item = Item<'a>>, now: Instant) {
        let Some(owner) = self.owners.get(slot.index()).and_then(Option::as_deref) else { return };
        let map = owner.latest();
        for item in items.filter(|_| map.epoch == epoch) {
            let (Content::Value { left_ms: Some(left), .. } | Content::Rest { left_ms: Some(left), .. }) = item.content
            else {
                continue;
            };
            let (until, Some(place)) =
                (now.after(Duration::from_millis(left.into())), map.find(&self.entries, item.key))
            else {
                continue;
            };
            let known = self.entries.get_mut(place);
            if known.version == item.version && known.kind == Kind::Ending && until < known.until {
                self.endings.remove(&(known.until, slot, place));
                self.endings.insert((until, slot, place));
                known.until = until;
            }
        }
    }

    /// A peer's copy is no further than this one, but its owner has moved the watermark: what it passes is
    /// forgotten. Returns whether it moved.
    pub(crate) fn follow_watermark(&mut self, slot: Slot, epoch: u64, watermark: u64) -> bool {
        let Some(owner) = find_mut(&mut self.owners, slot) else { return false };
        let map = owner.latest_mut();
        let before = map.head();
        if before.epoch != epoch || watermark <= before.watermark || watermark > before.version {
            return false;
        }
        map.collect(&mut self.entries, watermark);
        self.follow_sums(slot, before);
        true
    }

    /// Checks that the items stand in order within their bounds, that no value goes on of which the beginning is not
    /// there, and that there is room for them.
    fn examine<'a>(
        &self,
        slot: Slot,
        Span { head, from, to }: Span,
        items: impl Iterator<Item = Item<'a>>,
        anew: bool,
    ) -> Result<(), Refusal> {
        if from > to || to > head.version {
            return Err(Refusal::Malformed);
        }
        let map = self.owner(slot).filter(|_| !anew).map(Owner::latest);
        let tip = map.and_then(|map| map.tip.as_deref());
        let has_come_to = map.map_or(0, |map| map.version);
        let (mut last, mut weight) = (from, map.map_or(0, |map| map.weight) + tip.map_or(0, Tip::weight));
        let mut reach = tip.map(Tip::reach);
        for item in items {
            if item.start() <= last || item.version > to {
                return Err(Refusal::Malformed);
            }
            if item.version > has_come_to {
                reach = Reach::follow(reach, &item)?;
            }
            (last, weight) = (item.version, weight + item.key.len() + item.bytes().1.len() + size_of::<Entry>());
        }
        if weight > self.limits.map_bytes_max.saturating_mul(COPY_FACTOR) {
            return Err(Refusal::Full);
        }
        Ok(())
    }

    /// Begins a new copy: beside the old one if readers see something in that.
    fn begin_anew(&mut self, slot: Slot, id_hash: u64, span: Span) {
        let (epoch, watermark) = (span.head.epoch, span.head.watermark);
        let owner = self.owner_mut(slot, id_hash);
        let begun = owner.staged.take();
        if owner.shown.version == 0 {
            owner.shown = Map::new(epoch, watermark);
        } else {
            owner.staged = Some(Staged { map: Map::new(epoch, watermark), whole_at: span.head.version.max(watermark) });
        }
        if let Some(begun) = begun {
            self.discard(slot, &begun.map);
        }
    }

    /// Takes one item in: a key stands for something else, or a part of that has come.
    fn take_item(&mut self, slot: Slot, item: &Item<'_>, now: Instant, report: &mut impl FnMut(Change<'_>)) {
        let Some(owner) = find_mut(&mut self.owners, slot) else { return };
        let map = owner.latest_mut();
        match item.content {
            Content::Part { .. } => {
                Tip::extend(&mut map.tip, item);
                map.version = map.version.max(item.version);
            }
            Content::Rest { .. } => {
                let Some(tip) = map.tip.take() else { return };
                let value = tip.finish(item);
                self.set(slot, entry_of(item, &value, now), report);
            }
            Content::Value { bytes, .. } => self.set(slot, entry_of(item, bytes, now), report),
            Content::Gone => self.set(slot, entry_of(item, &[], now), report),
        }
    }

    /// Lets a key of the latest copy stand for something else.
    pub(super) fn set(&mut self, slot: Slot, entry: Entry, mut report: impl FnMut(Change<'_>)) {
        let Some(owner) = find_mut(&mut self.owners, slot) else { return };
        let is_shown = owner.staged.is_none();
        let (kind, until) = (entry.kind, entry.until);
        let Replaced { place, old } = owner.latest_mut().set(&mut self.entries, entry);
        if let Some(old) = &old
            && old.kind == Kind::Ending
        {
            self.endings.remove(&(old.until, slot, place));
        }
        if kind == Kind::Ending {
            self.endings.insert((until, slot, place));
        }
        let had_value = old.is_some_and(|old| old.kind != Kind::Gone);
        if is_shown && (had_value || kind != Kind::Gone) {
            report(change_of(self.entries.get(place)));
        }
    }

    /// The latest copy has come to the end of a span.
    fn advance(&mut self, slot: Slot, Span { head, to, .. }: Span) {
        let Some(owner) = find_mut(&mut self.owners, slot) else { return };
        let map = owner.latest_mut();
        map.version = map.version.max(to);
        map.tip.take_if(|tip| tip.end() < map.version);
        // The sender may have moved its watermark less far and have told of tombstones that this copy forgets.
        let watermark = head.watermark.max(map.watermark);
        if watermark <= map.version {
            map.collect(&mut self.entries, watermark);
        }
    }

    /// Lets a new copy take the old one's place when nothing is missing from it.
    fn show_if_whole(&mut self, slot: Slot, report: &mut impl FnMut(Change<'_>)) {
        let Some(owner) = find_mut(&mut self.owners, slot) else { return };
        let Some(Staged { map, .. }) =
            owner.staged.take_if(|staged| staged.map.version >= staged.whole_at && !staged.map.is_unfinished())
        else {
            return;
        };
        let old = core::mem::replace(&mut owner.shown, map);
        self.report_difference(slot, &old, report);
        self.discard(slot, &old);
    }

    fn report_difference(&self, slot: Slot, old: &Map, report: &mut impl FnMut(Change<'_>)) {
        let Some(Owner { shown, .. }) = self.owner(slot) else { return };
        for entry in old.below(&self.entries, &[]).filter(|entry| entry.kind != Kind::Gone) {
            let is_missing =
                shown.find(&self.entries, entry.key()).is_none_or(|place| self.entries.get(place).kind == Kind::Gone);
            if is_missing {
                report(Change { key: entry.key(), version: shown.version, value: None });
            }
        }
        for entry in shown.below(&self.entries, &[]).filter(|entry| entry.kind != Kind::Gone) {
            let before = old.find(&self.entries, entry.key()).map(|place| self.entries.get(place));
            if before.is_none_or(|before| before.kind == Kind::Gone || before.value() != entry.value()) {
                report(change_of(entry));
            }
        }
    }
}

/// The entry that an item makes of a key, with the whole value.
pub(super) fn entry_of(item: &Item<'_>, value: &[u8], now: Instant) -> Entry {
    let (kind, until) = match item.content {
        Content::Value { left_ms: Some(left), .. } | Content::Rest { left_ms: Some(left), .. } => {
            (Kind::Ending, now.after(Duration::from_millis(left.into())))
        }
        Content::Gone => (Kind::Gone, now),
        Content::Value { .. } | Content::Part { .. } | Content::Rest { .. } => (Kind::Lasting, Instant::NEVER),
    };
    Entry::new(item.key, value, item.version, kind, until)
}

fn change_of(entry: &Entry) -> Change<'_> {
    let value = (entry.kind != Kind::Gone).then(|| entry.value());
    Change { key: entry.key(), version: entry.version, value }
}
