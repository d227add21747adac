//! How does a key travel to those who have another one, so that nobody else reads it, not even on the machines between?
//!
//! The key that wraps, its name, a salt that is used once, and what is inside: sealed with a subkey of its own.

use alloc::vec::Vec;

use super::cipher::TAG_BYTES;
use super::key::{Key, KeyId, Salt};
use super::ring::KeyRing;

const LABEL: &[u8] = b"quidnunc seal v1 wrapped key";

/// Each salt has a subkey of its own, which seals one text.
const NONCE: [u8; 12] = [0; 12];

impl KeyRing {
    /// A key that only whoever has the ring's used key can [unwrap](Self::unwrap). `salt` is 16 random bytes that are used once.
    /// `None` for a ring without a used key.
    #[must_use]
    pub fn wrap(&self, key: &Key, salt: &[u8; 16]) -> Option<Vec<u8>> {
        let by = self.keys().find(|by| Some(by.id()) == self.used())?;
        let head = by.id().to_bytes();
        let mut text = key.secret().to_vec();
        let tag = by.cipher(salt, &[LABEL]).seal(NONCE, &head, &mut text);
        Some([&head, &salt[..], &text, &tag].concat())
    }

    /// The key that was [wrapped](Self::wrap) with one of this ring's; `None` for anything else.
    #[must_use]
    pub fn unwrap(&self, bytes: &[u8]) -> Option<Key> {
        let (head, rest) = bytes.split_first_chunk()?;
        let (salt, rest): (&Salt, _) = rest.split_first_chunk()?;
        let (text, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
        let by = self.keys().find(|by| by.id() == KeyId::from_bytes(*head))?;
        let mut text = text.to_vec();
        by.cipher(salt, &[LABEL]).open(NONCE, head, &mut text, *tag).then(|| Key::new(&text).ok())?
    }
}
