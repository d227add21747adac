//! Which row has this identity, and which rows lie below this prefix?
//!
//! One small table per bucket (the top seven bits of the hashed identity), so that growing one moves only
//! a hundredth of the cluster, and a bucket's short hashes are read without touching a row.
//!
//! ```text
//! entry  state hash 32 · health 2 (who was removed has left) · tag 10 (the next bits of the hashed identity) · row + 1 in 20 bits; 0 is empty
//! ```

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::vocab::{BUCKETS, Health, Prefix, Slot, bucket_of, fold};

pub(super) const BUCKET_BITS: u32 = Prefix::BUCKET_LEVEL as u32;
const TAG_BITS: u32 = 10;
const ROW_BITS: u32 = 20;
const ROW_MASK: u64 = (1 << ROW_BITS) - 1;
const TAG_MASK: u64 = (1 << TAG_BITS) - 1;
const HEALTH_SHIFT: u32 = ROW_BITS + TAG_BITS;

const _: () = assert!(BUCKET_BITS + TAG_BITS >= Prefix::LEVEL_MAX as u32, "every prefix can be told from a tag");

/// The most rows that one look-up of several is about.
pub(crate) const HELD_MAX: usize = 32;

/// What a row is asked for: its hashed identity and the state it should be in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(super) id_hash: u64,
    pub(super) state: State,
}

impl Wanted {
    pub(super) const NONE: Self = Self { id_hash: 0, state: State { hash: 0, health: Health::Alive } };
}

/// The most members that the index can hold.
pub(crate) const MEMBERS_MAX: u32 = (1 << ROW_BITS) - 1;

const fn tag_of(id_hash: u64) -> u64 {
    (id_hash >> (64 - BUCKET_BITS - TAG_BITS)) & TAG_MASK
}

/// A short hash of a state under a salt: another salt gives other collisions.
pub(super) const fn salted(state: u64, salt: u32) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "the short form is wanted")]
    let short = fold(state ^ 0x9e37_79b9_7f4a_7c15, salt as u64 ^ 0xd1b5_4a32_d192_ed03) as u32;
    short
}

/// What the index keeps of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) slot: Slot,
    /// The first half of the row's state hash.
    pub(super) state: u32,
    /// Whether the member is alive or suspected.
    pub(super) live: bool,
}

/// What of a row's state the index keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    pub(super) hash: u64,
    pub(super) health: Health,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Bucket {
    entries: Vec<u64>,
    used: usize,
}

/// The index of the roster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Index {
    buckets: Box<[Bucket]>,
}

impl Index {
    pub(super) fn new() -> Self {
        Self { buckets: (0..BUCKETS).map(|_| Bucket::default()).collect() }
    }

    /// Makes room for so many members in all, spread as hashes are.
    pub(super) fn reserve(&mut self, members: usize) {
        let mean = members / BUCKETS + 1;
        for bucket in &mut self.buckets {
            // A quarter above the mean, and a quarter of that stays empty.
            bucket.grow_to(mean * 5 / 3 + 4);
        }
    }

    /// The row under this hash that `is_it` confirms.
    pub(super) fn find(&self, id_hash: u64, is_it: impl Fn(Slot) -> bool) -> Option<Slot> {
        let (bucket, wanted) = (&self.buckets[bucket_of(id_hash)], tag_of(id_hash));
        let place = bucket.find(wanted, |entry| tag(entry) == wanted && is_it(slot_of(entry)))?;
        Some(slot_of(bucket.entries[place]))
    }

    /// Whether a row of this hashed identity is in this state, as far as 32 bits of its hash tell.
    pub(super) fn holds(&self, id_hash: u64, state: State) -> bool {
        let wanted = entry_of(id_hash, Slot(0), state) >> ROW_BITS;
        let bucket = &self.buckets[bucket_of(id_hash)];
        bucket.find(tag_of(id_hash), |entry| entry >> ROW_BITS == wanted).is_some()
    }

    /// [`Index::holds`] of several rows at once, a bit each. First every home is read, in a loop so short that
    /// the cache misses of one row do not wait for those of the row before.
    pub(super) fn holds_each(&self, wanted: &[Wanted]) -> u32 {
        let mut homes = [0; HELD_MAX];
        for (home, wanted) in homes.iter_mut().zip(wanted) {
            let bucket = &self.buckets[bucket_of(wanted.id_hash)];
            *home = bucket.entries.get(bucket.home(tag_of(wanted.id_hash))).copied().unwrap_or_default();
        }
        let mut held = 0;
        for (place, (home, &Wanted { id_hash, state })) in homes.into_iter().zip(wanted).enumerate() {
            let entry = entry_of(id_hash, Slot(0), state);
            let is_held = home >> ROW_BITS == entry >> ROW_BITS || (home != 0 && self.holds(id_hash, state));
            held |= u32::from(is_held) << place;
        }
        held
    }

    pub(super) fn insert(&mut self, id_hash: u64, slot: Slot, state: State) {
        self.buckets[bucket_of(id_hash)].insert(entry_of(id_hash, slot, state));
    }

    /// Records the new state of a row.
    pub(super) fn update(&mut self, id_hash: u64, slot: Slot, state: State) {
        let bucket = &mut self.buckets[bucket_of(id_hash)];
        if let Some(place) = bucket.place_of(tag_of(id_hash), slot) {
            bucket.entries[place] = entry_of(id_hash, slot, state);
        }
    }

    /// Forgets a row.
    pub(super) fn remove(&mut self, id_hash: u64, slot: Slot) {
        let bucket = &mut self.buckets[bucket_of(id_hash)];
        if let Some(place) = bucket.place_of(tag_of(id_hash), slot) {
            bucket.remove(place);
        }
    }

    /// The rows below a prefix.
    pub(super) fn below(&self, prefix: Prefix) -> impl Iterator<Item = Entry> + '_ {
        let level = u32::from(prefix.level);
        let (first, count, deeper) = if level <= BUCKET_BITS {
            let width = BUCKETS >> level;
            (usize::from(prefix.index) * width, width, 0)
        } else {
            (usize::from(prefix.index) >> (level - BUCKET_BITS), 1, level - BUCKET_BITS)
        };
        let wanted = u64::from(prefix.index) & ((1 << deeper) - 1);
        let entries = self.buckets[first..first + count].iter().flat_map(|bucket| &bucket.entries);
        entries.filter(move |&&entry| entry != 0 && tag(entry) >> (TAG_BITS - deeper) == wanted).map(|&entry| Entry {
            slot: slot_of(entry),
            state: (entry >> 32) as u32,
            live: (entry >> HEALTH_SHIFT) & 3 <= Health::Suspect as u64,
        })
    }

    /// How many rows lie in a bucket.
    pub(super) fn bucket_len(&self, bucket: usize) -> usize {
        self.buckets[bucket].used
    }
}

/// Which of the `2^bits` parts of its bucket a row belongs to.
pub(super) const fn part_of(id_hash: u64, bits: u32) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "a tag has ten bits")]
    let part = (tag_of(id_hash) >> (TAG_BITS - bits)) as usize;
    part
}

const fn entry_of(id_hash: u64, slot: Slot, state: State) -> u64 {
    let two_bits = if state.health.is_final() { Health::Left } else { state.health };
    let health = (two_bits as u64) << HEALTH_SHIFT;
    state.hash << 32 | health | tag_of(id_hash) << ROW_BITS | (slot.0 as u64 + 1)
}

const fn tag(entry: u64) -> u64 {
    (entry >> ROW_BITS) & TAG_MASK
}

const fn slot_of(entry: u64) -> Slot {
    Slot((entry & ROW_MASK) as u32 - 1)
}

impl Bucket {
    /// The first place from a tag's home on that is empty or whose entry `is_it` accepts; `None` in a table without
    /// places. There is always an empty one otherwise.
    fn probe(&self, tag: u64, is_it: impl Fn(u64) -> bool) -> Option<usize> {
        let (mut place, capacity) = (self.home(tag), self.entries.len());
        loop {
            let entry = *self.entries.get(place)?;
            if entry == 0 || is_it(entry) {
                return Some(place);
            }
            place += 1;
            if place == capacity {
                place = 0;
            }
        }
    }

    /// The place of the first entry from a tag's home on that `is_it` accepts.
    fn find(&self, tag: u64, is_it: impl Fn(u64) -> bool) -> Option<usize> {
        self.probe(tag, is_it).filter(|&place| self.entries[place] != 0)
    }

    fn place_of(&self, tag: u64, slot: Slot) -> Option<usize> {
        self.find(tag, |entry| slot_of(entry) == slot)
    }

    /// Empties a place, and moves up what lies behind it only because the place was taken.
    fn remove(&mut self, place: usize) {
        let capacity = self.entries.len();
        let steps = |from: usize, to: usize| (to + capacity - from) % capacity;
        let (mut hole, mut next) = (place, (place + 1) % capacity);
        while self.entries[next] != 0 {
            let home = self.home(tag(self.entries[next]));
            if steps(home, next) >= steps(hole, next) {
                self.entries[hole] = self.entries[next];
                hole = next;
            }
            next = (next + 1) % capacity;
        }
        self.entries[hole] = 0;
        self.used -= 1;
    }

    const fn home(&self, tag: u64) -> usize {
        ((tag * self.entries.len() as u64) >> TAG_BITS) as usize
    }

    fn insert(&mut self, entry: u64) {
        if self.used * 4 >= self.entries.len() * 3 {
            self.grow();
        }
        let place = self.probe(tag(entry), |_| false).expect("a quarter of the places is empty");
        self.entries[place] = entry;
        self.used += 1;
    }

    fn grow(&mut self) {
        self.grow_to((self.entries.len() + self.entries.len() / 2).max(4));
    }

    /// Moves to a larger table; the tag alone says where an entry belongs, so no row is touched.
    fn grow_to(&mut self, capacity: usize) {
        if capacity <= self.entries.len() {
            return;
        }
        let old = core::mem::replace(&mut self.entries, alloc::vec![0; capacity]);
        self.used = 0;
        for entry in old.into_iter().filter(|&entry| entry != 0) {
            self.insert(entry);
        }
    }
}
