//! What does a node keep over a restart?

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use quidnunc_core::{MapSnapshot, MapVersion, Snapshot, ValueView};

use super::trouble::Trouble;

/// What an earlier life has kept. Empty when there was none, or when its file was damaged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Kept {
    /// The last boot number. The next life needs a larger one: [`Durable::begin_life`](super::Durable::begin_life).
    pub boot: Option<u64>,
    /// Addresses of others, as they were given to [`Durable::save`](super::Durable::save).
    pub peers: Vec<SocketAddr>,
    /// The key ring: the first one seals, all of them open.
    pub keys: Vec<Secret>,
    /// The fingerprints of keys that were removed from the ring, so that none comes back by itself; the newest last.
    pub removed_keys: Vec<[u8; 4]>,
    /// What is sealed and let in, as a number: 0 for off, 1 for accept, 2 for require.
    pub seal_mode: Option<u8>,
    /// The node's own map.
    pub map: Option<KeptMap>,
    /// Why nothing was kept although a file was there.
    pub trouble: Option<Trouble>,
}

impl Kept {
    /// The values of the own map as the core shows them; none without a map.
    #[must_use]
    pub fn values(&self) -> Vec<ValueView<'_>> {
        self.map.iter().flat_map(KeptMap::views).collect()
    }

    pub(crate) fn ring(&self) -> KeptRing {
        KeptRing { keys: self.keys.clone(), removed: self.removed_keys.clone(), mode: self.seal_mode }
    }

    /// What the core is told before it begins.
    ///
    /// ```
    /// # let kept = quidnunc::Kept::default();
    /// let values = kept.values();
    /// let snapshot = kept.snapshot(&values);
    /// ```
    #[must_use]
    pub fn snapshot<'a>(&self, values: &'a [ValueView<'a>]) -> Snapshot<'a> {
        Snapshot { members: &[], map: self.map.as_ref().map(|map| map.snapshot(values)) }
    }
}

/// A node's own map, as it was kept: the counterpart of [`MapSnapshot`] that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptMap {
    /// Which state of the map it is.
    pub version: MapVersion,
    /// Its values, in the order in which they were given.
    pub values: Vec<KeptValue>,
}

impl KeptMap {
    /// Its values as the core shows them.
    pub(crate) fn views(&self) -> impl Iterator<Item = ValueView<'_>> {
        self.values.iter().map(KeptValue::view)
    }

    /// The map as the core is told of it, with values that are [`KeptMap::views`].
    pub(crate) const fn snapshot<'a>(&self, values: &'a [ValueView<'a>]) -> MapSnapshot<'a> {
        MapSnapshot { version: self.version, values }
    }
}

impl From<ValueView<'_>> for KeptValue {
    fn from(view: ValueView<'_>) -> Self {
        let ValueView { key, value, version, left } = view;
        Self { key: key.into(), value: value.into(), version, left }
    }
}

/// One key of a map, as it was kept: the counterpart of [`ValueView`] that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptValue {
    /// The key.
    pub key: Box<[u8]>,
    /// What it stands for.
    pub value: Box<[u8]>,
    /// The change that made it so.
    pub version: u64,
    /// In what time it ends, the time since it was written taken off; `None` if it stays.
    pub left: Option<Duration>,
}

impl KeptValue {
    /// The same, lent.
    #[must_use]
    pub fn view(&self) -> ValueView<'_> {
        ValueView { key: &self.key, value: &self.value, version: self.version, left: self.left }
    }
}

/// A key of the key ring. It is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// The key's bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Secret {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// A key ring with what was done to it, on its way to the disk or from there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct KeptRing {
    /// The one that seals first.
    pub(crate) keys: Vec<Secret>,
    pub(crate) removed: Vec<[u8; 4]>,
    pub(crate) mode: Option<u8>,
}

/// What a node wants to be kept. It is kept whole: what is not in here is no longer there afterwards.
#[derive(Clone, Copy, Default)]
pub struct State<'a> {
    /// The boot number of this life, which [`Event::Refuted`](crate::Event::Refuted) may have raised. A number
    /// below the last one that was kept changes nothing.
    pub boot: u64,
    /// Addresses to join through after a restart. An IPv6 address is kept without its scope and flow label.
    pub peers: &'a [SocketAddr],
    /// The key ring: the first one seals, all of them open.
    pub keys: &'a [&'a [u8]],
    /// The fingerprints of keys that were removed from the ring; the newest last.
    pub removed_keys: &'a [[u8; 4]],
    /// What is sealed and let in, as [`Kept::seal_mode`] says.
    pub seal_mode: Option<u8>,
    /// The own map with every write that was accepted, or `None` if it need not survive.
    pub map: Option<MapSnapshot<'a>>,
}

impl fmt::Debug for State<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { boot, peers, keys, removed_keys, seal_mode, map } = self;
        let mut shown = f.debug_struct("State");
        shown.field("boot", boot).field("peers", peers).field("keys", &keys.len());
        shown.field("removed_keys", &removed_keys.len()).field("seal_mode", seal_mode).field("map", map).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_ever_shown() {
        let secret: &[u8] = b"open sesame";
        let kept = Kept { keys: vec![secret.into()], ..Kept::default() };
        let shown = "Kept { boot: None, peers: [], keys: [Secret(11 bytes)], removed_keys: [], seal_mode: None, \
            map: None, trouble: None }";
        assert_eq!(format!("{kept:?}"), shown);
        let state = State { keys: &[secret], ..State::default() };
        assert_eq!(
            format!("{state:?}"),
            "State { boot: 0, peers: [], keys: 1, removed_keys: 0, seal_mode: None, map: None }"
        );
    }

    #[test]
    fn a_map_comes_into_the_core_as_it_was() {
        let version = MapVersion { epoch: 7, version: 9, watermark: 3 };
        let left = Some(Duration::from_secs(5));
        let value = KeptValue { key: b"k".as_slice().into(), value: b"v".as_slice().into(), version: 8, left };
        let kept = Kept { map: Some(KeptMap { version, values: vec![value] }), ..Kept::default() };
        let values = kept.values();
        assert_eq!(values, [ValueView { key: b"k", value: b"v", version: 8, left }]);
        let map = Some(MapSnapshot { version, values: &values });
        assert_eq!(kept.snapshot(&values), Snapshot { members: &[], map });

        let nothing = Kept::default();
        assert_eq!(nothing.snapshot(&[]), Snapshot::default());
    }
}
