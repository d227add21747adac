//! How far has what each life issued come here, and over how many links?

use alloc::collections::BTreeSet;
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::vocab::{Index, Instant, NodeId, Origin, Rng, Sorted, Table, hash_of_life};

/// A life's place in the table, until it is forgotten; means nothing to any other node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub(crate) struct OriginIx(pub(crate) u32);

impl OriginIx {
    /// The place as an index.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is known of one life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) origin: Origin,
    /// What announcements call it: its stable hash.
    pub(super) name: u64,
    /// Everything that it issued up to this stamp has been here, or was overtaken.
    pub(super) stamp: u64,
    /// Wrapping sum of the hashes of its infos that stay.
    pub(super) sum: u64,
    /// How many infos of it are here.
    pub(super) infos: u32,
    /// The last of them that is still here, by stamp and place.
    pub(super) newest: Option<(u64, u32)>,
    /// Over how many links what was issued last came.
    pub(super) hops: u8,
    /// Since when there are none.
    idle_since: Instant,
}

impl Default for Known {
    fn default() -> Self {
        let origin = Origin { id: NodeId::from_u128(0), boot: 0 };
        Self { origin, name: 0, stamp: 0, sum: 0, infos: 0, newest: None, hops: 0, idle_since: Instant::NEVER }
    }
}

/// All lives of which something is here, or was not long ago.
#[derive(Debug, Clone)]
pub(super) struct Origins {
    rows: Table<Known>,
    by_origin: Sorted,
    by_name: Index,
    /// Those without infos, and since when. The own life is none of them.
    idle: BTreeSet<(Instant, OriginIx)>,
    own: OriginIx,
    total: u64,
}

impl Origins {
    pub(super) fn new(own: Origin, hash_seed: u64) -> Self {
        let mut origins = Self::empty(hash_seed);
        origins.own = origins.insert(own);
        origins
    }

    fn empty(hash_seed: u64) -> Self {
        let (rows, by_origin, by_name, idle) = (Table::new(), Sorted::new(), Index::new(hash_seed), BTreeSet::new());
        Self { rows, by_origin, by_name, idle, own: OriginIx(0), total: 0 }
    }

    pub(super) const fn own(&self) -> OriginIx {
        self.own
    }

    pub(super) fn len(&self) -> u32 {
        self.rows.len()
    }

    /// Wrapping sum of the hashes of all infos that stay.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn get(&self, ix: OriginIx) -> &Known {
        self.rows.get(ix.0)
    }

    pub(super) fn find(&self, origin: Origin) -> Option<OriginIx> {
        self.by_name.find(name_of(origin), |place| self.rows.get(place).origin == origin).map(OriginIx)
    }

    /// The life of a name. Of two with one name, which comes once in 2^64 pairs, it is either.
    pub(super) fn find_name(&self, name: u64) -> Option<OriginIx> {
        self.by_name.find(name, |place| self.rows.get(place).name == name).map(OriginIx)
    }

    /// What is in a random place: a life, or nothing.
    pub(super) fn random(&self, rng: &mut Rng) -> &Known {
        let places = u32::try_from(self.rows.places()).unwrap_or(u32::MAX);
        self.rows.get(rng.below(places))
    }

    /// All lives, by identity and boot.
    pub(super) fn iter(&self) -> impl Iterator<Item = (OriginIx, &Known)> + '_ {
        self.by_origin.iter().map(|place| (OriginIx(place), self.rows.get(place)))
    }

    /// The row of a life, which is made if there is none.
    pub(super) fn enter(&mut self, origin: Origin, now: Instant) -> OriginIx {
        self.find(origin).unwrap_or_else(|| {
            let ix = self.insert(origin);
            self.set_idle(ix, now);
            ix
        })
    }

    fn insert(&mut self, origin: Origin) -> OriginIx {
        let name = name_of(origin);
        let place = self.rows.insert(Known { origin, name, ..Known::default() });
        self.link(place);
        OriginIx(place)
    }

    /// Enters a row into the orders.
    fn link(&mut self, place: u32) {
        let rows = &self.rows;
        let origin = rows.get(place).origin;
        self.by_name.insert(place, |other| rows.get(other).name);
        self.by_origin.insert(place, |other| rows.get(other).origin.cmp(&origin));
    }

    /// This node lives another life from now on.
    pub(super) fn begin_life(&mut self, own: Origin, now: Instant) {
        let (before, own) = (self.own, self.enter(own, now));
        self.set_busy(own);
        self.own = own;
        if self.get(before).infos == 0 {
            self.set_idle(before, now);
        }
    }

    /// Notes that what a life issued has come so far.
    pub(super) fn come_to(&mut self, ix: OriginIx, stamp: u64, hops: u8) {
        let known = self.rows.get_mut(ix.0);
        if stamp > known.stamp {
            (known.stamp, known.hops) = (stamp, hops);
        }
    }

    /// Notes that what it issued last can be had over so many links.
    pub(super) fn shorten(&mut self, ix: OriginIx, stamp: u64, hops: u8) {
        let known = self.rows.get_mut(ix.0);
        if stamp == known.stamp {
            known.hops = known.hops.min(hops);
        }
    }

    /// Notes which of its infos is the last that is here.
    pub(super) fn set_newest(&mut self, ix: OriginIx, newest: Option<(u64, u32)>) {
        self.rows.get_mut(ix.0).newest = newest;
    }

    /// One more info of it is here.
    pub(super) fn add(&mut self, ix: OriginIx, hash: u64) {
        self.set_busy(ix);
        self.total = self.total.wrapping_add(hash);
        let known = self.rows.get_mut(ix.0);
        known.infos += 1;
        known.sum = known.sum.wrapping_add(hash);
    }

    /// One of its infos is not here any more.
    pub(super) fn take_out(&mut self, ix: OriginIx, hash: u64, now: Instant) {
        self.total = self.total.wrapping_sub(hash);
        let known = self.rows.get_mut(ix.0);
        known.infos -= 1;
        known.sum = known.sum.wrapping_sub(hash);
        if known.infos == 0 && ix != self.own {
            self.set_idle(ix, now);
        }
    }

    fn set_idle(&mut self, ix: OriginIx, now: Instant) {
        self.rows.get_mut(ix.0).idle_since = now;
        self.idle.insert((now, ix));
    }

    fn set_busy(&mut self, ix: OriginIx) {
        let since = core::mem::replace(&mut self.rows.get_mut(ix.0).idle_since, Instant::NEVER);
        self.idle.remove(&(since, ix));
    }

    /// When a life is forgotten next.
    pub(super) fn next_deadline(&self, grace: Duration) -> Instant {
        self.idle.first().map_or(Instant::NEVER, |(since, _)| since.after(grace))
    }

    /// Forgets one life whose grace is over, and returns the place that it had.
    pub(super) fn forget_due(&mut self, grace: Duration, now: Instant) -> Option<OriginIx> {
        let (_, ix) = self.idle.first().copied().filter(|(since, _)| since.after(grace) <= now)?;
        self.idle.pop_first();
        let rows = &self.rows;
        self.by_origin.remove(|other| rows.get(other).origin.cmp(&rows.get(ix.0).origin));
        self.by_name.remove(rows.get(ix.0).name, ix.0);
        self.rows.remove(ix.0);
        Some(ix)
    }

    /// Asserts that orders and sums are the rows'.
    pub(super) fn check(&self) {
        let rows: alloc::vec::Vec<_> = self.iter().collect();
        assert!(rows.is_sorted_by(|(_, a), (_, b)| a.origin < b.origin), "one row per life");
        assert_eq!(self.rows.len() as usize, rows.len(), "every life is found");
        let total = rows.iter().fold(0_u64, |total, (_, known)| total.wrapping_add(known.sum));
        assert_eq!(total, self.total, "the sums add up");
        for &(ix, known) in &rows {
            let idle = known.infos == 0 && ix != self.own;
            assert_eq!(
                self.idle.contains(&(known.idle_since, ix)),
                idle,
                "{:?} is idle if nothing is here",
                known.origin
            );
        }
        assert!(self.idle.iter().all(|&(since, ix)| self.get(ix).idle_since == since), "nobody is idle twice");
    }
}

/// The rows, and which is the own one: the rest is theirs.
impl Serialize for Origins {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.rows, self.own).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Origins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (rows, own) = Deserialize::deserialize(deserializer)?;
        let mut origins = Self { rows, own, ..Self::empty(0) };
        for place in origins.rows.taken() {
            origins.link(place);
            let Known { idle_since, sum, .. } = *origins.rows.get(place);
            origins.total = origins.total.wrapping_add(sum);
            if idle_since != Instant::NEVER {
                origins.idle.insert((idle_since, OriginIx(place)));
            }
        }
        Ok(origins)
    }
}

pub(crate) fn name_of(Origin { id, boot }: Origin) -> u64 {
    hash_of_life(10, id, boot)
}
