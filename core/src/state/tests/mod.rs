//! What does a map promise? Tried out on rooms of several nodes that hand each other spans without a wire.

mod endings;
mod refusals;
mod resets;
mod runs;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use super::entries::Kind;
use super::map::Map;
use super::{Applied, Change, Limits, Refusal, State};
use crate::vocab::TTL_MAX;
use crate::vocab::{Content, GRAIN_BYTES, Head, Instant, Item, Slot, Span, mix};

const GRACE: Duration = Duration::from_secs(8);
const LIMITS: Limits = Limits { map_bytes_max: 1 << 20, grace: GRACE };
const EVERYTHING: usize = usize::MAX;

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// An item on its way.
#[derive(Debug, Clone)]
struct Told {
    key: Vec<u8>,
    version: u64,
    said: Said,
}

#[derive(Debug, Clone)]
enum Said {
    Value(Vec<u8>, Option<u32>),
    Part(u32, Vec<u8>),
    Rest(u32, Vec<u8>, Option<u32>),
    Gone,
}

impl Told {
    fn of(item: &Item<'_>) -> Self {
        let said = match item.content {
            Content::Value { bytes, left_ms } => Said::Value(bytes.to_vec(), left_ms),
            Content::Part { offset, bytes } => Said::Part(offset, bytes.to_vec()),
            Content::Rest { offset, bytes, left_ms } => Said::Rest(offset, bytes.to_vec(), left_ms),
            Content::Gone => Said::Gone,
        };
        Self { key: item.key.to_vec(), version: item.version, said }
    }

    fn item(&self) -> Item<'_> {
        let content = match &self.said {
            Said::Value(bytes, left_ms) => Content::Value { bytes, left_ms: *left_ms },
            Said::Part(offset, bytes) => Content::Part { offset: *offset, bytes },
            Said::Rest(offset, bytes, left_ms) => Content::Rest { offset: *offset, bytes, left_ms: *left_ms },
            Said::Gone => Content::Gone,
        };
        Item { key: &self.key, version: self.version, content }
    }
}

/// A span with its items on its way.
#[derive(Debug, Clone)]
struct Packed {
    owner: usize,
    span: Span,
    items: Vec<Told>,
}

/// What a watcher knows of a map from nothing but reported changes.
type Mirror = BTreeMap<Vec<u8>, Vec<u8>>;

fn note(mirror: &mut Mirror, change: Change<'_>) {
    match change.value {
        Some(value) => mirror.insert(change.key.to_vec(), value.to_vec()),
        None => mirror.remove(change.key),
    };
}

/// What the owner last said of a key.
#[derive(Debug, Clone)]
struct Last {
    version: u64,
    /// Nothing when it is deleted; else the value and when it ends.
    value: Option<(Vec<u8>, Instant)>,
}

#[derive(Debug)]
struct Node {
    room: State,
    /// By owner.
    mirrors: Vec<Mirror>,
}

/// Nodes that all own a map; the truth about each map lies beside them.
#[derive(Debug)]
struct Nodes {
    nodes: Vec<Node>,
    boots: Vec<u64>,
    truth: Vec<BTreeMap<Vec<u8>, Last>>,
    now: Instant,
    /// Too large to walk through after every step.
    is_large: bool,
}

impl Nodes {
    fn new(count: usize, limits: Limits) -> Self {
        let node = || Node { room: State::new(limits), mirrors: (0..count).map(|_| Mirror::new()).collect() };
        Self {
            nodes: (0..count).map(|_| node()).collect(),
            boots: alloc::vec![1; count],
            truth: (0..count).map(|_| BTreeMap::new()).collect(),
            now: Instant::from_nanos(1),
            is_large: false,
        }
    }

    /// Every node numbers owners in its own way, itself first.
    fn slot(&self, at: usize, owner: usize) -> Slot {
        let count = self.nodes.len();
        Slot(u32::try_from((owner + count - at) % count).expect("few nodes"))
    }

    fn room(&self, at: usize) -> &State {
        &self.nodes[at].room
    }

    fn head(&self, at: usize, owner: usize) -> Head {
        self.room(at).head(self.slot(at, owner))
    }

    fn put(&mut self, owner: usize, key: &[u8], value: &[u8], ttl: Option<Duration>) {
        let Node { room, mirrors } = &mut self.nodes[owner];
        let ids = (id_hash(owner), self.boots[owner]);
        let version = room
            .put(ids, (key, value), ttl, self.now, |change| note(&mut mirrors[owner], change))
            .expect("there is room for it");
        let until = ttl.map_or(Instant::NEVER, |ttl| self.now.after(ttl.min(TTL_MAX)));
        self.truth[owner].insert(key.to_vec(), Last { version, value: Some((value.to_vec(), until)) });
    }

    fn delete(&mut self, owner: usize, key: &[u8]) {
        let Node { room, mirrors } = &mut self.nodes[owner];
        let ids = (id_hash(owner), self.boots[owner]);
        let version = room.delete(ids, key, self.now, |change| note(&mut mirrors[owner], change));
        if let Some(version) = version {
            self.truth[owner].insert(key.to_vec(), Last { version, value: None });
        }
    }

    /// The owner starts again and has lost everything, its copies of others included.
    fn restart(&mut self, owner: usize) {
        let (limits, count) = (self.nodes[owner].room.limits, self.nodes.len());
        self.nodes[owner] = Node { room: State::new(limits), mirrors: (0..count).map(|_| Mirror::new()).collect() };
        self.boots[owner] += 1;
        self.truth[owner].clear();
    }

    /// The owner keeps its content and begins a new epoch.
    fn reopen(&mut self, owner: usize) {
        let epoch = self.head(owner, owner).epoch.max(self.boots[owner]);
        self.nodes[owner].room.reopen(id_hash(owner), epoch);
        self.boots[owner] = epoch + 1;
    }

    fn forget(&mut self, at: usize, owner: usize) {
        let slot = self.slot(at, owner);
        self.nodes[at].room.forget(slot);
        self.nodes[at].mirrors[owner].clear();
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now.after(time);
        for at in 0..self.nodes.len() {
            self.end_due(at);
            self.nodes[at].room.collect_due(self.now);
        }
    }

    fn end_due(&mut self, at: usize) {
        let count = self.nodes.len();
        let Node { room, mirrors } = &mut self.nodes[at];
        while room.end_due(self.now, |slot, change| note(&mut mirrors[(slot.index() + at) % count], change)) {}
    }

    /// What a holder gives a copy, cut after so many items, or parts of long ones.
    fn pack(&self, holder: usize, owner: usize, copy: Head, budget: usize) -> Option<Packed> {
        let (room, slot) = (self.room(holder), self.slot(holder, owner));
        let (head, from) = (room.head(slot), room.offered_from(slot, copy)?);
        let (mut items, mut left, mut to) = (Vec::new(), budget, head.version);
        for item in room.after(slot, from, self.now) {
            let steps = usize::try_from(item.version - item.start() + 1).expect("short");
            let fits = if steps <= left { Some(item) } else { item.cut(left.saturating_mul(GRAIN_BYTES)) };
            items.extend(fits.as_ref().map(Told::of));
            left = left.saturating_sub(steps);
            if fits != Some(item) {
                to = items.last().map_or(from, |last| last.version);
                break;
            }
        }
        Some(Packed { owner, span: Span { head, from, to }, items })
    }

    /// A node takes a span in, or not; either way its promises hold afterwards.
    fn take(&mut self, at: usize, packed: &Packed) -> Result<Applied, Refusal> {
        let Packed { owner, span, ref items } = *packed;
        let (slot, before, seen) = (self.slot(at, owner), self.head(at, owner), self.seen(at, owner));
        let Node { room, mirrors } = &mut self.nodes[at];
        let items = items.iter().map(Told::item);
        let applied =
            room.apply((slot, id_hash(owner)), span, items, self.now, |change| note(&mut mirrors[owner], change));
        self.end_due(at);
        let (after, seen_after) = (self.head(at, owner), self.seen(at, owner));
        // A new copy begins at version 0, but under a later watermark or epoch.
        let order = |head: Head| (head.epoch, head.watermark, head.version);
        assert!(order(after) >= order(before), "{before:?} goes back to {after:?}");
        assert!(seen_after >= seen, "readers go back from {seen:?} to {seen_after:?}");
        if applied != Ok(Applied::Taken) {
            assert_eq!(before, after, "{applied:?} changes nothing");
        }
        self.check(at, owner);
        applied
    }

    /// One node asks another, and both are quick. Returns whether that changed anything.
    fn exchange(&mut self, at: usize, holder: usize, owner: usize, budget: usize) -> bool {
        let Some(packed) = self.pack(holder, owner, self.head(at, owner), budget) else {
            let (slot, Head { epoch, watermark, .. }) = (self.slot(at, owner), self.head(holder, owner));
            let moved = self.nodes[at].room.follow_watermark(slot, epoch, watermark);
            if moved {
                self.check(at, owner);
            }
            return moved;
        };
        let applied = self.take(at, &packed);
        assert_eq!(applied, Ok(Applied::Taken), "what is offered is taken: {packed:?} by {:?}", self.head(at, owner));
        true
    }

    /// Epoch and version of what readers see.
    fn seen(&self, at: usize, owner: usize) -> (u64, u64) {
        let copy = self.room(at).owner(self.slot(at, owner));
        copy.map_or((0, 0), |copy| (copy.shown.epoch, copy.shown.version))
    }

    fn readable(&self, at: usize, owner: usize) -> Mirror {
        let items = self.room(at).below(self.slot(at, owner), &[], self.now);
        items.map(|item| (item.key.to_vec(), item.bytes().1.to_vec())).collect()
    }

    /// Asserts what one node promises of one map.
    fn check(&self, at: usize, owner: usize) {
        if self.is_large {
            return;
        }
        let (room, slot) = (self.room(at), self.slot(at, owner));
        room.check();
        let items = room.below(slot, &[], self.now).map(|item| match item.content {
            Content::Value { bytes, .. } => (item.key, bytes),
            Content::Part { .. } | Content::Rest { .. } | Content::Gone => unreachable!("readers see whole values"),
        });
        let mirror = &self.nodes[at].mirrors[owner];
        assert!(items.eq(mirror.iter().map(|(key, value)| (&key[..], &value[..]))), "changes add up to the map");
        let Some(copy) = room.owner(slot) else { return };
        for map in core::iter::once(&copy.shown).chain(copy.staged.as_ref().map(|staged| &staged.map)) {
            if map.epoch == self.head(owner, owner).epoch && !map.is_unfinished() {
                self.check_map(room, map, owner);
            }
        }
    }

    /// What the owner last said of a key is what a copy says that has come so far.
    fn check_map(&self, room: &State, map: &Map, owner: usize) {
        for (key, last) in self.truth[owner].iter().filter(|(_, last)| last.version <= map.version) {
            let entry = map.find(&room.entries, key).map(|place| room.entries.get(place));
            let is = entry.filter(|entry| entry.kind != Kind::Gone).map(|entry| (entry.value(), entry.until));
            match &last.value {
                None => {
                    assert_eq!(is, None, "a deleted key is back in {map:?}");
                    assert_eq!(entry.is_some(), last.version > map.watermark, "a tombstone lies above the watermark");
                }
                Some((value, until)) if *until > self.now => {
                    let (is, is_until) = is.expect("a living key is there");
                    assert_eq!(is, value);
                    assert!(is_until >= *until, "nothing ends before its time");
                }
                Some((value, _)) => assert!(is.is_none_or(|(is, _)| is == value)),
            }
        }
    }
}

fn id_hash(owner: usize) -> u64 {
    mix([owner as u64 + 1, 7, 7, 7])
}
