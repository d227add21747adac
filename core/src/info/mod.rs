//! What should everyone know?
//!
//! Any node issues *infos*: a key, a value and a life. Everybody keeps one info per key, the one with the highest
//! version, until it ends or somebody deletes it. Each life of a node numbers what it issues with *stamps*; what it
//! issues is told on in the order of stamps, so that one number per life says what a store has heard.
//!
//! * [`store`] — where infos lie, and in which orders; [`value`] — how a value lies in memory;
//! * [`origins`] — how far has come what each life issued;
//! * [`own`] — what this node issues; [`take`] — what a peer tells;
//! * [`groups`] — which infos does a group list? [`watch`] — who wants to hear of which keys?
//! * [`spread`] — which peer is told what, and when?
//! * [`keys`] — what are the keys called that everybody knows? [`limits`] — how large may it become?
//! * [`redacting`] — how do sums stay while others take the place of what is here?
//!
//! Invariant: of what a life issued up to its stamp here, everything is here that neither ended nor was overtaken by a
//! higher version of its key, provided that whoever told it, and what it had been told, was not lost meanwhile. What
//! such a loss takes away shows in the sums, and [`Infos::take`] takes it in whenever it is told again.
//!
//! Stores to which everything came that holds are equal, in whatever order it came: versions are in a total order, and a
//! version says one thing. Who is cut off for longer than a deletion is remembered may bring back what was deleted.
//!
//! This room knows neither links nor packets, and not who lives.

mod groups;
pub(crate) mod keys;
pub(crate) mod limits;
mod origins;
mod own;
mod redacting;
pub(crate) mod spread;
mod store;
mod take;
#[cfg(test)]
mod tests;
mod value;
mod watch;

pub(crate) use groups::GroupRefusal;
use groups::Groups;
pub(crate) use limits::{Limits, Unfit};
use origins::Origins;
pub(crate) use origins::{OriginIx, name_of};
pub(crate) use own::InfoError;
use store::{Row, Store};
pub(crate) use take::{Refusal, Taken};
pub(crate) use watch::{WatchRefusal, Watches};

use serde::{Deserialize, Serialize};

use crate::config::Compat2014;
use crate::vocab::{GroupDef, InfoItem, InfoTold, InfoVersion, Instant, KeyPattern, KeyRule, Origin, Originals, Rng};

/// What is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended<'a> {
    /// The info of this key.
    Info(&'a [u8]),
    /// The memory of a life of which nothing is left. Its place is another one's from now on.
    Life(OriginIx),
}

/// What is known of what one life issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OriginFacts {
    pub(crate) origin: Origin,
    pub(crate) ix: OriginIx,
    /// Everything up to this stamp has been here, or was overtaken.
    pub(crate) stamp: u64,
    /// Over how many links its latest came.
    pub(crate) hops: u8,
    /// How many are here.
    pub(crate) infos: u32,
    /// Tells what is here of it and permanent: of two stores that have come equally far, the same if they lost nothing.
    pub(crate) sum: u64,
}

/// Everything that this node knows of infos.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Infos {
    limits: Limits,
    compat: Compat2014,
    store: Store,
    origins: Origins,
    groups: Groups,
    pub(crate) watches: Watches,
    /// How often a row was put.
    seq: u64,
    /// The highest counter of a key that is forgotten.
    forgotten: u64,
    originals: Originals<(Row, Origin)>,
}

impl Infos {
    pub(crate) fn new(own: Origin, limits: Limits, compat: Compat2014) -> Self {
        let seed = limits.hash_seed;
        let (store, origins, groups) = (Store::new(seed), Origins::new(own, seed), Groups::new(compat));
        let (watches, originals) = (Watches::default(), Originals::new());
        Self { limits, compat, store, origins, groups, watches, seq: 0, forgotten: 0, originals }
    }

    /// The life that this node lives.
    pub(crate) fn own(&self) -> Origin {
        self.origins.get(self.origins.own()).origin
    }

    /// The info of a key, unless it was deleted or has ended.
    pub(crate) fn get(&self, key: &[u8], now: Instant) -> Option<InfoItem<'_>> {
        self.shown(self.store.find(key)?, now)
    }

    /// The infos whose keys match, by key.
    pub(crate) fn matching<'a>(
        &'a self,
        pattern: KeyPattern<'a>,
        now: Instant,
    ) -> impl Iterator<Item = InfoItem<'a>> + 'a {
        // Of all keys that begin so, the one that ends so is the first.
        let most = if pattern.rule == KeyRule::Exact { 1 } else { usize::MAX };
        let places = self.store.below(pattern.text).take(most);
        let places = places.filter(move |&place| pattern.matches(self.store.row(place).key()));
        places.filter_map(move |place| self.shown(place, now))
    }

    /// What a group lists, best first; `None` if there is no such group.
    pub(crate) fn group(
        &self,
        pattern: KeyPattern<'_>,
        now: Instant,
    ) -> Option<impl Iterator<Item = InfoItem<'_>> + '_> {
        let (limit, places) = self.groups.ranked(pattern)?;
        Some(places.filter_map(move |place| self.shown(place, now)).take(limit as usize))
    }

    /// All groups as they are defined here, by pattern.
    pub(crate) fn groups(&self) -> impl Iterator<Item = GroupDef<'_>> + '_ {
        self.groups.iter()
    }

    /// What an origin issued above a stamp and is here, in the order in which it is to be taken.
    pub(crate) fn above(&self, origin: Origin, stamp: u64, now: Instant) -> impl Iterator<Item = InfoTold<'_>> + '_ {
        let places = self.origins.find(origin).into_iter().flat_map(move |ix| self.store.above(ix, stamp));
        places.map(move |place| self.told(place, now))
    }

    /// What came after this many changes, in the order in which it came: number, origin's place, stamp.
    pub(crate) fn arrivals(&self, seq: u64) -> impl Iterator<Item = (u64, OriginIx, u64)> + '_ {
        let places = (seq < self.seq).then(|| self.store.after(seq)).into_iter().flatten();
        places.map(|place| self.store.row(place)).map(|row| (row.seq, row.origin, row.stamp))
    }

    /// What came after this many changes, in the order in which it came, each with its number and its origin's place.
    #[cfg(test)]
    pub(crate) fn after(&self, seq: u64, now: Instant) -> impl Iterator<Item = (u64, OriginIx, InfoTold<'_>)> + '_ {
        self.store.after(seq).map(move |place| {
            let row = self.store.row(place);
            (row.seq, row.origin, self.told(place, now))
        })
    }

    /// The number of the last change.
    pub(crate) const fn seq(&self) -> u64 {
        self.seq
    }

    /// What is known of one life.
    pub(crate) fn origin(&self, origin: Origin) -> Option<OriginFacts> {
        self.origins.find(origin).map(|ix| self.origin_at(ix))
    }

    /// What is known of the life in a place that is not forgotten.
    pub(crate) fn origin_at(&self, ix: OriginIx) -> OriginFacts {
        let &origins::Known { origin, stamp, sum, infos, hops, .. } = self.origins.get(ix);
        OriginFacts { origin, ix, stamp, hops, infos, sum }
    }

    /// The stamp of the last info of a life that is still here; 0 if none is. Who has come so far misses nothing that is here.
    pub(crate) fn newest(&self, ix: OriginIx) -> u64 {
        self.origins.get(ix).newest.map_or(0, |(stamp, _)| stamp)
    }

    /// The place of the life that this node lives.
    pub(crate) const fn own_ix(&self) -> OriginIx {
        self.origins.own()
    }

    /// A life of which there is an info here, at random; `None` now and then, and where there is none.
    pub(crate) fn random_origin(&self, rng: &mut Rng) -> Option<Origin> {
        let known = self.origins.random(rng);
        (known.infos > 0).then_some(known.origin)
    }

    /// What announcements call a life.
    pub(crate) fn name(&self, ix: OriginIx) -> u64 {
        self.origins.get(ix).name
    }

    /// The life that announcements call so.
    pub(crate) fn named(&self, name: u64) -> Option<OriginIx> {
        self.origins.find_name(name)
    }

    /// The newest info of a life is to be had over so many links: not by the way on which it came, but the next one will.
    pub(crate) fn shorten(&mut self, ix: OriginIx, stamp: u64, hops: u8) {
        let known = self.origins.get(ix);
        if stamp != known.stamp || hops >= known.hops {
            return;
        }
        self.origins.shorten(ix, stamp, hops);
        if let Some(place) = self.at_stamp(ix, stamp) {
            self.store.set_hops(place, hops);
        }
    }

    /// When the first info of a life above a stamp came, and its stamp.
    pub(crate) fn next_above(&self, ix: OriginIx, stamp: u64) -> Option<(u64, u64)> {
        let row = self.store.row(self.store.above(ix, stamp).next()?);
        Some((row.seq, row.stamp))
    }

    /// The info of a life with a stamp, as it is told.
    pub(crate) fn told_at(&self, ix: OriginIx, stamp: u64, now: Instant) -> Option<InfoTold<'_>> {
        self.at_stamp(ix, stamp).map(|place| self.told(place, now))
    }

    /// What is known of every life, by identity and boot.
    pub(crate) fn origins(&self) -> impl Iterator<Item = OriginFacts> + '_ {
        self.origins.iter().map(|(ix, _)| self.origin_at(ix))
    }

    /// Two stores with the same permanent infos have the same fingerprint.
    pub(crate) const fn fingerprint(&self) -> u64 {
        self.origins.total()
    }

    /// How many infos are here, what is left of deleted and ended ones included, and what they weigh.
    pub(crate) fn size(&self) -> (u32, usize) {
        (self.store.len(), self.store.weight())
    }

    /// Ends one info whose time is over, or forgets one thing that need not be remembered any longer. Returns whether
    /// there was one. What others may have to know of is reported.
    pub(crate) fn end_due(&mut self, now: Instant, report: impl FnOnce(Ended<'_>)) -> bool {
        let due = self.store.first_end().filter(|&place| self.store.row(place).until <= now);
        let Some(place) = due else {
            let forgotten = self.origins.forget_due(self.limits.origin_grace, now);
            return forgotten.map(|ix| report(Ended::Life(ix))).is_some();
        };
        let row = self.store.row(place);
        let is_event = keys::is_event(row.key());
        if row.kind.is_some() {
            report(Ended::Info(row.key()));
        }
        if row.kind.is_some() && !is_event {
            // What ended is remembered like what was deleted, or an older value would come back from elsewhere.
            let ended = row.ended(row.until.after(self.limits.tombstone_life));
            self.replace(place, ended, now);
            return true;
        }
        if !is_event {
            self.forgotten = self.forgotten.max(row.counter);
        }
        self.groups.unlink(&self.store, place);
        let row = self.store.remove(place);
        let hash = self.hash_of(&row);
        self.origins.take_out(row.origin, hash, now);
        self.origins.set_newest(row.origin, self.store.newest(row.origin));
        true
    }

    /// When [`Self::end_due`] has something to do next.
    pub(crate) fn next_deadline(&self) -> Instant {
        let end = self.store.first_end().map_or(Instant::NEVER, |place| self.store.row(place).until);
        end.min(self.origins.next_deadline(self.limits.origin_grace))
    }

    /// The row of a life with a stamp; most that are sought are the last ones.
    fn at_stamp(&self, ix: OriginIx, stamp: u64) -> Option<u32> {
        let newest = self.origins.get(ix).newest.filter(|&(newest, _)| newest == stamp);
        newest.map_or_else(|| self.store.at_stamp(ix, stamp), |(_, place)| Some(place))
    }

    /// Lets a key stand for what a row says from now on. It is the latest that came.
    fn put(&mut self, place: Option<u32>, row: Row, now: Instant) {
        self.seq += 1;
        let row = Row { seq: self.seq, ..row };
        let origins = &self.origins;
        self.originals.note(|| (row.clone(), origins.get(row.origin).origin));
        if let Some(place) = place {
            return self.replace(place, row, now);
        }
        let origin = row.origin;
        self.origins.add(origin, self.hash_of(&row));
        let place = self.store.insert(row);
        self.origins.set_newest(origin, self.store.newest(origin));
        self.groups.link(&self.store, place);
    }

    fn replace(&mut self, place: u32, row: Row, now: Instant) {
        self.groups.unlink(&self.store, place);
        let origin = row.origin;
        self.origins.add(origin, self.hash_of(&row));
        let newest = (row.stamp, place);
        let stays = self.origins.get(origin).newest.is_some_and(|(stamp, last)| last == place && stamp <= row.stamp);
        let old = self.store.replace(place, row, stays);
        self.origins.take_out(old.origin, self.hash_of(&old), now);
        if stays {
            self.origins.set_newest(origin, Some(newest));
        } else {
            self.origins.set_newest(origin, self.store.newest(origin));
            self.origins.set_newest(old.origin, self.store.newest(old.origin));
        }
        self.groups.link(&self.store, place);
    }

    /// A row's part of the sums.
    fn hash_of(&self, row: &Row) -> u64 {
        self.originals.hash(row.hash(self.origins.get(row.origin).origin))
    }

    /// Whether there is room for a row in the place of the one that its key has.
    fn admit_weight(&self, known: Option<&Row>, row: &Row) -> Result<(), Unfit> {
        let is_one_more = known.is_none();
        let weight = self.store.weight() - known.map_or(0, Row::weight) + row.weight();
        let shrinks = known.is_some_and(|known| row.weight() <= known.weight());
        let is_full = (is_one_more && self.store.len() >= self.limits.infos_max) || weight > self.limits.bytes_max;
        if is_full && !shrinks { Err(Unfit::Full) } else { Ok(()) }
    }

    fn version(&self, place: u32) -> InfoVersion {
        let row = self.store.row(place);
        InfoVersion { counter: row.counter, origin: self.origins.get(row.origin).origin }
    }

    /// A row as readers see it: not if it is gone, or its time is over though nobody has noticed.
    fn shown(&self, place: u32, now: Instant) -> Option<InfoItem<'_>> {
        let row = self.store.row(place);
        (row.kind.is_some() && row.until > now).then(|| self.item(place, now))
    }

    fn item(&self, place: u32, now: Instant) -> InfoItem<'_> {
        let row = self.store.row(place);
        // Rounded up, or what is told on would end earlier at every hop; and nothing is told that is over.
        let left = row.until.since(now).as_nanos().div_ceil(1_000_000).max(1);
        let left_ms = (row.until != Instant::NEVER).then(|| u32::try_from(left).unwrap_or(u32::MAX));
        let (version, stamp, hops) = (self.version(place), row.stamp, row.hops);
        InfoItem { key: row.key(), value: row.value(), version, stamp, hops, left_ms }
    }

    fn told(&self, place: u32, now: Instant) -> InfoTold<'_> {
        let row = self.store.row(place);
        InfoTold { item: self.item(place, now), from: self.store.stamp_before(row.origin, row.stamp) }
    }

    /// Asserts every invariant that a walk can see.
    pub(crate) fn check(&self) {
        self.store.check();
        self.origins.check();
        self.groups.check(&self.store);
        for (ix, known) in self.origins.iter() {
            let rows = || self.store.above(ix, 0).map(|place| self.store.row(place));
            let sum = rows().fold(0_u64, |sum, row| sum.wrapping_add(self.hash_of(row)));
            assert_eq!((rows().count(), sum), (known.infos as usize, known.sum), "count and sum are the infos'");
            assert!(rows().all(|row| row.stamp <= known.stamp), "nothing is ahead of its stream");
            assert_eq!(known.newest, self.store.newest(ix), "the last one is known");
        }
        assert!(self.store.iter().all(|place| self.store.row(place).seq <= self.seq), "nothing comes later");
    }
}
