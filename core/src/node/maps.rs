//! How is a map kept over a restart, and how is it shown? Types only.

use core::time::Duration;

/// A node's own map as an earlier life kept it.
///
/// It must hold every write that was accepted: whoever lost the last ones says what others have heard otherwise.
/// That is found out and mended, at the price of sending the map anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapSnapshot<'a> {
    /// From [`View::map_version`](crate::View::map_version).
    pub version: MapVersion,
    /// From [`View::values`](crate::View::values), in any order; keys longer than [`KEY_BYTES_MAX`](crate::KEY_BYTES_MAX), values
    /// longer than the config allows and all but one of what claims one version are left out.
    pub values: &'a [ValueView<'a>],
}

/// Which state of a map a copy has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MapVersion {
    /// Which of the owner's maps: one that was lost is followed by one with a higher epoch.
    pub epoch: u64,
    /// Grows with every change that the owner makes: by one per 128 bytes of the value.
    pub version: u64,
    /// Deleted keys are forgotten up to this version.
    pub watermark: u64,
}

/// One key of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueView<'a> {
    /// The key.
    pub key: &'a [u8],
    /// What it stands for.
    pub value: &'a [u8],
    /// The owner's change that made it so.
    pub version: u64,
    /// In what time it ends; `None` if it stays.
    pub left: Option<Duration>,
}
