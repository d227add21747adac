//! What are the keys called that everybody knows?
//!
//! An *event* is an info under a key that says who issued it and with which stamp, `event/<origin>/<stamp>`, and that
//! ends soon. Nobody writes it a second time; so its end is its end, nothing is remembered of it, and since everything
//! of one origin is taken in the order of stamps, so are its events, each once.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use super::limits::Unfit;
use crate::vocab::{GroupDef, GroupOrder, InfoItem, KeyPattern, KeyRule, NodeId, Origin};

/// Which cluster this is: permanent, so that whoever joins finds it.
pub const CLUSTER_ID: &[u8] = b"cluster-id";

/// Told again and again by one node: who does not hear it is cut off. Not the cluster's name, because that has to be
/// there when this is not.
pub const SENTINEL: &[u8] = b"sentinel";

/// How many nodes there are.
pub const NODE_COUNT: &[u8] = b"node-count";

/// What a store can take, by data centre, node and store.
pub const MAX_AVAIL_CAPACITY_PREFIX: &[u8] = b"max-avail-capacity-";

/// How accounting is configured.
pub const ACCOUNTING: &[u8] = b"accounting";
/// Who may do what.
pub const PERMISSIONS: &[u8] = b"permissions";
/// How zones are configured.
pub const ZONES: &[u8] = b"zones";
/// Where the replicas of the first range are.
pub const FIRST_RANGE: &[u8] = b"first-range";

const NODE_PREFIX: &str = "node-";

/// Where events begin, and groups.
pub(crate) const EVENT_PREFIX: &[u8] = b"event/";
const GROUP_PREFIX: &[u8] = b"group/";

/// The key under which a node tells of itself: its number in hexadecimal digits, as few as it has.
#[must_use]
pub fn node_key(id: NodeId) -> String {
    written(format_args!("{NODE_PREFIX}{:x}", u128::from_be_bytes(id.to_bytes())))
}

/// Whose key this is, if it is exactly what [`node_key`] writes.
#[must_use]
pub fn node_of(key: &[u8]) -> Option<NodeId> {
    let digits = core::str::from_utf8(key.strip_prefix(NODE_PREFIX.as_bytes())?).ok()?;
    let id = NodeId::from_u128(u128::from_str_radix(digits, 16).ok()?);
    (node_key(id).as_bytes() == key).then_some(id)
}

/// The key of an event.
pub(crate) fn event_key(Origin { id, boot }: Origin, stamp: u64) -> String {
    written(format_args!("event/{id}-{boot}/{stamp}"))
}

/// Whether a key looks like what [`event_key`] writes.
pub(crate) fn is_event_key(key: &[u8]) -> bool {
    let rest = key.strip_prefix(EVENT_PREFIX);
    rest.is_some_and(|rest| rest.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-' | b'/')))
}

pub(crate) fn is_event(key: &[u8]) -> bool {
    key.starts_with(EVENT_PREFIX)
}

/// Whether a key is kept for what is told in infos and is none that an application issues.
pub(crate) fn is_reserved(key: &[u8]) -> bool {
    reserved_prefix(key).is_some()
}

/// With what a key begins that is kept so.
pub(crate) fn reserved_prefix(key: &[u8]) -> Option<&'static [u8]> {
    [EVENT_PREFIX, GROUP_PREFIX].into_iter().find(|prefix| key.starts_with(prefix))
}

/// The key that tells of a group: everything about it, so that who reads the key knows the group, and two
/// definitions of one group are two infos of which none is lost.
pub(crate) fn group_key(def: &GroupDef<'_>) -> Vec<u8> {
    let GroupDef { pattern: KeyPattern { rule, text }, limit, order } = *def;
    let rule = match rule {
        KeyRule::Exact => "exact",
        KeyRule::Prefix => "prefix",
        KeyRule::Dotted => "dotted",
    };
    let order = match order {
        GroupOrder::Min => "min",
        GroupOrder::Max => "max",
    };
    let mut key = written(format_args!("group/{rule}/{order}/{limit}/")).into_bytes();
    key.extend_from_slice(text);
    key
}

/// The group that a key tells of, if it is exactly what [`group_key`] writes.
pub(crate) fn group_of(key: &[u8]) -> Option<GroupDef<'_>> {
    let mut parts = key.strip_prefix(GROUP_PREFIX)?.splitn(4, |&byte| byte == b'/');
    let (rule, order, limit, text) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let rule = match rule {
        b"exact" => KeyRule::Exact,
        b"prefix" => KeyRule::Prefix,
        b"dotted" => KeyRule::Dotted,
        _ => return None,
    };
    let order = match order {
        b"min" => GroupOrder::Min,
        b"max" => GroupOrder::Max,
        _ => return None,
    };
    let limit = core::str::from_utf8(limit).ok()?.parse().ok()?;
    let def = GroupDef { pattern: KeyPattern { rule, text }, limit, order };
    (group_key(&def) == key).then_some(def)
}

/// Whether what has a reserved key is what the key says, or the key is none of those.
pub(super) fn admit_reserved(item: &InfoItem<'_>) -> Result<(), Unfit> {
    if !is_event(item.key) {
        let is_group = item.left_ms.is_none() && group_of(item.key).is_some();
        return if is_group || !is_reserved(item.key) { Ok(()) } else { Err(Unfit::Reserved) };
    }
    let key = event_key(item.version.origin, item.stamp);
    let is_it = item.key == key.as_bytes() && item.version.counter == 1;
    if is_it && item.value.is_some() && item.left_ms.is_some() { Ok(()) } else { Err(Unfit::Reserved) }
}

fn written(text: core::fmt::Arguments<'_>) -> String {
    let mut key = String::new();
    // Writing into a string never fails.
    let _ = key.write_fmt(text);
    key
}
