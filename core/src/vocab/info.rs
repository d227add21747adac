//! What is said about an info: plain data that crosses rooms and the wire.

#[cfg(test)]
use alloc::boxed::Box;
use core::cmp::Ordering;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::NodeId;

/// The longest key of an info, in bytes.
pub const INFO_KEY_BYTES_MAX: usize = 255;

/// The longest value of an info, in bytes.
pub const INFO_VALUE_BYTES_MAX: usize = 704;

/// One life of a node, which issues infos. A restart is another life, so that nothing it numbers goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) id: NodeId,
    pub(crate) boot: u64,
}

/// Which of two statements about one key holds: the higher one.
///
/// A Lamport counter per key: one more than the highest that the writer knew of. Of two that knew nothing of each
/// other, the order of origins decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct InfoVersion {
    pub(crate) counter: u64,
    pub(crate) origin: Origin,
}

/// What sort of value an info has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum InfoKind {
    /// A whole number.
    Int,
    /// A number with a fraction.
    Float,
    /// Text.
    Text,
    /// Anything else.
    Bytes,
}

impl InfoKind {
    pub(crate) const ALL: [Self; 4] = [Self::Int, Self::Float, Self::Text, Self::Bytes];
}

/// The value of an info.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub enum InfoValue<'a> {
    /// A whole number.
    Int(i64),
    /// In total order: of two zeros the negative one is smaller, and what is no number has its place too.
    Float(f64),
    /// In the order of its bytes.
    Text(&'a str),
    /// Anything else. A record that is to be ordered is written so that its bytes are.
    Bytes(&'a [u8]),
}

impl<'a> InfoValue<'a> {
    /// What sort of value it is.
    #[must_use]
    pub const fn kind(self) -> InfoKind {
        match self {
            Self::Int(_) => InfoKind::Int,
            Self::Float(_) => InfoKind::Float,
            Self::Text(_) => InfoKind::Text,
            Self::Bytes(_) => InfoKind::Bytes,
        }
    }

    /// The order of two values of one kind; `None` of two kinds.
    pub(crate) fn compare(self, other: InfoValue<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), InfoValue::Int(b)) => Some(a.cmp(&b)),
            (Self::Float(a), InfoValue::Float(b)) => Some(a.total_cmp(&b)),
            (Self::Text(a), InfoValue::Text(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), InfoValue::Bytes(b)) => Some(a.cmp(b)),
            (Self::Int(_) | Self::Float(_) | Self::Text(_) | Self::Bytes(_), _) => None,
        }
    }

    /// The same value, to be kept.
    #[cfg(test)]
    pub(crate) fn to_owned(self) -> OwnedInfoValue {
        match self {
            Self::Int(number) => OwnedInfoValue::Int(number),
            Self::Float(number) => OwnedInfoValue::Float(number),
            Self::Text(text) => OwnedInfoValue::Text(text.into()),
            Self::Bytes(bytes) => OwnedInfoValue::Bytes(bytes.into()),
        }
    }
}

/// Equal are values of one kind that no order tells apart; so every value equals itself.
impl PartialEq for InfoValue<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.compare(*other) == Some(Ordering::Equal)
    }
}

impl Eq for InfoValue<'_> {}

/// The value of an info, with its own memory.
#[cfg(test)]
#[derive(Debug, Clone)]
pub(crate) enum OwnedInfoValue {
    Int(i64),
    Float(f64),
    Text(Box<str>),
    Bytes(Box<[u8]>),
}

#[cfg(test)]
impl OwnedInfoValue {
    pub(crate) fn borrowed(&self) -> InfoValue<'_> {
        match self {
            Self::Int(number) => InfoValue::Int(*number),
            Self::Float(number) => InfoValue::Float(*number),
            Self::Text(text) => InfoValue::Text(text),
            Self::Bytes(bytes) => InfoValue::Bytes(bytes),
        }
    }
}

#[cfg(test)]
impl PartialEq for OwnedInfoValue {
    fn eq(&self, other: &Self) -> bool {
        self.borrowed() == other.borrowed()
    }
}

#[cfg(test)]
impl Eq for OwnedInfoValue {}

/// For how long an info is meant to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Until somebody deletes it.
    Permanent,
    For(Duration),
}

/// One info, as it is told at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InfoItem<'a> {
    pub(crate) key: &'a [u8],
    /// `None` when it was deleted, or when its time is over.
    pub(crate) value: Option<InfoValue<'a>>,
    pub(crate) version: InfoVersion,
    /// Its number among everything that the origin of its version issued: 1, 2, 3, …
    pub(crate) stamp: u64,
    /// Over how many links it has come; 0 at its origin.
    pub(crate) hops: u8,
    /// In how many milliseconds it ends, or is forgotten if it has no value; `None` of what is permanent.
    pub(crate) left_ms: Option<u32>,
}

/// An info with its place in the stream of its origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InfoTold<'a> {
    pub(crate) item: InfoItem<'a>,
    /// The stamp of the info before it, of those that the teller still has; 0 if it is the first. A taker that has
    /// come so far misses nothing in between.
    pub(crate) from: u64,
}

/// How a text says which keys are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KeyRule {
    /// The key that it is.
    Exact,
    /// Every key that begins with it.
    Prefix,
    /// Every key whose text before its last dot it is; without a dot that text is empty. The rule of 2014.
    Dotted,
}

/// Which keys are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyPattern<'a> {
    /// How the text is meant.
    pub rule: KeyRule,
    /// The text.
    pub text: &'a [u8],
}

impl<'a> KeyPattern<'a> {
    /// One key.
    #[must_use]
    pub const fn exact(text: &'a [u8]) -> Self {
        Self { rule: KeyRule::Exact, text }
    }

    /// All keys that begin so.
    #[must_use]
    pub const fn prefix(text: &'a [u8]) -> Self {
        Self { rule: KeyRule::Prefix, text }
    }

    /// All keys whose text before the last dot it is.
    #[must_use]
    pub const fn dotted(text: &'a [u8]) -> Self {
        Self { rule: KeyRule::Dotted, text }
    }

    /// Whether a key is meant.
    #[must_use]
    pub fn matches(self, key: &[u8]) -> bool {
        match self.rule {
            KeyRule::Exact => key == self.text,
            KeyRule::Prefix => key.starts_with(self.text),
            KeyRule::Dotted => {
                let dot = key.iter().rposition(|&byte| byte == b'.');
                key.get(..dot.unwrap_or(0)) == Some(self.text)
            }
        }
    }
}

/// Which infos a group prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum GroupOrder {
    /// Those with the smallest values.
    Min,
    /// Those with the largest values.
    Max,
}

/// A group: of the infos whose keys match, the best so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupDef<'a> {
    /// Which keys.
    #[serde(borrow)]
    pub pattern: KeyPattern<'a>,
    /// How many it lists at most: 1 to 1024.
    pub limit: u32,
    /// Which are the best.
    pub order: GroupOrder,
}
