//! Who in the cluster has which key, and who seals with which?
//!
//! Each sealed node says so in its own map, under [`SEAL_KEY`], once its disk has it: what others count on is not lost by a
//! kill. Names of keys are no secret: every sealed datagram carries one.

use std::collections::BTreeMap;

use quidnunc_core::seal::{KEYS_MAX, KeyId, Mode, Seal};
use quidnunc_core::{Health, NodeId, View};

use crate::ring::{ids, mode_of, number_of};

/// The key of the own map under which a sealed node publishes its mode and the names of its keys. Keys that begin with
/// `sys/` are quidnunc's own: an application leaves them alone, and who watches all keys sees them, too.
pub const SEAL_KEY: &[u8] = b"sys/seal";

/// The first byte of what is published. Another one is of a later release, and tells this one nothing.
const VERSION: u8 = 1;

/// What a node has published of its seal.
///
/// ```text
/// value   1 · mode u8 (0: off, 1: accept, 2: require) · fingerprint 4 *        the key that seals first
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealReport {
    /// What it seals and what it lets in.
    pub mode: Mode,
    /// The names of its keys, that of the one that it seals with first.
    pub keys: Vec<KeyId>,
}

impl SealReport {
    /// What there is to publish of a seal.
    pub(crate) fn of(seal: &Seal) -> Self {
        Self { mode: seal.mode(), keys: ids(seal).collect() }
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let keys = self.keys.iter().flat_map(|id| id.to_bytes());
        [VERSION, number_of(self.mode)].into_iter().chain(keys).collect()
    }

    pub(crate) fn read(value: &[u8]) -> Option<Self> {
        let (&[VERSION, mode], keys) = value.split_first_chunk()? else { return None };
        let (keys, rest) = keys.as_chunks();
        if !rest.is_empty() || keys.len() > KEYS_MAX {
            return None;
        }
        Some(Self { mode: mode_of(mode)?, keys: keys.iter().copied().map(KeyId::from_bytes).collect() })
    }

    /// The key that it seals with, unless it has none.
    #[must_use]
    pub fn used(&self) -> Option<KeyId> {
        self.keys.first().copied()
    }
}

/// How many live members have a key, and how many of them seal with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyCount {
    /// They open what is sealed with it.
    pub have: usize,
    /// They seal with it.
    pub seal: usize,
}

/// Who has which key, as far as it has come here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterKeys {
    /// What every member has published that is alive or suspected, this node first; `None` of those of whom nothing has come.
    pub members: Vec<(NodeId, Option<SealReport>)>,
    /// Keys that this node was given at its start and did not install, because they had been removed from its ring.
    pub withheld: Vec<KeyId>,
}

impl ClusterKeys {
    /// What has come to this node. Of itself it knows without that.
    pub(crate) fn of(view: View<'_>, own: NodeId, seal: &Seal, withheld: &[KeyId]) -> Self {
        let is_live = |health| matches!(health, Health::Alive | Health::Suspect);
        let live = view.members().filter(|member| is_live(member.health) && member.id != own);
        let report = |id| SealReport::read(view.value(id, SEAL_KEY)?.value);
        let others = live.map(|member| (member.id, report(member.id)));
        let members = [(own, Some(SealReport::of(seal)))].into_iter().chain(others).collect();
        Self { members, withheld: withheld.to_vec() }
    }

    /// All keys that anybody has, and by how many. A key that all [`members`](Self::members) have is safe to use; one that
    /// nobody seals with is safe to remove.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<KeyId, KeyCount> {
        let mut counts = BTreeMap::<KeyId, KeyCount>::new();
        for report in self.members.iter().filter_map(|(_, report)| report.as_ref()) {
            for &id in &report.keys {
                let count = counts.entry(id).or_default();
                count.have += 1;
                count.seal += usize::from(report.used() == Some(id));
            }
        }
        counts
    }

    /// What this node has published, or will when its disk has it.
    #[must_use]
    pub fn own(&self) -> Option<&SealReport> {
        self.members.first().and_then(|(_, report)| report.as_ref())
    }

    /// How many members are not known to have a key.
    #[must_use]
    pub fn lacking(&self, id: KeyId) -> usize {
        let has = |report: &SealReport| report.keys.contains(&id);
        self.members.iter().filter(|(_, report)| !report.as_ref().is_some_and(has)).count()
    }

    /// How many other members seal with a key, or may, since nothing has come of them.
    #[must_use]
    pub fn sealing(&self, id: KeyId) -> usize {
        let others = self.members.iter().skip(1);
        others.filter(|(_, report)| report.as_ref().is_none_or(|report| report.used() == Some(id))).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(name: u8) -> KeyId {
        KeyId::from_bytes([name; 4])
    }

    #[test]
    fn what_is_published_is_pinned() {
        let report = SealReport { mode: Mode::Require, keys: vec![key(7), key(3)] };
        assert_eq!(report.write(), [1, 2, 7, 7, 7, 7, 3, 3, 3, 3]);
        assert_eq!(SealReport::read(&report.write()), Some(report));
        assert_eq!(SealReport::read(&[1, 0]), Some(SealReport { mode: Mode::Off, keys: vec![] }));
        for odd in [&[][..], &[1], &[2, 0], &[1, 3], &[1, 0, 5], &[1, 0, 5, 5, 5], &[1; 2 + 4 * 9]] {
            assert_eq!(SealReport::read(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn whoever_has_said_nothing_has_no_key_and_may_seal_with_any() {
        let report =
            |keys: &[u8]| Some(SealReport { mode: Mode::Require, keys: keys.iter().map(|&it| key(it)).collect() });
        let reports = [report(&[2, 1]), report(&[1, 2]), report(&[1]), None];
        let members = (0..).map(NodeId::from_u128).zip(reports).collect();
        let keys = ClusterKeys { members, withheld: vec![] };
        assert_eq!((keys.lacking(key(1)), keys.lacking(key(2)), keys.lacking(key(3))), (1, 2, 4));
        assert_eq!((keys.sealing(key(1)), keys.sealing(key(2)), keys.sealing(key(3))), (3, 1, 1));
        let counts = [(key(1), KeyCount { have: 3, seal: 2 }), (key(2), KeyCount { have: 2, seal: 1 })];
        assert_eq!(keys.counts(), BTreeMap::from(counts));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_report_or_none(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            if let Some(report) = SealReport::read(&bytes) {
                prop_assert_eq!(report.write(), bytes);
            }
        }
    }
}
