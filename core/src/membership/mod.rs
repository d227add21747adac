//! Who exists?
//!
//! One row per member, this node included (row 0), merged by one law ([`merge`]), found by identity through
//! an index whose buckets are the prefixes of the hashed identity ([`index`]), and summed up in one
//! fingerprint that two nodes compare to know whether they agree ([`sums`]).
//!
//! A member that died or left is remembered until its record has reached an age, the same on every node;
//! then it is forgotten, and what says the same at that age is refused. Its address may go into the [`book`].
//!
//! Invariant: the fingerprint is the wrapping sum of the stable hashes of all *live* members, in total and per
//! bucket, after every call. A suspicion is not part of it: it is one node's doubt, not a fact. Nor is who
//! has gone: nodes that forget at different instants must not seem to differ.
//!
//! This room does not know why anything is said, what a silence means, or that there is a network. It
//! also holds the two small machines that decide when to ask for more: [`joining`] and [`repair`].

pub(crate) mod book;
mod choice;
pub(crate) mod cookie;
mod domains;
mod forgetting;
mod index;
pub(crate) mod joining;
pub(crate) mod merge;
#[cfg(test)]
pub(crate) mod merge_law;
mod reasons;
pub(crate) mod repair;
pub(crate) mod rival;
mod roster;
mod subnets;
mod sums;
pub(crate) mod takeovers;
#[cfg(test)]
mod tests;

use core::net::SocketAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::{Agenda, BUCKETS, Domain, Health, Instant, NodeId, Record, Slot, Sums};
pub(crate) use choice::CHOICE_MAX;
pub(crate) use index::MEMBERS_MAX;
use index::{HELD_MAX, Index, State, Wanted};
use merge::Statement;
use roster::{Roster, Row};
pub(crate) use sums::Below;

/// A boot number is refused when it lies further ahead than this: one day, in milliseconds.
const BOOT_AHEAD_MS_MAX: u64 = 86_400_000;

/// No node begins with a larger boot, and nobody makes others believe one: above it is room for raising it a million times.
pub(crate) const BOOT_MAX: u64 = 1 << 62;

/// A counter is refused when it lies further ahead than this.
const COUNTER_AHEAD_MAX: u32 = 1 << 20;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nobody knew the member; now it has this row.
    New(Slot),
    /// The row says something new; this is what it said before, and where the member listened.
    Changed { slot: Slot, was: Health, at: SocketAddr },
    /// The row says this already, or knows better.
    Old,
    /// The record claims what cannot be.
    Refused(Refusal),
}

/// What would become of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    New,
    Changes {
        slot: Slot,
        was: Health,
        at: SocketAddr,
    },
    /// The row says just this.
    Same(Slot),
    /// The row knows better.
    Old,
    Refused(Refusal),
}

/// Why a record was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its boot lies more than a day ahead of every clock that this node has reason to believe.
    Boot,
    /// Its counter lies further ahead than an owner can have come.
    Counter,
    /// It says that somebody has gone, and that so long ago that everybody forgets it.
    Age,
    /// There is no room for another member.
    Full,
}

/// What bounds the memory of a membership.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// The most members that are remembered, those that have gone included.
    pub(crate) members_max: u32,
    /// For how long a member that has gone is remembered.
    pub(crate) tombstone_life: Duration,
    pub(crate) hash_seed: u64,
}

/// The members and what is believed of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Membership {
    roster: Roster,
    index: Index,
    sums: Sums,
    live: u32,
    limits: Limits,
    /// When each member that has gone is forgotten.
    tombstones: Agenda<()>,
    subnets: Option<alloc::boxed::Box<subnets::Subnets>>,
    /// The highest boot that this node has reason to believe, and when it was believed: wall clocks go on.
    boot_believed: (u64, Instant),
}

impl Membership {
    /// A membership of one: the node itself.
    pub(crate) fn new(own: &Record, limits: Limits, now: Instant) -> Self {
        let mut membership = Self {
            roster: Roster::new(limits.hash_seed),
            index: Index::new(),
            sums: Sums::new(),
            live: 0,
            limits,
            tombstones: Agenda::new(limits.hash_seed),
            subnets: None,
            boot_believed: (own.incarnation.boot, now),
        };
        let slot = membership.insert(own, now);
        assert_eq!(slot, Slot::SELF, "the node itself has the first row");
        membership
    }

    /// Makes room for so many members at once.
    pub(crate) fn reserve(&mut self, members: usize) {
        self.index.reserve(members);
    }

    /// Merges what somebody says about a member.
    pub(crate) fn apply(&mut self, record: &Record, now: Instant) -> Change {
        match self.judge(record, now) {
            Verdict::New => {
                if self.is_full() {
                    self.forget_first(now);
                }
                Change::New(self.insert(record, now))
            }
            Verdict::Changes { slot, was, at } => {
                self.overwrite(slot, record, now);
                Change::Changed { slot, was, at }
            }
            Verdict::Same(slot) => {
                let end = self.forgotten_at(record, now);
                if self.tombstones.get(slot).is_some_and(|known| known < end) {
                    self.tombstones.set(slot, end, ());
                }
                Change::Old
            }
            Verdict::Old => Change::Old,
            Verdict::Refused(why) => Change::Refused(why),
        }
    }

    /// Makes a row say this, whatever it said before: for the node's own row, of which it is the judge.
    pub(crate) fn overwrite(&mut self, slot: Slot, record: &Record, now: Instant) {
        let (before, was_live) = (self.roster.state_hash(slot), self.health(slot).is_live());
        self.roster.set(slot, record);
        self.follow_subnet(slot);
        let (state, id_hash, is_live) = (self.state(slot), roster::id_hash(record.id), record.health.is_live());
        self.live = self.live - u32::from(was_live) + u32::from(is_live);
        self.index.update(id_hash, slot, state);
        let counted = |live: bool, hash: u64| if live { hash } else { 0 };
        self.sums.add(id_hash, counted(is_live, state.hash).wrapping_sub(counted(was_live, before)));
        // Whoever has left itself remembers that for as long as it runs.
        if is_live || slot == Slot::SELF {
            self.tombstones.remove(slot);
        } else {
            self.tombstones.set(slot, self.forgotten_at(record, now), ());
        }
    }

    /// Whether a row says just this already, told from the index alone: in a storm most of what is heard is
    /// known, and no row need be touched for it. Another statement about the same member looks alike once in
    /// 2^32; then it is missed, as if its packet were lost. A contradiction of an open suspicion never is.
    pub(crate) fn holds(&self, record: &Record) -> bool {
        let Wanted { id_hash, state } = wanted(record);
        self.index.holds(id_hash, state)
    }

    /// [`Membership::holds`] of the first [`HELD_MAX`] of some records, a bit each, at little more than the price
    /// of one. Returns how many records that is, too.
    pub(crate) fn holds_each(&self, records: impl Iterator<Item = Record>) -> (u32, usize) {
        let mut several = [Wanted::NONE; HELD_MAX];
        let mut count = 0;
        for (place, record) in several.iter_mut().zip(records) {
            *place = wanted(&record);
            count += 1;
        }
        (self.index.holds_each(&several[..count]), count)
    }

    /// What would become of a record.
    pub(crate) fn judge(&self, record: &Record, now: Instant) -> Verdict {
        if !self.is_plausible(record.incarnation.boot, now) {
            return Verdict::Refused(Refusal::Boot);
        }
        // Also of a suspect, which a repair makes of somebody dead: whoever lives has no age.
        if Duration::from_millis(record.age_ms.into()) >= self.limits.tombstone_life {
            return Verdict::Refused(Refusal::Age);
        }
        let gone = !record.health.is_live();
        let Some(slot) = self.find(record.id) else {
            // Whoever lives takes the place of whoever is forgotten next.
            let no_room = self.is_full() && (gone || self.tombstones.is_empty());
            return if no_room { Verdict::Refused(Refusal::Full) } else { Verdict::New };
        };
        let row = self.roster.get(slot);
        let known = Statement { incarnation: row.incarnation(), health: row.health() };
        let heard = Statement { incarnation: record.incarnation, health: record.health };
        // Nobody but the owner raises the counter, and it does so by one; half the distance for accusations
        // leaves room for the contradiction.
        let ahead = if heard.health == Health::Alive { COUNTER_AHEAD_MAX } else { COUNTER_AHEAD_MAX / 2 };
        let same_life = heard.incarnation.boot == known.incarnation.boot;
        if same_life && heard.incarnation.counter > known.incarnation.counter.saturating_add(ahead) {
            return Verdict::Refused(Refusal::Counter);
        }
        let addr_known = self.roster.addr(slot);
        if merge::wins((heard, record.addr), (known, addr_known)) {
            Verdict::Changes { slot, was: known.health, at: addr_known }
        } else if (heard, record.addr) == (known, addr_known) {
            Verdict::Same(slot)
        } else {
            Verdict::Old
        }
    }

    /// Whether a newcomer takes somebody's place, if it gets one at all.
    pub(crate) fn is_full(&self) -> bool {
        self.members() >= self.limits.members_max
    }

    fn insert(&mut self, record: &Record, now: Instant) -> Slot {
        let slot = self.roster.insert(record);
        self.follow_subnet(slot);
        let (state, id_hash) = (self.state(slot), roster::id_hash(record.id));
        self.index.insert(id_hash, slot, state);
        if record.health.is_live() {
            self.live += 1;
            self.sums.add(id_hash, state.hash);
        } else {
            self.tombstones.set(slot, self.forgotten_at(record, now), ());
        }
        slot
    }

    fn state(&self, slot: Slot) -> State {
        State { hash: self.roster.state_hash(slot), health: self.health(slot) }
    }

    /// Believes boot numbers up to a day beyond this one, because its owner answered in person.
    pub(crate) fn believe_boot(&mut self, boot: u64, now: Instant) {
        if boot > self.boot_now(now) {
            self.boot_believed = (boot.min(BOOT_MAX), now);
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

    /// The row of a hashed identity.
    pub(crate) fn find_hash(&self, id_hash: u64) -> Option<Slot> {
        self.index.find(id_hash, |slot| self.roster.get(slot).id_hash() == id_hash)
    }

    /// The hashed identity of the member in this row.
    pub(crate) fn id_hash(&self, slot: Slot) -> u64 {
        self.roster.get(slot).id_hash()
    }

    /// Whether a number can be the boot of somebody, as far as this node can tell.
    pub(crate) fn is_plausible(&self, boot: u64, now: Instant) -> bool {
        boot <= self.boot_now(now).saturating_add(BOOT_AHEAD_MS_MAX)
    }

    /// What the row says, as it would be told on; whoever has gone, has gone just now.
    pub(crate) fn record(&self, slot: Slot) -> Record {
        let row = self.roster.get(slot);
        Record {
            id: row.id(),
            incarnation: row.incarnation(),
            health: row.health(),
            hops: row.hops(),
            age_ms: 0,
            addr: self.roster.addr(slot),
            domain: self.roster.domain(slot),
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

    /// What the member in this row shares its fate with.
    pub(crate) fn domain(&self, slot: Slot) -> Domain {
        self.roster.domain(slot)
    }

    /// Which telling of the row is the current one; see [`Membership::tell_anew`].
    pub(crate) fn telling(&self, slot: Slot) -> u16 {
        self.roster.get(slot).telling()
    }

    /// Numbers a new telling of the row, which makes every earlier one worthless.
    pub(crate) fn tell_anew(&mut self, slot: Slot) -> u16 {
        self.roster.tell_anew(slot)
    }

    /// The fingerprint: equal on two nodes exactly when they know the same live members (up to 2^-64).
    pub(crate) const fn fingerprint(&self) -> u64 {
        self.sums.total()
    }

    /// How many rows there are, vacant ones included.
    pub(crate) fn rows(&self) -> u32 {
        self.roster.len()
    }

    /// How many members are known, those that have gone included.
    pub(crate) fn members(&self) -> u32 {
        self.roster.members()
    }

    /// How many members are alive or suspected, this node included.
    pub(crate) const fn live(&self) -> u32 {
        self.live
    }

    /// The row of every member, in no meaning order: for views and checks, never on a hot path.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        (0..self.rows()).map(Slot).filter(|&slot| !self.roster.get(slot).is_vacant())
    }

    /// Asserts that every sum, count and index entry is what the rows say. Costs a walk over all rows.
    pub(crate) fn check(&self) {
        let (mut sum, mut live, mut members) = (0_u64, 0, 0);
        for slot in self.slots() {
            let row: &Row = self.roster.get(slot);
            members += 1;
            if row.health().is_live() {
                sum = sum.wrapping_add(self.roster.state_hash(slot));
                live += 1;
            }
            assert_eq!(self.find(row.id()), Some(slot), "a row is found under its identity");
            assert!(self.holds(&self.record(slot)), "the index knows the state of the row");
            let gone = !row.health().is_live() && slot != Slot::SELF;
            assert_eq!(self.tombstones.get(slot).is_some(), gone, "who has gone has a tombstone");
        }
        let indexed: usize = (0..BUCKETS).map(|bucket| self.index.bucket_len(bucket)).sum();
        assert_eq!(indexed, members as usize, "the index holds the members and nobody else");
        assert_eq!(
            (sum, live, members),
            (self.fingerprint(), self.live, self.members()),
            "sum and counts are the rows'"
        );
        self.roster.check();
        self.check_subnets();
        self.sums.check();
        self.tombstones.check();
    }
}

/// What the index is asked for a record.
fn wanted(record: &Record) -> Wanted {
    let hash = roster::state_hash(record.id, record.incarnation, record.health, record.addr);
    Wanted { id_hash: roster::id_hash(record.id), state: State { hash, health: record.health } }
}
