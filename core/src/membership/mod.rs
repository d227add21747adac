//! Who exists?
//!
//! One row per member that was ever heard of, this node included (row 0), merged by one law
//! ([`merge`]), found by identity through an index whose buckets are the prefixes of the hashed identity
//! ([`index`]), and summed up in one fingerprint that two nodes compare to know whether they agree.
//!
//! Invariant: the fingerprint is the wrapping sum of the rows' stable hashes, in total and per bucket,
//! after every call. A suspicion is not part of it: it is one node's doubt, not a fact.
//!
//! This room does not know why anything is said, what a silence means, or that there is a network. It
//! also holds the two small machines that decide when to ask for more: [`joining`] and [`repair`].

pub(crate) mod cookie;
mod index;
pub(crate) mod joining;
pub(crate) mod merge;
#[cfg(test)]
pub(crate) mod merge_law;
pub(crate) mod repair;
mod roster;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use core::array::IntoIter;
use core::iter::Take;
use core::net::SocketAddr;

use crate::vocab::{Health, Instant, NodeId, Prefix, Record, Rng, Slot};
pub(crate) use index::MEMBERS_MAX;
use index::{BUCKETS, Index};
use merge::Statement;
use roster::{Roster, Row};

/// A boot number is refused when it lies further ahead than this: one day, in milliseconds.
const BOOT_AHEAD_MS_MAX: u64 = 86_400_000;

/// A counter is refused when it lies further ahead than this.
const COUNTER_AHEAD_MAX: u32 = 1 << 20;

/// The most members that one choice gives.
pub(crate) const CHOICE_MAX: u32 = 16;
const CHOICES: usize = CHOICE_MAX as usize;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nobody knew the member; now it has this row.
    New(Slot),
    /// The row says something new; this is what it said before.
    Changed { slot: Slot, was: Health },
    /// The row says this already, or knows better.
    Old,
    /// The record claims what cannot be.
    Refused(Refusal),
}

/// Why a record was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its boot lies more than a day ahead of every clock that this node has reason to believe.
    Boot,
    /// Its counter lies further ahead than an owner can have come.
    Counter,
    /// There is no room for another member.
    Full,
}

/// The members and what is believed of them.
#[derive(Debug, Clone)]
pub(crate) struct Membership {
    roster: Roster,
    index: Index,
    sum: u64,
    bucket_sums: Box<[u64; BUCKETS]>,
    live: u32,
    members_max: u32,
    /// The highest boot that this node has reason to believe, and when it was believed: wall clocks go on.
    boot_believed: (u64, Instant),
}

impl Membership {
    /// A membership of one: the node itself.
    pub(crate) fn new(own: &Record, members_max: u32, now: Instant) -> Self {
        let mut membership = Self {
            roster: Roster::new(),
            index: Index::new(),
            sum: 0,
            bucket_sums: Box::new([0; BUCKETS]),
            live: 0,
            members_max,
            boot_believed: (own.incarnation.boot, now),
        };
        let slot = membership.insert(own);
        assert_eq!(slot, Slot::SELF, "the node itself has the first row");
        membership
    }

    /// Makes room for so many members at once.
    pub(crate) fn reserve(&mut self, members: usize) {
        self.index.reserve(members);
    }

    /// Merges what somebody says about a member.
    pub(crate) fn apply(&mut self, record: &Record, now: Instant) -> Change {
        let change = self.judge(record, now);
        match change {
            Change::New(_) => {
                self.insert(record);
            }
            Change::Changed { slot, .. } => self.overwrite(slot, record),
            Change::Old | Change::Refused(_) => {}
        }
        change
    }

    /// Makes a row say this, whatever it said before: for the node's own row, of which it is the judge.
    pub(crate) fn overwrite(&mut self, slot: Slot, record: &Record) {
        self.write(slot, |roster| roster.set(slot, record));
    }

    /// Whether a row says just this already, told from the index alone: in a storm most of what is heard is
    /// known, and no row need be touched for it. Another statement about the same member looks alike once in
    /// 2^32; then it is missed, as if its packet were lost. A contradiction of an open suspicion never is.
    pub(crate) fn holds(&self, record: &Record) -> bool {
        let state = roster::state_hash(record.id, record.incarnation, record.health, record.addr);
        self.index.holds(roster::id_hash(record.id), state, record.health == Health::Suspect)
    }

    /// What would become of a record.
    pub(crate) fn judge(&self, record: &Record, now: Instant) -> Change {
        if record.incarnation.boot > self.boot_now(now).saturating_add(BOOT_AHEAD_MS_MAX) {
            return Change::Refused(Refusal::Boot);
        }
        let Some(slot) = self.find(record.id) else {
            let full = self.len() >= self.members_max;
            return if full { Change::Refused(Refusal::Full) } else { Change::New(Slot(self.len())) };
        };
        let row = self.roster.get(slot);
        let known = Statement { incarnation: row.incarnation(), health: row.health() };
        let heard = Statement { incarnation: record.incarnation, health: record.health };
        // Nobody but the owner raises the counter, and it does so by one; half the distance for accusations
        // leaves room for the contradiction.
        let ahead = if heard.health == Health::Alive { COUNTER_AHEAD_MAX } else { COUNTER_AHEAD_MAX / 2 };
        let same_life = heard.incarnation.boot == known.incarnation.boot;
        if same_life && heard.incarnation.counter > known.incarnation.counter.saturating_add(ahead) {
            return Change::Refused(Refusal::Counter);
        }
        let addr_known = self.roster.addr(slot);
        if !merge::wins((heard, record.addr), (known, addr_known)) {
            return Change::Old;
        }
        Change::Changed { slot, was: known.health }
    }

    fn insert(&mut self, record: &Record) -> Slot {
        let slot = self.roster.push(record);
        let row = self.roster.get(slot);
        let (state, id_hash) = (self.roster.state_hash(slot), row.id_hash());
        self.live += u32::from(row.health().is_live());
        self.index.insert(id_hash, slot, state, record.health == Health::Suspect);
        self.add(id_hash, state);
        slot
    }

    /// Changes a row and keeps sums, index and counts true.
    fn write(&mut self, slot: Slot, change: impl FnOnce(&mut Roster)) {
        let (before, health_before) = (self.roster.state_hash(slot), self.roster.get(slot).health());
        change(&mut self.roster);
        let (after, row) = (self.roster.state_hash(slot), self.roster.get(slot));
        let (id_hash, health) = (row.id_hash(), row.health());
        self.live = self.live - u32::from(health_before.is_live()) + u32::from(health.is_live());
        self.index.update(id_hash, slot, after, health == Health::Suspect);
        self.add(id_hash, after.wrapping_sub(before));
    }

    fn add(&mut self, id_hash: u64, amount: u64) {
        self.sum = self.sum.wrapping_add(amount);
        let bucket = &mut self.bucket_sums[index::bucket_of(id_hash)];
        *bucket = bucket.wrapping_add(amount);
    }

    /// Believes boot numbers up to a day beyond this one, because its owner answered in person.
    pub(crate) fn believe_boot(&mut self, boot: u64, now: Instant) {
        if boot > self.boot_now(now) {
            self.boot_believed = (boot, now);
        }
    }

    /// The boot that a node would have that started now, as far as this one can tell.
    fn boot_now(&self, now: Instant) -> u64 {
        let (boot, at) = self.boot_believed;
        boot.saturating_add(u64::try_from(now.since(at).as_millis()).unwrap_or(u64::MAX))
    }

    /// The row of an identity.
    pub(crate) fn find(&self, id: NodeId) -> Option<Slot> {
        self.index.find(roster::id_hash(id), |slot| self.roster.get(slot).id() == id)
    }

    /// What the row says, as it would be told on.
    pub(crate) fn record(&self, slot: Slot) -> Record {
        let row = self.roster.get(slot);
        Record {
            id: row.id(),
            incarnation: row.incarnation(),
            health: row.health(),
            hops: row.hops(),
            addr: self.roster.addr(slot),
        }
    }

    /// What is believed of the member in this row.
    pub(crate) fn health(&self, slot: Slot) -> Health {
        self.roster.get(slot).health()
    }

    /// Where the member in this row listens.
    pub(crate) fn addr(&self, slot: Slot) -> SocketAddr {
        self.roster.addr(slot)
    }

    /// Which telling of the row is the current one; see [`Membership::tell_anew`].
    pub(crate) fn telling(&self, slot: Slot) -> u16 {
        self.roster.get(slot).telling()
    }

    /// Numbers a new telling of the row, which makes every earlier one worthless.
    pub(crate) fn tell_anew(&mut self, slot: Slot) -> u16 {
        self.roster.tell_anew(slot)
    }

    /// The fingerprint: equal on two nodes exactly when their rosters are (up to 2^-64).
    pub(crate) const fn fingerprint(&self) -> u64 {
        self.sum
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> u32 {
        self.roster.len()
    }

    /// How many members are alive or suspected, this node included.
    pub(crate) const fn live(&self) -> u32 {
        self.live
    }

    /// A random other member that `wanted` accepts; gives up after a few tries, so that no call walks the roster.
    pub(crate) fn choose(&self, rng: &mut Rng, wanted: impl Fn(Slot, Health) -> bool) -> Option<Slot> {
        const TRIES: u32 = 12;
        (0..TRIES).find_map(|_| {
            let slot = Slot(rng.below(self.len()));
            (slot != Slot::SELF && wanted(slot, self.health(slot))).then_some(slot)
        })
    }

    /// Up to `count` different random other members that `wanted` accepts, at most [`CHOICE_MAX`].
    pub(crate) fn choose_several(
        &self,
        count: u32,
        rng: &mut Rng,
        wanted: impl Fn(Slot, Health) -> bool,
    ) -> Take<IntoIter<Slot, CHOICES>> {
        let mut chosen = [Slot::SELF; CHOICES];
        let mut len = 0;
        while len < (count as usize).min(CHOICES) {
            let earlier = &chosen[..len];
            let Some(slot) = self.choose(rng, |slot, health| !earlier.contains(&slot) && wanted(slot, health)) else {
                break;
            };
            chosen[len] = slot;
            len += 1;
        }
        chosen.into_iter().take(len)
    }

    /// Every row, in no meaning order: for views and checks, never on a hot path.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        (0..self.len()).map(Slot)
    }

    /// The sum of all rows below one of `2^level` prefixes.
    pub(crate) fn sum_below(&self, level: u8, index: usize) -> u64 {
        let width = BUCKETS >> level;
        self.bucket_sums[index * width..(index + 1) * width].iter().fold(0, |sum, &bucket| sum.wrapping_add(bucket))
    }

    /// Rows below a prefix, each with its short state hash under a salt.
    pub(crate) fn below(&self, prefix: Prefix, salt: u32) -> impl Iterator<Item = (Slot, u32)> + '_ {
        self.index.below(prefix).map(move |(slot, state)| (slot, index::salted(state, salt)))
    }

    /// Asserts that every sum, count and index entry is what the rows say. Costs a walk over all rows.
    pub(crate) fn check(&self) {
        let (mut sum, mut live) = (0_u64, 0);
        for slot in self.slots() {
            let row: &Row = self.roster.get(slot);
            sum = sum.wrapping_add(self.roster.state_hash(slot));
            live += u32::from(row.health().is_live());
            assert_eq!(self.find(row.id()), Some(slot), "a row is found under its identity");
            assert!(self.holds(&self.record(slot)), "the index knows the state of the row");
        }
        assert_eq!(sum, self.sum, "the fingerprint is the sum of the rows");
        assert_eq!(live, self.live, "the count of live members is right");
        assert_eq!(sum, self.sum_below(0, 0), "the buckets add up to the fingerprint");
    }
}
