//! What the owner does with its map: it alone numbers changes, and it alone decides when a tombstone has been
//! seen by everybody who ever will.

use core::time::Duration;

use super::entries::{Entry, Kind};
use super::{Change, Limits, State, find_mut};
use crate::vocab::{Head, Instant, Item, Slot, TTL_MAX, grains};

/// The watermark moves at most this many times per grace, because each move is told to everybody.
const MOVES_PER_GRACE: u32 = 8;

/// Why a put is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnError {
    /// The map would weigh more than it may.
    Full,
}

impl State {
    /// Lets a key of the own map stand for a value, for ever or for `ttl`, which is cut at [`TTL_MAX`]: what cannot be
    /// told would end on copies first. Returns the version that says so; a lasting value that is there already keeps its version.
    pub(crate) fn put(
        &mut self,
        (id_hash, boot): (u64, u64),
        (key, value): (&[u8], &[u8]),
        ttl: Option<Duration>,
        now: Instant,
        report: impl FnMut(Change<'_>),
    ) -> Result<u64, OwnError> {
        let shown = &self.owner_mut(Slot::SELF, id_hash).shown;
        let (next, weight) = (shown.version.saturating_add(grains(value.len())), shown.weight);
        let known = self.entry_of_own(key);
        if let Some(known) = known
            && known.kind == Kind::Lasting
            && ttl.is_none()
            && known.value() == value
        {
            return Ok(known.version);
        }
        let (kind, until) = match ttl {
            Some(ttl) => (Kind::Ending, now.after(ttl.min(TTL_MAX))),
            None => (Kind::Lasting, Instant::NEVER),
        };
        let known_weight = known.map_or(0, Entry::weight);
        let entry = Entry::new(key, value, next, kind, until);
        if weight - known_weight + entry.weight() > self.limits.map_bytes_max {
            return Err(OwnError::Full);
        }
        self.write_own((id_hash, boot), entry, report);
        Ok(next)
    }

    /// Lets a key of the own map stand for nothing. Returns the version that says so, or `None` if the key had no
    /// value.
    pub(crate) fn delete(
        &mut self,
        (id_hash, boot): (u64, u64),
        key: &[u8],
        now: Instant,
        report: impl FnMut(Change<'_>),
    ) -> Option<u64> {
        self.entry_of_own(key).filter(|known| known.kind != Kind::Gone)?;
        let next = self.head(Slot::SELF).version.saturating_add(1);
        self.write_own((id_hash, boot), Entry::new(key, &[], next, Kind::Gone, now), report);
        Some(next)
    }

    fn entry_of_own(&self, key: &[u8]) -> Option<&Entry> {
        let place = self.owner(Slot::SELF)?.shown.find(&self.entries, key)?;
        Some(self.entries.get(place))
    }

    fn write_own(&mut self, (id_hash, boot): (u64, u64), entry: Entry, report: impl FnMut(Change<'_>)) {
        let before = self.head(Slot::SELF);
        let shown = &mut self.owner_mut(Slot::SELF, id_hash).shown;
        if shown.version == 0 {
            shown.epoch = shown.epoch.max(boot);
        }
        self.set(Slot::SELF, entry, report);
        self.follow_sums(Slot::SELF, before);
    }

    /// Takes over the map of an earlier life, which its owner kept without its tombstones: items in the order of
    /// versions, of which there is one each.
    pub(crate) fn restore<'a>(
        &mut self,
        id_hash: u64,
        (epoch, version): (u64, u64),
        items: impl Iterator<Item = Item<'a>>,
        now: Instant,
    ) {
        let owner = self.owner_mut(Slot::SELF, id_hash);
        (owner.shown.epoch, owner.shown.watermark) = (epoch, version);
        let mut last = 0;
        for item in items.filter(|item| item.version <= version) {
            // Two entries of one version would have one place.
            if item.start() <= last {
                continue;
            }
            last = item.version;
            let entry = super::apply::entry_of(&item, item.bytes().1, now);
            self.set(Slot::SELF, entry, |_| {});
        }
        self.owner_mut(Slot::SELF, id_hash).shown.version = version;
        self.follow_sums(Slot::SELF, Head::default());
    }

    /// Begins a new epoch with the same content, above `epoch`, because somebody holds of this node's map what
    /// it does not.
    pub(crate) fn reopen(&mut self, id_hash: u64, epoch: u64) {
        let before = self.head(Slot::SELF);
        let shown = &mut self.owner_mut(Slot::SELF, id_hash).shown;
        shown.epoch = epoch.saturating_add(1).max(shown.epoch);
        // A map at no version is no map: nobody would take it for a newer one.
        shown.version = shown.version.max(1);
        self.follow_sums(Slot::SELF, before);
    }

    /// Moves the watermark over the tombstones that are older than the grace. Returns whether it moved.
    pub(crate) fn collect_due(&mut self, now: Instant) -> bool {
        if self.collection_deadline() > now {
            return false;
        }
        let Limits { grace, .. } = self.limits;
        self.collect_from = now.after(grace / MOVES_PER_GRACE);
        let Some(owner) = find_mut(&mut self.owners, Slot::SELF) else { return false };
        let (before, watermark) = (owner.shown.head(), owner.shown.tombstones_until(&self.entries, grace, now));
        owner.shown.collect(&mut self.entries, watermark);
        self.follow_sums(Slot::SELF, before);
        true
    }

    /// When the watermark moves next.
    pub(super) fn collection_deadline(&self) -> Instant {
        let oldest = self.owner(Slot::SELF).and_then(|owner| owner.shown.oldest_tombstone());
        oldest.map_or(Instant::NEVER, |(_, place)| {
            self.entries.get(place).until.after(self.limits.grace).max(self.collect_from)
        })
    }
}
