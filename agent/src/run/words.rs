//! Which words are taken as values of settings, and what is wrong with others?

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::api::is_address;
use crate::names::{NAME_BYTES_MAX, TAG_BYTES_MAX, is_name, is_tag_name, is_tag_value};

/// Why a word is none of those that are taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("a name has 1 to 64 bytes, without blanks and `/`")]
    Name,
    #[error("a voter is a name, as in n1, or a domain, `/` and a name, as in rack-1/n1")]
    Voter,
    #[error("a number of MiB is a whole number from 1 to 1048576")]
    Mib,
    #[error("an address is a name or an IP address and a port, such as n1.example:7946 or [::1]:7946")]
    Address,
    #[error("a tag is a name, `=` and a value, such as role=db")]
    Tag,
    #[error("the name of a tag has 1 to 64 bytes, without blanks, `/` and `=`")]
    TagName,
    #[error("the value of a tag has at most {TAG_BYTES_MAX} bytes, on one line")]
    TagValue,
}

/// A text that fits.
macro_rules! word {
    ($(#[$doc:meta])* $type:ident, $fits:expr, $unfit:expr, $schema:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub(crate) struct $type(String);

        impl FromStr for $type {
            type Err = Unfit;

            fn from_str(text: &str) -> Result<Self, Unfit> {
                if $fits(text) { Ok(Self(text.to_owned())) } else { Err($unfit) }
            }
        }

        impl TryFrom<String> for $type {
            type Error = Unfit;

            fn try_from(text: String) -> Result<Self, Unfit> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(word: $type) -> Self {
                word.0
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

word!(
    /// What something is called.
    Name,
    is_name,
    Unfit::Name,
    json_schema!({ "type": "string", "minLength": 1, "maxLength": NAME_BYTES_MAX, "pattern": r"^[^\s/]+$" })
);
word!(
    /// A name or an IP address, and a port.
    Address,
    is_address,
    Unfit::Address,
    json_schema!({ "type": "string", "pattern": r"^\S+:[0-9]{1,5}$", "examples": ["n1.example:7946", "[::1]:7946"] })
);

word!(
    /// The name of a voter, behind that of its domain and a `/` if it has one.
    VoterName,
    is_voter,
    Unfit::Voter,
    json_schema!({ "type": "string", "pattern": r"^([^\s/]+/)?[^\s/]+$", "examples": ["n1", "rack-1/n1"] })
);

fn is_voter(text: &str) -> bool {
    text.split_once('/').map_or_else(|| is_name(text), |(domain, name)| is_name(domain) && is_name(name))
}

impl VoterName {
    /// Its domain, if it has one, and its name.
    pub(crate) fn parts(&self) -> (Option<&str>, &str) {
        self.0.split_once('/').map_or((None, &self.0), |(domain, name)| (Some(domain), name))
    }
}

/// What a tag's value looks like in the file.
pub(super) struct TagValue;

impl JsonSchema for TagValue {
    fn schema_name() -> Cow<'static, str> {
        "TagValue".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": TAG_BYTES_MAX })
    }
}

/// How much of something is kept, in MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub(crate) struct Mib(u64);

impl Mib {
    const MAX: u64 = 1 << 20;

    pub(crate) const fn bytes(self) -> u64 {
        self.0 << 20
    }
}

impl TryFrom<u64> for Mib {
    type Error = Unfit;

    fn try_from(number: u64) -> Result<Self, Unfit> {
        if (1..=Self::MAX).contains(&number) { Ok(Self(number)) } else { Err(Unfit::Mib) }
    }
}

impl From<Mib> for u64 {
    fn from(Mib(number): Mib) -> Self {
        number
    }
}

impl FromStr for Mib {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        text.parse::<u64>().map_err(|_| Unfit::Mib)?.try_into()
    }
}

impl JsonSchema for Mib {
    fn schema_name() -> Cow<'static, str> {
        "Mib".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": Self::MAX })
    }
}

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// `name=value`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Tag {
    /// What is wrong with it, if it was not read from a file.
    pub(crate) fn check(&self) -> Result<(), Unfit> {
        match (is_tag_name(&self.name), is_tag_value(&self.value)) {
            (false, _) => Err(Unfit::TagName),
            (true, false) => Err(Unfit::TagValue),
            (true, true) => Ok(()),
        }
    }

    pub(crate) fn into_pair(self) -> (String, String) {
        (self.name, self.value)
    }
}

impl FromStr for Tag {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let (name, value) = text.split_once('=').filter(|(name, _)| is_name(name)).ok_or(Unfit::Tag)?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// Tags are a table in the file.
pub(super) mod tag_table {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize as _, Serializer};

    use super::Tag;

    pub(in crate::run) fn serialize<S: Serializer>(tags: &[Tag], serializer: S) -> Result<S::Ok, S::Error> {
        let table: BTreeMap<_, _> = tags.iter().map(|tag| (&tag.name, &tag.value)).collect();
        table.serialize(serializer)
    }

    pub(in crate::run) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Tag>, D::Error> {
        let table = BTreeMap::<String, String>::deserialize(deserializer)?;
        let tag = |(name, value): (String, String)| {
            let tag = Tag { name, value };
            tag.check().map_err(serde::de::Error::custom)?;
            Ok(tag)
        };
        table.into_iter().map(tag).collect()
    }
}
