//! Which infos does a group list?
//!
//! A group is a view: an order of the infos here whose keys match, of which it lists the first so many. What it does
//! not list stays, as any info does; so when a listed one worsens or ends, the next one is there, and a group that is
//! registered late lists what came early.
//!
//! Values of two kinds have no order. A group is of the kind that most of its infos have (of the first kind in the
//! order of kinds, if two have as many), and lists no others; an own info of another kind is refused.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use super::store::{Row, Store};
use crate::config::Compat2014;
use crate::vocab::{GroupDef, GroupOrder, InfoKind, KeyPattern, KeyRule, Sorted};

/// What became of the definition of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registered {
    /// The group is new.
    New,
    /// It is registered as it is.
    Known,
    /// It was learned from peers as another one, and is now this.
    Changed,
    /// It was learned from peers as a larger one, which stays.
    Smaller,
}

/// Why a group is not registered, or not as somebody would have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupRefusal {
    /// It would list nothing, or too much.
    Limit,
    /// Its pattern is too long.
    Pattern,
    /// This node has registered it as another one, which stays.
    Conflict,
    /// It is registered; see [`Compat2014::groups_once`].
    Again,
    /// There are as many groups as there may be.
    Full,
}

/// Who defined a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum By {
    /// This node: nobody else changes it.
    Us,
    /// Peers: of two definitions the larger one holds, so that all who only heard of it agree.
    Peers,
}

/// The infos of one kind, best first.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Ranks {
    places: Sorted,
    len: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Group {
    rule: KeyRule,
    text: Box<[u8]>,
    limit: u32,
    order: GroupOrder,
    by: By,
    by_kind: [Ranks; InfoKind::ALL.len()],
}

impl Group {
    fn new(def: GroupDef<'_>, by: By) -> Self {
        let by_kind = [const { Ranks { places: Sorted::new(), len: 0 } }; InfoKind::ALL.len()];
        let KeyPattern { rule, text } = def.pattern;
        Self { rule, text: text.into(), limit: def.limit, order: def.order, by, by_kind }
    }

    const fn pattern(&self) -> KeyPattern<'_> {
        KeyPattern { rule: self.rule, text: &self.text }
    }

    const fn def(&self) -> GroupDef<'_> {
        GroupDef { pattern: self.pattern(), limit: self.limit, order: self.order }
    }

    fn ranks(&self, kind: InfoKind) -> &Ranks {
        &self.by_kind[kind as usize]
    }

    /// The kind that most of its infos have, leaving out one of some kind; `None` if there are no others.
    fn kind(&self, without: Option<InfoKind>) -> Option<InfoKind> {
        let count = |kind| self.ranks(kind).len - u32::from(without == Some(kind));
        // Of several that are largest the last one is taken.
        let most = InfoKind::ALL.into_iter().rev().max_by_key(|&kind| count(kind))?;
        Some(most).filter(|&kind| count(kind) > 0)
    }

    fn link(&mut self, store: &Store, place: u32, compat: Compat2014) {
        let (order, row) = (self.order, store.row(place));
        let Some(kind) = row.kind.filter(|_| self.pattern().matches(row.key())) else { return };
        let ranks = &mut self.by_kind[kind as usize];
        ranks.places.insert(place, |other| rank(store.row(other), row, order, compat));
        ranks.len += 1;
    }

    fn unlink(&mut self, store: &Store, place: u32, compat: Compat2014) {
        let (order, row) = (self.order, store.row(place));
        let Some(kind) = row.kind.filter(|_| self.pattern().matches(row.key())) else { return };
        let ranks = &mut self.by_kind[kind as usize];
        ranks.places.remove(|other| rank(store.row(other), row, order, compat));
        ranks.len -= 1;
    }

    /// Orders everything anew that is here.
    fn fill(&mut self, store: &Store, compat: Compat2014) {
        self.by_kind = [const { Ranks { places: Sorted::new(), len: 0 } }; InfoKind::ALL.len()];
        let text = self.text.clone();
        store.below(&text).for_each(|place| self.link(store, place, compat));
    }
}

/// Of two infos of one kind, the better one first.
fn rank(a: &Row, b: &Row, order: GroupOrder, compat: Compat2014) -> Ordering {
    let (values, arrivals) = (a.ordered().cmp(b.ordered()), a.seq.cmp(&b.seq));
    let (values, arrivals) = match order {
        GroupOrder::Min => (values, arrivals),
        GroupOrder::Max => (values.reverse(), arrivals.reverse()),
    };
    let ties = if compat.ties_by_arrival { arrivals } else { a.key().cmp(b.key()) };
    values.then(ties)
}

/// All groups.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Groups {
    /// By pattern.
    list: Vec<Group>,
    compat: Compat2014,
}

impl Groups {
    pub(super) const fn new(compat: Compat2014) -> Self {
        Self { list: Vec::new(), compat }
    }

    /// Registers a group, or takes in what a peer says of one.
    pub(super) fn register(
        &mut self,
        def: GroupDef<'_>,
        by: By,
        limits: &Limits,
        store: &Store,
    ) -> Result<Registered, GroupRefusal> {
        if def.limit == 0 || def.limit > limits.group_limit_max {
            return Err(GroupRefusal::Limit);
        }
        if def.pattern.text.len() > usize::from(limits.key_bytes_max) {
            return Err(GroupRefusal::Pattern);
        }
        let compat = self.compat;
        let place = match self.list.binary_search_by(|group| group.pattern().cmp(&def.pattern)) {
            Ok(place) => place,
            Err(_) if self.list.len() >= limits.groups_max => return Err(GroupRefusal::Full),
            // Half of the places are kept for those that this node registers.
            Err(_) if by == By::Peers && self.learned() >= limits.groups_max / 2 => return Err(GroupRefusal::Full),
            Err(place) => {
                self.list.insert(place, Group::new(def, by));
                self.list[place].fill(store, compat);
                return Ok(Registered::New);
            }
        };
        let group = &mut self.list[place];
        if by == By::Us && group.by == By::Us && compat.groups_once {
            return Err(GroupRefusal::Again);
        }
        let differs = group.def() != def;
        if differs && group.by == By::Us {
            return Err(GroupRefusal::Conflict);
        }
        if differs && by == By::Peers && (def.limit, def.order) < (group.limit, group.order) {
            return Ok(Registered::Smaller);
        }
        if by == By::Us {
            group.by = By::Us;
        }
        if !differs {
            return Ok(Registered::Known);
        }
        let turns = group.order != def.order;
        (group.limit, group.order) = (def.limit, def.order);
        if turns {
            group.fill(store, compat);
        }
        Ok(Registered::Changed)
    }

    /// How many groups this node has only heard of.
    fn learned(&self) -> usize {
        self.list.iter().filter(|group| group.by == By::Peers).count()
    }

    /// All definitions, by pattern.
    pub(super) fn iter(&self) -> impl Iterator<Item = GroupDef<'_>> {
        self.list.iter().map(Group::def)
    }

    pub(super) fn texts(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.list.iter_mut().map(|group| &mut *group.text)
    }

    /// The infos of a group, best first, beyond its limit too, which is returned with them. `None` if there is no such
    /// group.
    pub(super) fn ranked(&self, pattern: KeyPattern<'_>) -> Option<(u32, impl Iterator<Item = u32> + '_)> {
        let place = self.list.binary_search_by(|group| group.pattern().cmp(&pattern)).ok()?;
        let group = &self.list[place];
        let ranks = group.kind(None).map(|kind| group.ranks(kind));
        Some((group.limit, ranks.into_iter().flat_map(|ranks| ranks.places.iter())))
    }

    /// Whether a key's new value would be of another kind than the other infos of some group; `known` is its row.
    pub(super) fn refuse(&self, key: &[u8], kind: InfoKind, known: Option<&Row>) -> bool {
        let known = known.and_then(|row| row.kind);
        let groups = self.list.iter().filter(|group| group.pattern().matches(key));
        groups.filter_map(|group| group.kind(known)).any(|other| other != kind)
    }

    /// Enters a row into all groups that its key matches.
    pub(super) fn link(&mut self, store: &Store, place: u32) {
        self.list.iter_mut().for_each(|group| group.link(store, place, self.compat));
    }

    /// Takes a row out of all groups, before it changes.
    pub(super) fn unlink(&mut self, store: &Store, place: u32) {
        self.list.iter_mut().for_each(|group| group.unlink(store, place, self.compat));
    }

    /// Asserts that each group has what matches, in its order.
    pub(super) fn check(&self, store: &Store) {
        assert!(self.list.is_sorted_by(|a, b| a.pattern() < b.pattern()), "one group per pattern");
        for group in &self.list {
            let mut anew = group.clone();
            anew.fill(store, self.compat);
            for (ranks, anew) in group.by_kind.iter().zip(&anew.by_kind) {
                assert!(ranks.places.iter().eq(anew.places.iter()), "a group has what matches, in its order");
                assert_eq!(ranks.len as usize, ranks.places.iter().count());
            }
        }
    }
}
