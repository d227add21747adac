//! What does a handle say of an info, beyond the node's thread?

use std::time::Duration;

use quidnunc_core::{InfoValue, InfoView, NodeId};

/// One info, as [`InfoView`] shows it in the node's thread.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// Its key.
    pub key: Vec<u8>,
    /// What everybody should know.
    pub value: Value,
    /// Who issued it.
    pub origin: NodeId,
    /// Over how many links it has come; 0 at its origin.
    pub hops: u8,
    /// In what time it ends; `None` if it stays.
    pub left: Option<Duration>,
}

/// What an info stands for: an [`InfoValue`] of one's own.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
    /// Anything else.
    Bytes(Vec<u8>),
}

impl Value {
    /// The same, lent.
    #[must_use]
    pub fn view(&self) -> InfoValue<'_> {
        match self {
            Self::Int(value) => InfoValue::Int(*value),
            Self::Float(value) => InfoValue::Float(*value),
            Self::Text(value) => InfoValue::Text(value),
            Self::Bytes(value) => InfoValue::Bytes(value),
        }
    }
}

impl From<InfoValue<'_>> for Value {
    fn from(value: InfoValue<'_>) -> Self {
        match value {
            InfoValue::Int(value) => Self::Int(value),
            InfoValue::Float(value) => Self::Float(value),
            InfoValue::Text(value) => Self::Text(value.into()),
            InfoValue::Bytes(value) => Self::Bytes(value.into()),
        }
    }
}

impl From<InfoView<'_>> for Info {
    fn from(info: InfoView<'_>) -> Self {
        let InfoView { key, value, origin, hops, left } = info;
        Self { key: key.into(), value: value.into(), origin, hops, left }
    }
}
