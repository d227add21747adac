//! What do agents write to each other?
//!
//! JSON that begins with which kind it is, in letters and in notes; whatever else comes to a mailbox is an application's.

use serde::{Deserialize, Serialize};

use crate::doctor::Words;
use crate::run::KeyOrder;

/// Which letters these are; another number is of a later release.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Letter<T> {
    quidnunc_agent: u32,
    #[serde(flatten)]
    says: T,
}

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Says {
    /// A step with a key.
    Key(KeyOrder),
    /// Words of whoever looks for what is wrong.
    Doctor(Words),
}

pub(crate) fn write(says: &Says) -> Vec<u8> {
    // None of our types fails to be written.
    serde_json::to_vec(&Letter { quidnunc_agent: VERSION, says }).unwrap_or_default()
}

/// The most bytes that one of ours has.
const BYTES_MAX: usize = 16 << 10;

/// What a letter or a note says, if it is one of ours.
pub(crate) fn read(bytes: &[u8]) -> Option<Says> {
    if bytes.len() > BYTES_MAX {
        return None;
    }
    let Letter { quidnunc_agent, says } = serde_json::from_slice(bytes).ok()?;
    (quidnunc_agent == VERSION).then_some(says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_applications_are_none_of_ours() {
        for other in [&b""[..], b"{}", b"\xff", b"{\"quidnunc_agent\":2,\"key\":{\"use\":\"00000000\"}}"] {
            assert!(read(other).is_none());
        }
        let long = format!("{{\"quidnunc_agent\":1,\"key\":{{\"use\":\"{}\"}}}}", "0".repeat(BYTES_MAX));
        assert!(read(long.as_bytes()).is_none());
        let ours = br#"{"quidnunc_agent":1,"key":{"use":"00000000"}}"#;
        let says = Says::Key(KeyOrder::Use("00000000".into()));
        assert_eq!((read(ours), write(&says)), (Some(says), ours.to_vec()));
    }
}
