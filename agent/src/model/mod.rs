//! What goes over the control socket? Types only: the agent writes them, the commands read them.
//!
//! Every answer is an object with `"schema": 1`, an error one with `"error"`. What is added later is added: a reader skips
//! fields that it does not know, in answers; in requests a field that nobody knows is refused, since it was meant to do something.

mod asked;
mod detail;
mod doctor;
mod happened;
mod keys;
mod members;
mod queries;
mod told;
mod top;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use asked::*;
pub(crate) use detail::*;
pub(crate) use doctor::*;
pub(crate) use happened::*;
pub(crate) use keys::*;
pub(crate) use members::*;
pub(crate) use queries::*;
pub(crate) use told::*;
pub(crate) use top::*;

/// Which shapes these are.
pub(crate) const SCHEMA: u32 = 1;

/// An answer with its schema.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Reply<T> {
    schema: u32,
    #[serde(flatten)]
    pub(crate) body: T,
}

impl<T> Reply<T> {
    pub(crate) const fn new(body: T) -> Self {
        Self { schema: SCHEMA, body }
    }
}

/// Nothing but success.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Done {}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Fault {
    pub(crate) error: FaultText,
}

/// What went wrong, for a program, for people, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct FaultText {
    pub(crate) code: String,
    pub(crate) message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
}

/// Bytes that are a text most of the time: that text, or `{"hex": …}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Bytes {
    Text(String),
    Hex { hex: String },
}

impl Bytes {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Hex { hex: hex::encode(bytes) },
        }
    }

    /// The bytes; `None` for what is no hexadecimal number.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Hex { hex } => hex::decode(hex).ok(),
        }
    }

    /// How many bytes it has as it is written.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(text) | Self::Hex { hex: text } => text.len(),
        }
    }

    /// As people see it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Hex { hex } => format!("0x{hex}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_a_text_where_they_are_one() {
        let json = |bytes: &[u8]| serde_json::to_string(&Bytes::new(bytes)).ok();
        assert_eq!(json(b"caf\xc3\xa9").as_deref(), Some("\"caf\u{e9}\""));
        assert_eq!(json(b"\xff\x00").as_deref(), Some("{\"hex\":\"ff00\"}"));
        assert_eq!(Bytes::new(b"\xff\x00").bytes().as_deref(), Some(&b"\xff\x00"[..]));
        assert_eq!(["0", "0g", "é0"].map(|text| Bytes::Hex { hex: text.into() }.bytes()), [None, None, None]);
    }
}
