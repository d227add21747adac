//! What does the room promise? Tried out on rooms of several nodes that tell each other without a wire.

mod catalogue;
mod catalogue_groups;
mod catalogue_later;
mod groups;
mod lives;
mod refusals;
mod runs;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::WatchRefusal;
use super::groups::Registered;
use super::keys;
use super::limits::{HOPS_MAX, JUMP_MAX};
use super::own::Issued;
use super::store::ROW_BYTES;
use super::watch::WatchId;
use super::{Ended, GroupRefusal, InfoError, Infos, Limits, OriginFacts, Refusal, Taken, Unfit};
use crate::config::Compat2014;
use crate::vocab::{
    GroupDef, GroupOrder, InfoItem, InfoTold, InfoValue, InfoVersion, Instant, KeyPattern, Lifetime, NodeId, Origin,
    OwnedInfoValue,
};

use GroupOrder::{Max, Min};
use InfoValue::{Bytes, Float, Int, Text};
use Lifetime::Permanent;

const HOUR: Lifetime = Lifetime::For(Duration::from_secs(3600));

/// What is deleted is remembered for a minute.
const LIMITS: Limits =
    Limits { tombstone_life: Duration::from_secs(60), origin_grace: Duration::from_secs(90), ..Limits::STANDARD };

const START: Instant = at(0);

/// So many milliseconds after the start.
const fn at(millis: u64) -> Instant {
    Instant::from_nanos((millis + 1) * 1_000_000)
}

const fn for_ms(millis: u64) -> Lifetime {
    Lifetime::For(Duration::from_millis(millis))
}

/// The first life of a node.
const fn origin(node: u128) -> Origin {
    Origin { id: NodeId::from_u128(node), boot: 1 }
}

fn room(node: u128) -> Infos {
    Infos::new(origin(node), LIMITS, Compat2014::default())
}

fn compat(node: u128, compat: Compat2014) -> Infos {
    Infos::new(origin(node), LIMITS, compat)
}

fn add(room: &mut Infos, key: &str, value: InfoValue<'_>) -> Issued {
    room.add(key.as_bytes(), value, HOUR, START).expect("it is admitted")
}

/// A group by the rule of 2014.
fn group<'a>(prefix: &'a str, limit: u32, order: GroupOrder) -> GroupDef<'a> {
    GroupDef { pattern: KeyPattern::dotted(prefix.as_bytes()), limit, order }
}

fn key_of(item: InfoItem<'_>) -> String {
    String::from_utf8_lossy(item.key).into_owned()
}

/// The keys that a group lists; of one that there is not, nothing.
fn listed(room: &Infos, prefix: &str, now: Instant) -> Option<Vec<String>> {
    Some(room.group(KeyPattern::dotted(prefix.as_bytes()), now)?.map(key_of).collect())
}

fn value<'a>(room: &'a Infos, key: &str) -> Option<InfoValue<'a>> {
    room.get(key.as_bytes(), START)?.value
}

/// An info on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Flying {
    key: Vec<u8>,
    value: Option<OwnedInfoValue>,
    version: InfoVersion,
    stamp: u64,
    hops: u8,
    left_ms: Option<u32>,
    from: u64,
}

impl Flying {
    fn of(InfoTold { item, from }: InfoTold<'_>) -> Self {
        let InfoItem { key, value, version, stamp, hops, left_ms } = item;
        Self { key: key.to_vec(), value: value.map(InfoValue::to_owned), version, stamp, hops, left_ms, from }
    }

    /// What node 1 issues first: a permanent text, from its origin.
    fn first(key: &str) -> Self {
        let version = InfoVersion { counter: 1, origin: origin(1) };
        let value = Some(OwnedInfoValue::Text("value".into()));
        Self { key: key.into(), value, version, stamp: 1, hops: 0, left_ms: None, from: 0 }
    }

    fn told(&self) -> InfoTold<'_> {
        let Self { key, value, version, stamp, hops, left_ms, from } = self;
        let value = value.as_ref().map(OwnedInfoValue::borrowed);
        let item = InfoItem { key, value, version: *version, stamp: *stamp, hops: *hops, left_ms: *left_ms };
        InfoTold { item, from: *from }
    }
}

/// What a room tells of an origin above a stamp.
fn above(room: &Infos, origin: Origin, stamp: u64, now: Instant) -> Vec<Flying> {
    room.above(origin, stamp, now).map(Flying::of).collect()
}

/// The one info of a key, as it is told.
fn told_of(room: &Infos, key: &str) -> Flying {
    let told = room.after(0, START).map(|(_, _, told)| Flying::of(told));
    told.into_iter().find(|told| told.key == key.as_bytes()).expect("it is there")
}

fn take(room: &mut Infos, flying: &Flying, now: Instant) -> Result<Taken, Refusal> {
    let before = alloc::format!("{room:?}");
    let taken = room.take(&flying.told(), now);
    if taken.is_err() || taken == Ok(Taken::Duplicate) {
        assert_eq!(alloc::format!("{room:?}"), before, "{taken:?} changes nothing");
    }
    room.check();
    taken
}

const NEW: Result<Taken, Refusal> = Ok(Taken::New { contents_changed: true });
const AGAIN: Result<Taken, Refusal> = Ok(Taken::New { contents_changed: false });

/// One room tells another everything that it lacks. Returns how many of them were new.
fn tell(from: &Infos, to: &mut Infos, now: Instant) -> usize {
    let mut fresh = 0;
    for facts in from.origins() {
        let has_come_to = to.origin(facts.origin).map_or(0, |facts| facts.stamp);
        for flying in above(from, facts.origin, has_come_to, now) {
            let taken = take(to, &flying, now).expect("what comes next is taken");
            fresh += usize::from(matches!(taken, Taken::New { .. }));
        }
    }
    fresh
}

/// Ends what is over. Returns the keys.
fn end(room: &mut Infos, now: Instant) -> Vec<String> {
    let mut ended = Vec::new();
    let mut note = |over: Ended<'_>| {
        if let Ended::Info(key) = over {
            ended.push(String::from_utf8_lossy(key).into_owned());
        }
    };
    while room.end_due(now, &mut note) {}
    assert!(room.next_deadline() > now, "nothing is overdue");
    room.check();
    ended
}
