//! The application's own keys, and who watches which.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::state::{Change, OwnError};
use crate::vocab::{Content, GRAIN_BYTES, Instant, Item, NodeId, Slot, TTL_MAX};
use crate::wire::{ADDRESSES_KEY, DATAGRAM_BYTES_MIN, ITEM_ROOM_BYTES};

use super::events::Events;
use super::io::{Event, KEY_BYTES_MAX, MapSnapshot, MapVersion, Rejected, Timer, ValueChange, ValueView, WATCHES_MAX};
use super::{Cold, Node};

/// Values that end are ended so many at a time, and how long the others wait then.
const ENDED_MAX: usize = 64;
const END_PAUSE: Duration = Duration::from_millis(1);

const _: () =
    assert!(ITEM_ROOM_BYTES + KEY_BYTES_MAX + GRAIN_BYTES <= DATAGRAM_BYTES_MIN, "any datagram has room for a grain");

/// The prefixes that the application watches.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Watches {
    prefixes: Vec<Box<[u8]>>,
}

impl Watches {
    pub(super) fn add(&mut self, prefix: &[u8]) -> Result<(), Rejected> {
        if self.prefixes.iter().any(|watched| **watched == *prefix) {
            return Ok(());
        }
        if self.prefixes.len() >= WATCHES_MAX {
            return Err(Rejected::TooManyWatches);
        }
        self.prefixes.push(prefix.into());
        Ok(())
    }

    pub(super) fn remove(&mut self, prefix: &[u8]) {
        self.prefixes.retain(|watched| **watched != *prefix);
    }

    /// Reports a change to whoever watches its key.
    pub(super) fn report(&self, events: &mut Events, owner: NodeId, change: Change<'_>) {
        if self.prefixes.iter().any(|prefix| change.key.starts_with(prefix)) {
            let (key, value) = (change.key.into(), change.value.map(Box::from));
            events.push(Event::Value(ValueChange { owner, key, value, version: change.version }));
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.prefixes.is_empty()
    }

    pub(super) fn prefixes(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.prefixes.iter_mut().map(|prefix| &mut **prefix)
    }
}

impl Node {
    pub(super) fn put(
        &mut self,
        key: &[u8],
        value: &[u8],
        ttl: Option<Duration>,
        now: Instant,
    ) -> Result<(), Rejected> {
        check_free(key)?;
        self.write(key, value, ttl, now)
    }

    /// [`Node::put`] of any key, also of a reserved one.
    pub(super) fn write(
        &mut self,
        key: &[u8],
        value: &[u8],
        ttl: Option<Duration>,
        now: Instant,
    ) -> Result<(), Rejected> {
        check_key(key)?;
        let most = self.cold.config.value_bytes_max;
        if value.len() > most {
            return Err(Rejected::Value { len: value.len(), most });
        }
        if let Some(ttl) = ttl
            && !(Duration::from_millis(1)..=TTL_MAX).contains(&ttl)
        {
            return Err(Rejected::Ttl { ttl });
        }
        let own = (self.membership.id_hash(Slot::SELF), self.incarnation.boot);
        let (id, outside) = (self.id, self.clock.outside(now));
        let Cold { state, events, watches, config, flow, .. } = &mut *self.cold;
        let bytes = bytes_written(key, value);
        flow.admit(bytes, now).map_err(|retry_after| Rejected::Backpressure { retry_after })?;
        let before = state.head(Slot::SELF).version;
        let put = state.put(own, (key, value), ttl, outside, |change| watches.report(events, id, change));
        match put {
            Err(OwnError::Full) => return Err(Rejected::MapFull { most: config.map_bytes_max }),
            // An equal value is no change.
            Ok(version) if version > before => flow.on_written(bytes, now),
            Ok(_) => {}
        }
        self.on_own_change(now);
        Ok(())
    }

    pub(super) fn delete(&mut self, key: &[u8], now: Instant) -> Result<(), Rejected> {
        check_free(key)?;
        self.erase(key, now);
        Ok(())
    }

    /// [`Node::delete`] of any key that can be, also of a reserved one.
    pub(super) fn erase(&mut self, key: &[u8], now: Instant) {
        let own = (self.membership.id_hash(Slot::SELF), self.incarnation.boot);
        let (id, outside) = (self.id, self.clock.outside(now));
        let Cold { state, events, watches, flow, .. } = &mut *self.cold;
        if state.delete(own, key, outside, |change| watches.report(events, id, change)).is_some() {
            flow.on_written(bytes_written(key, &[]), now);
        }
        self.on_own_change(now);
    }

    /// Takes over the map of an earlier life.
    pub(super) fn restore_map(&mut self, map: MapSnapshot<'_>, now: Instant) {
        let id_hash = self.membership.id_hash(Slot::SELF);
        // A number that no owner comes to leaves none for the next change, or is believed by nobody.
        let MapVersion { epoch, version, .. } = map.version;
        if version > u64::MAX / 2 || !self.membership.is_plausible(epoch, self.clock.outside(now)) {
            return;
        }
        let most = self.cold.config.value_bytes_max;
        let can_be = |value: &&ValueView<'_>| {
            check_key(value.key).is_ok() && value.value.len() <= most && value.version <= map.version.version
        };
        let mut values: Vec<&ValueView<'_>> = map.values.iter().filter(can_be).collect();
        values.sort_by_key(|value| value.version);
        let items = values.into_iter().map(|value| {
            let left_ms = value.left.map(|left| u32::try_from(left.as_millis()).unwrap_or(u32::MAX));
            let content = Content::Value { bytes: value.value, left_ms };
            Item { key: value.key, version: value.version, content }
        });
        // What was deleted in that life is not among the values: whoever has it still must get the map anew.
        self.cold.state.restore(id_hash, (epoch, version), items, now);
        self.on_map_moved(now);
        self.note_own_addresses();
    }

    /// The own map has changed, or not.
    fn on_own_change(&mut self, now: Instant) {
        let before = self.state_sum;
        self.on_map_moved(now);
        if self.state_sum != before {
            self.tell_head(Slot::SELF, now);
        }
        self.has_events |= self.cold.events.is_waiting();
    }

    /// Some copy has come further, or ends something sooner.
    pub(super) fn on_map_moved(&mut self, now: Instant) {
        self.state_sum = self.cold.state.fingerprint();
        self.schedule_values(now);
    }

    /// Ends what ends now, a few per call, so that none takes long, and lets the own watermark move.
    pub(super) fn on_values_due(&mut self, now: Instant) {
        let outside = self.clock.outside(now);
        let membership = &self.membership;
        let Cold { state, events, watches, .. } = &mut *self.cold;
        for _ in 0..ENDED_MAX {
            let report = |slot, change: Change<'_>| watches.report(events, membership.record(slot).id, change);
            if !state.end_due(outside, report) {
                break;
            }
        }
        let moved = state.collect_due(outside);
        self.has_events |= self.cold.events.is_waiting();
        self.on_map_moved(now.after(END_PAUSE));
        if moved {
            self.tell_head(Slot::SELF, now);
        }
    }

    /// Ends are counted in the embedder's time: whoever stood still is later all the same.
    pub(super) fn schedule_values(&mut self, not_before: Instant) {
        let next = self.clock.inside(self.cold.state.next_deadline());
        self.deadlines.set(Timer::Values, next.max(not_before));
    }

    /// An owner lives, or has gone.
    pub(super) fn count_map(&mut self, slot: Slot, lives: bool) {
        self.cold.state.count(slot, lives);
        self.state_sum = self.cold.state.fingerprint();
    }

    /// An owner is forgotten, and its map with it.
    pub(super) fn forget_map(&mut self, slot: Slot, owner: NodeId) {
        // Also of what is over: nobody may have noticed, and afterwards nobody can.
        let before_any_end = Instant::from_nanos(0);
        let Cold { state, events, watches, exchanges, .. } = &mut *self.cold;
        if !watches.is_empty() {
            let version = state.head(slot).version;
            for item in state.below(slot, &[], before_any_end) {
                watches.report(events, owner, Change { key: item.key, version, value: None });
            }
        }
        state.forget(slot);
        exchanges.forget(slot);
        self.count_exchanges();
        self.has_events |= self.cold.events.is_waiting();
        self.state_sum = self.cold.state.fingerprint();
    }
}

/// What a change costs whoever is told of it, about.
const fn bytes_written(key: &[u8], value: &[u8]) -> u64 {
    const HEAD_BYTES: usize = 16;
    (HEAD_BYTES + key.len() + value.len()) as u64
}

/// What the library writes itself is not for the application.
fn check_free(key: &[u8]) -> Result<(), Rejected> {
    if key == ADDRESSES_KEY { Err(Rejected::ReservedKey) } else { check_key(key) }
}

const fn check_key(key: &[u8]) -> Result<(), Rejected> {
    let len = key.len();
    if len == 0 || len > KEY_BYTES_MAX { Err(Rejected::Key { len }) } else { Ok(()) }
}
