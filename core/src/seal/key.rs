//! What is a key, how is it called, and what is derived from it?

use core::fmt;

use aes_gcm::aes::Aes128Enc;
use aes_gcm::aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::error::SealError;
use crate::vocab::NodeId;

/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 32;

/// The random bytes that a subkey is derived with: one salt per start of a node.
pub(super) type Salt = [u8; 16];

const ID_LABEL: &[u8] = b"quidnunc seal v1 key id";
const PACKETS_LABEL: &[u8] = b"quidnunc seal v1 packets";
const BLUR_LABEL: &[u8] = b"quidnunc seal v1 nonces";

/// A key of the cluster: AES-128, AES-192 or AES-256 by its length. It is never printed, and wiped when dropped.
#[derive(Clone)]
pub struct Key {
    bytes: Zeroizing<[u8; KEY_BYTES_MAX]>,
    len: usize,
    id: KeyId,
}

/// The name of a key: a fingerprint from which the key cannot be found. It travels in every sealed datagram
/// and at the head of every sealed stream.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 4]);

impl Key {
    /// A key of 16, 24 or 32 bytes. They must be random: a password is none.
    ///
    /// # Errors
    /// [`SealError::KeyLength`] for any other length.
    pub fn new(secret: &[u8]) -> Result<Self, SealError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES_MAX]);
        let wrong = SealError::KeyLength { len: secret.len() };
        if !matches!(secret.len(), 16 | 24 | 32) {
            return Err(wrong);
        }
        bytes.get_mut(..secret.len()).ok_or(wrong)?.copy_from_slice(secret);
        let mut id = [0; 4];
        hkdf(secret, &[], &[ID_LABEL], &mut id);
        Ok(Self { bytes, len: secret.len(), id: KeyId(id) })
    }

    /// What the key is called.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The cipher of everything that a sender seals under one salt.
    pub(super) fn subkey(&self, sender: NodeId, salt: &Salt) -> Cipher {
        self.cipher(salt, &[PACKETS_LABEL, &sender.to_bytes()])
    }

    /// What makes a sender's nonces differ where their texts do.
    pub(super) fn packet_blur(&self, sender: NodeId, salt: &Salt) -> Blur {
        self.blur(salt, &[BLUR_LABEL, &sender.to_bytes()])
    }

    /// The cipher of a subkey, which is as long as the key.
    pub(super) fn cipher(&self, salt: &[u8], info: &[&[u8]]) -> Cipher {
        let mut subkey = Zeroizing::new([0; KEY_BYTES_MAX]);
        let (subkey, _) = subkey.split_at_mut(self.len);
        hkdf(self.secret(), salt, info, subkey);
        Cipher::new(subkey)
    }

    pub(super) fn blur(&self, salt: &[u8], info: &[&[u8]]) -> Blur {
        let mut subkey = Zeroizing::new([0; 16]);
        hkdf(self.secret(), salt, info, &mut *subkey);
        Blur(Aes128Enc::new(&(*subkey).into()))
    }

    /// The key itself, for whoever has to keep it.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        self.bytes.split_at(self.len).0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

impl KeyId {
    /// The fingerprint with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The bytes, as they travel.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A keyed function of a datagram's counter, checksum and length: four more bytes for its nonce, so that two
/// processes that were copied from one another use the same nonce for different texts once in 2^32 times only.
pub(super) struct Blur(Aes128Enc);

impl Blur {
    pub(super) fn of(&self, counter: u64, checksum: u32, len: u32) -> [u8; 4] {
        let number = u128::from(counter) << 64 | u128::from(checksum) << 32 | u128::from(len);
        let mut block = number.to_le_bytes().into();
        self.0.encrypt_block(&mut block);
        let [a, b, c, d, ..] = block.0;
        [a, b, c, d]
    }
}

/// Derives bytes from a secret: HKDF with SHA-256 (RFC 5869). An empty salt is as good as none.
pub(super) fn hkdf(secret: &[u8], salt: &[u8], info: &[&[u8]], out: &mut [u8]) {
    let derived = Hkdf::<Sha256>::new(Some(salt), secret).expand_multi_info(info, out);
    derived.expect("what is asked for is far shorter than 8160 bytes");
}
