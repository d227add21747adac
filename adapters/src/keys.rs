//! How are the keys of a running cluster changed, however one waits for the answer?
//!
//! One step after the other, each of them on every node, each node in its own time:
//!
//! 1. `install_key` the new key; go on when `keys` counts it at every member;
//! 2. `use_key`; go on when every member seals with it;
//! 3. `remove_key` the old one.
//!
//! Invariant: what a step has answered is on the node's disk, where it has a file of state, and what a node tells the others
//! of its keys was there before. The checks are against what has come to this node, of members that it holds for alive; whoever
//! is away meanwhile has to be given the new key at its start ([`SealOptions`](crate::SealOptions)).

use quidnunc_core::seal::{Key, KeyId, Mode, Seal};

use crate::cluster_keys::ClusterKeys;
use crate::error::RequestError;
use crate::worker::{Answer, Caller};

/// Whether a step is refused that would cut members off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Care {
    /// Refused while a live member is not known to be ready.
    Checked,
    /// Done all the same: when a key is known to somebody who must not have it, or a member will not come back.
    Forced,
}

impl Caller {
    pub(crate) fn install_key(&self, key: Key) -> Answer<()> {
        self.change_seal(move |seal, _| Ok(seal.install(key)?))
    }

    pub(crate) fn use_key(&self, id: KeyId, care: Care) -> Answer<()> {
        self.change_seal(move |seal, keys| {
            let members = keys.lacking(id);
            // That this node lacks it is for the seal to say.
            if care == Care::Checked && members > 0 && has(seal, id) {
                return Err(RequestError::KeyLacking { id, members });
            }
            Ok(seal.use_key(id)?)
        })
    }

    pub(crate) fn remove_key(&self, id: KeyId, care: Care) -> Answer<()> {
        self.change_seal(move |seal, keys| {
            let members = keys.sealing(id);
            let is_spare = seal.used_key() != Some(id) && has(seal, id);
            if care == Care::Checked && members > 0 && is_spare {
                return Err(RequestError::KeySealing { id, members });
            }
            Ok(seal.remove(id)?)
        })
    }

    pub(crate) fn set_seal_mode(&self, mode: Mode) -> Answer<()> {
        self.change_seal(move |seal, _| Ok(seal.set_mode(mode)?))
    }

    fn change_seal<F>(&self, change: F) -> Answer<()>
    where
        F: FnOnce(&mut Seal, &ClusterKeys) -> Result<(), RequestError> + Send + 'static,
    {
        self.keep(move |driver| {
            let keys = driver.keys().ok_or(RequestError::NoSeal)?;
            change(driver.seal().ok_or(RequestError::NoSeal)?, &keys)?;
            driver.follow_seal();
            Ok(())
        })
    }
}

fn has(seal: &Seal, id: KeyId) -> bool {
    seal.fingerprints().any(|known| known == id)
}
