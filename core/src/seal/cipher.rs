//! AES-GCM with keys of three lengths, in place.

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::aead::consts::U12;
use aes_gcm::aes::{Aes128Enc, Aes192Enc, Aes256Enc};
use aes_gcm::{AesGcm, KeyInit as _};

/// Bytes of the tag behind a sealed text.
pub(super) const TAG_BYTES: usize = 16;

/// One key that is ready to use. All of it is wiped when dropped.
pub(super) enum Cipher {
    Aes128(AesGcm<Aes128Enc, U12>),
    Aes192(AesGcm<Aes192Enc, U12>),
    Aes256(AesGcm<Aes256Enc, U12>),
}

impl Cipher {
    /// The cipher of a key, which has 16, 24 or 32 bytes.
    pub(super) fn new(key: &[u8]) -> Self {
        let of_some_length = "a key has 16, 24 or 32 bytes";
        match key.len() {
            16 => Self::Aes128(AesGcm::new_from_slice(key).expect(of_some_length)),
            24 => Self::Aes192(AesGcm::new_from_slice(key).expect(of_some_length)),
            _ => Self::Aes256(AesGcm::new_from_slice(key).expect(of_some_length)),
        }
    }

    /// Seals a text in place and returns its tag. A nonce must never be used twice.
    pub(super) fn seal(&self, nonce: [u8; 12], head: &[u8], text: &mut [u8]) -> [u8; TAG_BYTES] {
        let (nonce, text) = (nonce.into(), text.into());
        let tag = match self {
            Self::Aes128(cipher) => cipher.encrypt_inout_detached(&nonce, head, text),
            Self::Aes192(cipher) => cipher.encrypt_inout_detached(&nonce, head, text),
            Self::Aes256(cipher) => cipher.encrypt_inout_detached(&nonce, head, text),
        };
        tag.expect("a datagram is far shorter than 64 GiB").into()
    }

    /// Opens a text in place, or leaves it as it is when anything about it is not as it was sealed.
    pub(super) fn open(&self, nonce: [u8; 12], head: &[u8], text: &mut [u8], tag: [u8; TAG_BYTES]) -> bool {
        let (nonce, text, tag) = (nonce.into(), text.into(), tag.into());
        match self {
            Self::Aes128(cipher) => cipher.decrypt_inout_detached(&nonce, head, text, &tag),
            Self::Aes192(cipher) => cipher.decrypt_inout_detached(&nonce, head, text, &tag),
            Self::Aes256(cipher) => cipher.decrypt_inout_detached(&nonce, head, text, &tag),
        }
        .is_ok()
    }
}
