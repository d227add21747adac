//! What do the two sides of a sealed stream say first, and what follows from it?
//!
//! ```text
//! hello    magic "qns" · version u8 · role u8 · cluster u32 le · key 4 · sender 16 · salt 16 · tag 16
//! salts    that of the opener, that of the accepter
//! parties  cluster u32 le · id of the opener · id of the accepter
//!
//! tag of the opener    HKDF(key, salt of the opener, label ‖ cluster ‖ its id)   over its hello
//! tag of the accepter  HKDF(key, salts, label ‖ parties)                         over both hellos
//! records              HKDF(key, salts, label ‖ role ‖ parties)                  one subkey per direction
//! ```
//!
//! A tag is that of AES-GCM over no text, and each of these subkeys makes one. The first four bytes, read as the length
//! of a message, are more than any message may have: so a plain stream is never taken for a sealed one.

use super::super::cipher::{Cipher, TAG_BYTES};
use super::super::error::Refused;
use super::super::key::{Key, KeyId, Salt};
use super::record::Half;
use crate::vocab::NodeId;

/// Bytes of a hello, as it is sent.
pub const HELLO_BYTES: usize = HEAD_BYTES + TAG_BYTES;

const HEAD_BYTES: usize = 3 + 1 + 1 + 4 + 4 + 16 + 16;
const MAGIC: [u8; 3] = *b"qns";
const VERSION: u8 = 1;
/// Each subkey of a hello seals once.
const NONCE: [u8; 12] = [0; 12];

const OPENER_LABEL: &[u8] = b"quidnunc seal v1 stream opener";
const ACCEPTER_LABEL: &[u8] = b"quidnunc seal v1 stream accepter";
const RECORDS_LABEL: &[u8] = b"quidnunc seal v1 stream records";
const NONCES_LABEL: &[u8] = b"quidnunc seal v1 stream nonces";

/// Which side of a stream somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Opener = 1,
    Accepter = 2,
}

/// Whether the first bytes of a stream are those of a hello; `None` while that is open.
pub(super) fn is_hello(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [m0, m1, m2, version, ..] => Some([*m0, *m1, *m2] == MAGIC && *version > 0),
        few => {
            if MAGIC.starts_with(few) {
                None
            } else {
                Some(false)
            }
        }
    }
}

/// A hello without its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hello {
    pub(super) role: Role,
    pub(super) cluster: u32,
    pub(super) key: KeyId,
    pub(super) sender: NodeId,
    pub(super) salt: Salt,
}

impl Hello {
    /// Reads the hello of somebody who should be of this role and cluster. Its tag is not looked at.
    pub(super) fn read(bytes: &[u8; HELLO_BYTES], role: Role, cluster: u32) -> Result<Self, Refused> {
        let cut = Refused::Truncated;
        let (&[_, _, _, version, its_role, c0, c1, c2, c3], rest) = bytes.split_first_chunk().ok_or(cut)?;
        let its_cluster = u32::from_le_bytes([c0, c1, c2, c3]);
        if version != VERSION || !matches!(its_role, 1 | 2) {
            return Err(Refused::Unknown);
        }
        if its_role != role as u8 {
            return Err(Refused::Reflected);
        }
        if its_cluster != cluster {
            return Err(Refused::Cluster);
        }
        let (&key, rest) = rest.split_first_chunk().ok_or(cut)?;
        let (&sender, rest) = rest.split_first_chunk().ok_or(cut)?;
        let (&salt, _) = rest.split_first_chunk().ok_or(cut)?;
        Ok(Self { role, cluster, key: KeyId::from_bytes(key), sender: NodeId::from_bytes(sender), salt })
    }

    /// The hello with the tag of this cipher, behind what was said before.
    fn write(&self, cipher: &Cipher, before: &[u8]) -> [u8; HELLO_BYTES] {
        let head = self.head();
        let tag = cipher.seal(NONCE, &[before, &head].concat(), &mut []);
        let mut bytes = [0; HELLO_BYTES];
        bytes.iter_mut().zip(head.into_iter().chain(tag)).for_each(|(to, from)| *to = from);
        bytes
    }

    fn head(&self) -> [u8; HEAD_BYTES] {
        let [m0, m1, m2] = MAGIC;
        let Self { role, cluster, key, sender, salt } = *self;
        let parts = [m0, m1, m2, VERSION, role as u8].into_iter().chain(cluster.to_le_bytes());
        let parts = parts.chain(key.to_bytes()).chain(sender.to_bytes()).chain(salt);
        let mut head = [0; HEAD_BYTES];
        head.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        head
    }
}

/// Whether a hello has the tag of this cipher, behind what was said before.
fn is_sealed_by(cipher: &Cipher, before: &[u8], hello: &[u8; HELLO_BYTES]) -> Result<(), Refused> {
    let (head, &tag) = hello.split_last_chunk::<TAG_BYTES>().ok_or(Refused::Truncated)?;
    let is_right = cipher.open(NONCE, &[before, head].concat(), &mut [], tag);
    if is_right { Ok(()) } else { Err(Refused::Forged) }
}

fn opener_cipher(key: &Key, hello: &Hello) -> Cipher {
    key.cipher(&hello.salt, &[OPENER_LABEL, &hello.cluster.to_le_bytes(), &hello.sender.to_bytes()])
}

/// The hello of an opener, sealed.
pub(super) fn write_opener(key: &Key, hello: &Hello) -> [u8; HELLO_BYTES] {
    hello.write(&opener_cipher(key, hello), &[])
}

/// Whether a holder of the key has said this hello of an opener once.
pub(super) fn check_opener(key: &Key, hello: &Hello, bytes: &[u8; HELLO_BYTES]) -> Result<(), Refused> {
    is_sealed_by(&opener_cipher(key, hello), &[], bytes)
}

/// Who is at the ends of a stream, and the salts of both.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) opener: Hello,
    pub(super) accepter: Hello,
}

impl Ends {
    fn salts(&self) -> [u8; 32] {
        let mut salts = [0; 32];
        let both = self.opener.salt.into_iter().chain(self.accepter.salt);
        salts.iter_mut().zip(both).for_each(|(to, from)| *to = from);
        salts
    }

    fn parties(&self) -> [[u8; 16]; 2] {
        [self.opener.sender.to_bytes(), self.accepter.sender.to_bytes()]
    }

    fn answer_cipher(&self, key: &Key) -> Cipher {
        let (cluster, [opener, accepter]) = (self.opener.cluster.to_le_bytes(), self.parties());
        key.cipher(&self.salts(), &[ACCEPTER_LABEL, &cluster, &opener, &accepter])
    }

    /// The hello of the accepter, sealed behind that of the opener.
    pub(super) fn write_answer(&self, key: &Key, opener: &[u8; HELLO_BYTES]) -> [u8; HELLO_BYTES] {
        self.accepter.write(&self.answer_cipher(key), opener)
    }

    /// Whether a holder of the key has answered just this hello.
    pub(super) fn check_answer(
        &self,
        key: &Key,
        opener: &[u8; HELLO_BYTES],
        answer: &[u8; HELLO_BYTES],
    ) -> Result<(), Refused> {
        if self.accepter.key != self.opener.key {
            return Err(Refused::Forged);
        }
        is_sealed_by(&self.answer_cipher(key), opener, answer)
    }

    /// What seals, or opens, what one side says.
    pub(super) fn half(&self, key: &Key, speaker: Role) -> Half {
        let (cluster, [opener, accepter]) = (self.opener.cluster.to_le_bytes(), self.parties());
        let (role, salts) = ([speaker as u8], self.salts());
        let info = |label| [label, &role[..], &cluster, &opener, &accepter];
        Half::new(key.cipher(&salts, &info(RECORDS_LABEL)), key.blur(&salts, &info(NONCES_LABEL)))
    }
}
