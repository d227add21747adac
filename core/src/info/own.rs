//! What this node itself issues: infos, deletions, events, and once more what an earlier life of it contradicts.

use core::time::Duration;

use super::Infos;
use super::groups::{By, GroupRefusal, Registered};
use super::keys;
use super::limits::{JUMP_MAX, Unfit};
use super::store::Row;
use crate::vocab::{GroupDef, INFO_KEY_BYTES_MAX, InfoValue, InfoVersion, Instant, Lifetime, Origin};

/// An own info that was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Issued {
    pub(crate) version: InfoVersion,
    pub(crate) stamp: u64,
    /// Whether the key stands for something else than before.
    pub(crate) contents_changed: bool,
}

/// Why an own info is refused. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InfoError {
    Unfit(Unfit),
    /// Its value is of another kind than the others of a group that it belongs to.
    Kind,
    /// There is no such info, or not any more.
    Missing,
    /// Somebody has counted the versions of this key, or the stamps of this life, to their end.
    Spent,
}

impl From<Unfit> for InfoError {
    fn from(why: Unfit) -> Self {
        Self::Unfit(why)
    }
}

impl Infos {
    /// Issues an info.
    ///
    /// # Errors
    /// [`InfoError`]; then nothing has changed.
    pub(crate) fn add(
        &mut self,
        key: &[u8],
        value: InfoValue<'_>,
        life: Lifetime,
        now: Instant,
    ) -> Result<Issued, InfoError> {
        self.limits.admit_key(key)?;
        self.limits.admit_value(value)?;
        let ttl = self.limits.admit_life(life, self.compat)?;
        if keys::is_reserved(key) {
            return Err(Unfit::Reserved.into());
        }
        let known = self.store.find(key);
        if self.groups.refuse(key, value.kind(), known.map(|place| self.store.row(place))) {
            return Err(InfoError::Kind);
        }
        let row = Row::new(key, Some(value));
        self.issue(row, ttl.map_or(Instant::NEVER, |ttl| now.after(ttl)), now)
    }

    /// Issues the own marker, whatever group lists it.
    ///
    /// # Errors
    /// [`InfoError`]; then nothing has changed.
    pub(crate) fn mark(&mut self, marker: &[u8], life: Duration, now: Instant) -> Result<Issued, InfoError> {
        let key = keys::node_key(self.own().id);
        self.issue(Row::new(key.as_bytes(), Some(InfoValue::Bytes(marker))), now.after(life), now)
    }

    /// Issues an event: an info under a key of its own, of which nothing is left when it ends.
    ///
    /// # Errors
    /// [`InfoError`]; then nothing has changed. An event is never permanent.
    pub(crate) fn add_event(
        &mut self,
        value: InfoValue<'_>,
        life: Lifetime,
        now: Instant,
    ) -> Result<Issued, InfoError> {
        self.limits.admit_value(value)?;
        let ttl = self.limits.admit_life(life, self.compat)?.ok_or(Unfit::Ttl)?;
        let own = self.origins.get(self.origins.own());
        let key = keys::event_key(own.origin, own.stamp.checked_add(1).ok_or(InfoError::Spent)?);
        self.limits.admit_key(key.as_bytes())?;
        self.issue(Row::new(key.as_bytes(), Some(value)), now.after(ttl), now)
    }

    /// Deletes an info, whoever issued it. That it was deleted is told like an info, and forgotten after a while.
    ///
    /// # Errors
    /// [`InfoError`]; then nothing has changed. Events are not deleted: they end; and groups stay.
    pub(crate) fn delete(&mut self, key: &[u8], now: Instant) -> Result<Issued, InfoError> {
        if keys::is_reserved(key) {
            return Err(Unfit::Reserved.into());
        }
        self.get(key, now).ok_or(InfoError::Missing)?;
        let until = now.after(self.limits.tombstone_life);
        self.issue(Row::new(key, None), until, now)
    }

    /// Gives a row the next version of its key and the next stamp of this life.
    fn issue(&mut self, row: Row, until: Instant, now: Instant) -> Result<Issued, InfoError> {
        let place = self.store.find(row.key());
        let known = place.map(|place| self.store.row(place));
        let is_event = keys::is_event(row.key());
        // Others may remember a little longer than this node what it has forgotten; who remembers nothing must take it.
        let forgotten = self.forgotten.min(JUMP_MAX - 1);
        let highest = known.map_or(if is_event { 0 } else { forgotten }, |known| known.counter);
        let contents_changed = known.is_none_or(|known| !known.says_as(&row));
        self.admit_weight(known, &row)?;
        let counter = highest.checked_add(1).ok_or(InfoError::Spent)?;
        let (version, stamp) = self.put_own(place, Row { counter, until, ..row }, now).ok_or(InfoError::Spent)?;
        Ok(Issued { version, stamp, contents_changed })
    }

    /// Gives a row the next stamp of this life. `None` if there is none; then nothing has changed.
    pub(super) fn put_own(&mut self, place: Option<u32>, row: Row, now: Instant) -> Option<(InfoVersion, u64)> {
        let own = self.origins.own();
        let stamp = self.origins.get(own).stamp.checked_add(1)?;
        let version = InfoVersion { counter: row.counter, origin: self.origins.get(own).origin };
        self.origins.come_to(own, stamp, 0);
        self.put(place, Row { origin: own, stamp, hops: 0, ..row }, now);
        Some((version, stamp))
    }

    /// This node raises its boot: what it issues from now on is another life's.
    pub(crate) fn begin_life(&mut self, boot: u64, now: Instant) {
        let Origin { id, .. } = self.own();
        self.origins.begin_life(Origin { id, boot }, now);
    }

    /// Registers a group. It lists what is here already.
    ///
    /// # Errors
    /// [`GroupRefusal`]; then nothing has changed.
    pub(crate) fn register_group(&mut self, def: GroupDef<'_>) -> Result<Registered, GroupRefusal> {
        if keys::group_key(&def).len() > INFO_KEY_BYTES_MAX {
            return Err(GroupRefusal::Pattern);
        }
        self.groups.register(def, By::Us, &self.limits, &self.store)
    }

    /// Issues what tells others of a group that is registered here, unless that is known. Returns whether it was not.
    ///
    /// # Errors
    /// [`InfoError`]; then nothing has changed.
    pub(crate) fn tell_group(&mut self, def: &GroupDef<'_>, now: Instant) -> Result<bool, InfoError> {
        let key = keys::group_key(def);
        self.limits.admit_key(&key)?;
        if self.get(&key, now).is_some() {
            return Ok(false);
        }
        self.issue(Row::new(&key, Some(InfoValue::Bytes(&[]))), Instant::NEVER, now)?;
        Ok(true)
    }

    /// Takes in how a peer defines a group. What this node registered itself stays; of what it only heard of, the one
    /// with the larger limit holds.
    ///
    /// # Errors
    /// [`GroupRefusal`]; then nothing has changed. A conflict is to be reported: the two list different infos.
    pub(crate) fn learn_group(&mut self, def: GroupDef<'_>) -> Result<Registered, GroupRefusal> {
        self.groups.register(def, By::Peers, &self.limits, &self.store)
    }
}
