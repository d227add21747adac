//! Where do infos lie, and in which orders are they found? Key and value in one allocation, in rows of 56 bytes, four
//! bytes in each order, and ten at most by which a key is found at once.

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::origins::OriginIx;
use super::value;
use crate::vocab::{Index, InfoKind, InfoMut, InfoValue, Instant, LendInfo, Origin, Sorted, Table, mix, stable_hash};

/// What an info weighs besides its key and value.
pub(crate) const ROW_BYTES: usize = 88;

const _: () = assert!(size_of::<Row>() + 4 * size_of::<u32>() + 12 <= ROW_BYTES, "a row, four orders and an index");

/// One key, and what holds of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    /// The key, then the value. [`Row::new`] alone sets it, and the length of the key.
    pub(super) bytes: Box<[u8]>,
    pub(super) counter: u64,
    pub(super) stamp: u64,
    /// When it came, counted in changes of this store.
    pub(super) seq: u64,
    /// When it ends, or is forgotten if it has no value. Never of what is permanent.
    pub(super) until: Instant,
    pub(super) origin: OriginIx,
    pub(super) key_len: u16,
    pub(super) hops: u8,
    /// `None` of what was deleted or has ended.
    pub(super) kind: Option<InfoKind>,
}

impl Row {
    /// A row of this content. The rest is the caller's to set.
    pub(super) fn new(key: &[u8], value: Option<InfoValue<'_>>) -> Self {
        let mut bytes = Vec::with_capacity(key.len() + value.map_or(0, value::len));
        bytes.extend_from_slice(key);
        if let Some(value) = value {
            value::append(&mut bytes, value);
        }
        // Keys are shorter by far: the limits see to that.
        let key_len = u16::try_from(key.len()).unwrap_or(u16::MAX);
        Self { bytes: bytes.into_boxed_slice(), key_len, kind: value.map(InfoValue::kind), ..Self::default() }
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.bytes[..usize::from(self.key_len)]
    }

    /// The bytes of the value, in whose order values of one kind are.
    pub(super) fn ordered(&self) -> &[u8] {
        &self.bytes[usize::from(self.key_len)..]
    }

    pub(super) fn value(&self) -> Option<InfoValue<'_>> {
        self.kind.map(|kind| value::read(kind, self.ordered()))
    }

    /// Whether another row says the same, leaving aside who says it and for how long it holds.
    pub(super) fn says_as(&self, other: &Self) -> bool {
        (self.kind, &self.bytes) == (other.kind, &other.bytes)
    }

    /// What stays of it when its time is over, until it is forgotten.
    pub(super) fn ended(&self, until: Instant) -> Self {
        Self { bytes: self.key().into(), until, kind: None, ..*self }
    }

    /// The hash of what it says. What ends does so at slightly different instants on different nodes, so that only what
    /// stays counts.
    pub(super) fn hash(&self, Origin { id, boot }: Origin) -> u64 {
        let Some(kind) = self.kind.filter(|_| self.until == Instant::NEVER) else { return 0 };
        let (high, low) = id.words();
        let seed = mix([high, low, boot, self.counter]);
        stable_hash(seed ^ u64::from(self.key_len) << 48 ^ kind as u64, &self.bytes)
    }

    /// Bytes that it counts for.
    pub(super) const fn weight(&self) -> usize {
        self.bytes.len() + ROW_BYTES
    }

    pub(super) fn lend(&mut self, lend: &mut LendInfo<'_>) {
        let (key, ordered) = self.bytes.split_at_mut(self.key_len.into());
        match self.kind {
            None => lend(key, InfoMut::None),
            Some(kind) => value::lend(kind, ordered, |value| lend(key, value)),
        }
    }
}

/// All rows, one per key.
#[derive(Debug, Clone)]
pub(super) struct Store {
    rows: Table<Row>,
    index: Index,
    by_key: Sorted,
    /// By origin, then stamp.
    by_stamp: Sorted,
    /// By sequence number.
    by_arrival: Sorted,
    /// Those with an end, by that; then by place.
    by_end: Sorted,
    weight: usize,
}

impl Store {
    pub(super) fn new(hash_seed: u64) -> Self {
        let [by_key, by_stamp, by_arrival, by_end] = [const { Sorted::new() }; 4];
        let (rows, index) = (Table::new(), Index::new(hash_seed));
        Self { rows, index, by_key, by_stamp, by_arrival, by_end, weight: 0 }
    }

    pub(super) fn row(&self, place: u32) -> &Row {
        self.rows.get(place)
    }

    pub(super) fn len(&self) -> u32 {
        self.rows.len()
    }

    pub(super) const fn weight(&self) -> usize {
        self.weight
    }

    pub(super) fn find(&self, key: &[u8]) -> Option<u32> {
        self.index.find(key, |place| self.row(place).key() == key)
    }

    /// The rows whose keys begin so, by key.
    pub(super) fn below<'a>(&'a self, prefix: &'a [u8]) -> impl Iterator<Item = u32> + 'a {
        let places = self.by_key.starting_at(move |place| self.row(place).key().cmp(prefix));
        places.take_while(move |&place| self.row(place).key().starts_with(prefix))
    }

    /// The rows of an origin with stamps above this one, by stamp.
    pub(super) fn above(&self, origin: OriginIx, stamp: u64) -> impl Iterator<Item = u32> + '_ {
        let sought = (origin, stamp.saturating_add(1));
        let places = self.by_stamp.starting_at(move |place| by_stamp(self.row(place)).cmp(&sought));
        places.take_while(move |&place| self.row(place).origin == origin)
    }

    /// The row of an origin with this stamp.
    pub(super) fn at_stamp(&self, origin: OriginIx, stamp: u64) -> Option<u32> {
        self.by_stamp.find(|place| by_stamp(self.row(place)).cmp(&(origin, stamp)))
    }

    /// The stamp of the last row of an origin before this stamp; 0 if there is none.
    pub(super) fn stamp_before(&self, origin: OriginIx, stamp: u64) -> u64 {
        let before = self.by_stamp.last_before(|place| by_stamp(self.row(place)).cmp(&(origin, stamp)));
        before.map(|place| self.row(place)).filter(|row| row.origin == origin).map_or(0, |row| row.stamp)
    }

    /// Stamp and place of the last row of an origin.
    pub(super) fn newest(&self, origin: OriginIx) -> Option<(u64, u32)> {
        let last = self.by_stamp.last_before(|place| by_stamp(self.row(place)).cmp(&(origin, u64::MAX)))?;
        Some(self.row(last)).filter(|row| row.origin == origin).map(|row| (row.stamp, last))
    }

    /// The rows that came after this sequence number, in the order in which they came.
    pub(super) fn after(&self, seq: u64) -> impl Iterator<Item = u32> + '_ {
        let next = seq.saturating_add(1);
        self.by_arrival.starting_at(move |place| self.row(place).seq.cmp(&next))
    }

    /// The row that ends first.
    pub(super) fn first_end(&self) -> Option<u32> {
        self.by_end.iter().next()
    }

    /// Lends all infos. Nothing is found by its key any more until the store is written and read again.
    pub(super) fn lend(&mut self, lend: &mut LendInfo<'_>) {
        self.rows.taken().into_iter().for_each(|place| self.rows.get_mut(place).lend(lend));
    }

    /// Takes in a row whose key has none. Returns its place.
    pub(super) fn insert(&mut self, row: Row) -> u32 {
        let place = self.rows.insert(row);
        self.enter(place);
        place
    }

    /// Enters a row into every order.
    fn enter(&mut self, place: u32) {
        let rows = &self.rows;
        self.by_key.insert(place, |other| rows.get(other).key().cmp(rows.get(place).key()));
        self.index.insert(place, |other| rows.get(other).key());
        self.link(place, false);
    }

    /// Puts a row in the place of another one of the same key, which is returned. What its origin issued last, and issues
    /// again, `stays` the last one in the order of stamps.
    pub(super) fn replace(&mut self, place: u32, row: Row, stays: bool) -> Row {
        self.unlink(place, stays);
        let old = core::mem::replace(self.rows.get_mut(place), row);
        self.link(place, stays);
        old
    }

    pub(super) fn remove(&mut self, place: u32) -> Row {
        self.unlink(place, false);
        let rows = &self.rows;
        self.by_key.remove(|other| rows.get(other).key().cmp(rows.get(place).key()));
        self.index.remove(rows.get(place).key(), place);
        self.rows.remove(place)
    }

    /// Lets a row that ends do so at another time.
    pub(super) fn end_at(&mut self, place: u32, until: Instant) {
        let before = core::mem::replace(&mut self.rows.get_mut(place).until, until);
        // The order is that of before until the row is out of it.
        let rows = &self.rows;
        let end_of = |other| if other == place { before } else { rows.get(other).until };
        self.by_end.remove(|other| (end_of(other), other).cmp(&(before, place)));
        self.by_end.insert(place, |other| (rows.get(other).until, other).cmp(&(until, place)));
    }

    pub(super) fn set_hops(&mut self, place: u32, hops: u8) {
        self.rows.get_mut(place).hops = hops;
    }

    /// Enters a row into the orders that change with it, that of stamps among them unless it `stays` where it is in that.
    fn link(&mut self, place: u32, stays: bool) {
        let rows = &self.rows;
        let row = rows.get(place);
        self.weight += row.weight();
        if !stays {
            self.by_stamp.insert(place, |other| by_stamp(rows.get(other)).cmp(&by_stamp(row)));
        }
        self.by_arrival.insert(place, |other| rows.get(other).seq.cmp(&row.seq));
        if row.until != Instant::NEVER {
            self.by_end.insert(place, |other| (rows.get(other).until, other).cmp(&(row.until, place)));
        }
    }

    fn unlink(&mut self, place: u32, stays: bool) {
        let rows = &self.rows;
        let row = rows.get(place);
        self.weight -= row.weight();
        if !stays {
            self.by_stamp.remove(|other| by_stamp(rows.get(other)).cmp(&by_stamp(row)));
        }
        self.by_arrival.remove(|other| rows.get(other).seq.cmp(&row.seq));
        if row.until != Instant::NEVER {
            self.by_end.remove(|other| (rows.get(other).until, other).cmp(&(row.until, place)));
        }
    }

    /// All rows, by key.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.by_key.iter()
    }

    /// Asserts that every order holds the same rows, in its order.
    pub(super) fn check(&self) {
        let rows = |order: &Sorted| order.iter().map(|place| self.row(place)).collect::<Vec<_>>();
        let by_key = rows(&self.by_key);
        assert!(by_key.is_sorted_by(|a, b| a.key() < b.key()), "one row per key");
        assert!(self.iter().all(|place| self.find(self.row(place).key()) == Some(place)), "every key is found");
        assert!(rows(&self.by_stamp).is_sorted_by(|a, b| by_stamp(a) < by_stamp(b)), "one row per stamp");
        assert!(rows(&self.by_arrival).is_sorted_by(|a, b| a.seq < b.seq), "one row per number");
        let by_end = rows(&self.by_end);
        assert!(by_end.is_sorted_by_key(|row| row.until), "in the order of their ends");
        let ending = by_key.iter().filter(|row| row.until != Instant::NEVER).count();
        assert_eq!((by_end.len(), by_end.iter().any(|row| row.until == Instant::NEVER)), (ending, false));
        let lens = [self.by_stamp.iter().count(), self.by_arrival.iter().count(), self.rows.len() as usize];
        assert_eq!(lens, [by_key.len(); 3], "every row is in every order once");
        assert_eq!(self.weight, by_key.iter().map(|row| row.weight()).sum(), "the weight is the rows'");
        assert!(
            by_key.iter().all(|row| row.kind.is_some() || row.until != Instant::NEVER),
            "what is gone is forgotten"
        );
    }
}

/// The rows alone: every order is theirs.
impl Serialize for Store {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Store {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut store = Self { rows: Table::deserialize(deserializer)?, ..Self::new(0) };
        store.rows.taken().into_iter().for_each(|place| store.enter(place));
        Ok(store)
    }
}

const fn by_stamp(row: &Row) -> (OriginIx, u64) {
    (row.origin, row.stamp)
}
