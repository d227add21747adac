//! How are the keys of a running cluster changed?
//!
//! One step after the other, each of them on every node, each node in its own time:
//!
//! 1. [`Handle::install_key`] the new key; go on when [`Handle::keys`] counts it at every member;
//! 2. [`Handle::use_key`]; go on when every member seals with it;
//! 3. [`Handle::remove_key`] the old one.
//!
//! Invariant: what a step has returned is on the node's disk, where it has a file of state, and what a node tells the others
//! of its keys was there before. The checks are against what has come to this node, of members that it holds for alive; whoever
//! is away meanwhile has to be given the new key at its start ([`SealOptions`](crate::SealOptions)).

use quidnunc_core::seal::{Key, KeyId, Mode, Seal};

use super::driver::Driver;
use super::handle::Handle;
use crate::cluster_keys::ClusterKeys;
use crate::error::RequestError;

/// Whether a step is refused that would cut members off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Care {
    /// Refused while a live member is not known to be ready.
    Checked,
    /// Done all the same: when a key is known to somebody who must not have it, or a member will not come back.
    Forced,
}

impl Handle {
    /// Who in the cluster has which key, as far as it has come to this node.
    ///
    /// # Errors
    /// [`RequestError::NoSeal`]; [`RequestError::Stopped`].
    pub fn keys(&self) -> Result<ClusterKeys, RequestError> {
        self.read(Driver::keys)?.ok_or(RequestError::NoSeal)
    }

    /// Adds a key, which opens from now on, and seals in an empty ring only. Returns when the disk has it; then the others
    /// are told. That it was removed once is forgotten.
    ///
    /// # Errors
    /// [`RequestError::Seal`] when the ring is full; [`RequestError::NotKept`]: the node has it, and tells nobody until
    /// the disk has it, too; [`RequestError::NoSeal`]; [`RequestError::Stopped`].
    pub fn install_key(&self, key: Key) -> Result<(), RequestError> {
        self.change_seal(move |seal, _| Ok(seal.install(key)?))
    }

    /// Seals with another key of the ring from now on, and returns when the disk has that. Streams that are open keep theirs.
    ///
    /// # Errors
    /// [`RequestError::KeyLacking`] when live members are not known to have it, unless that is forced; [`RequestError::Seal`]
    /// when it is not in the ring; [`RequestError::NotKept`]; [`RequestError::NoSeal`]; [`RequestError::Stopped`].
    pub fn use_key(&self, id: KeyId, care: Care) -> Result<(), RequestError> {
        self.change_seal(move |seal, keys| {
            let members = keys.lacking(id);
            // Who lacks it here is told of that by the seal.
            if care == Care::Checked && members > 0 && seal.fingerprints().any(|known| known == id) {
                return Err(RequestError::KeyLacking { id, members });
            }
            Ok(seal.use_key(id)?)
        })
    }

    /// Forgets a key, and returns when the disk has that. It does not come back at a restart because it is still given there.
    /// Streams that were opened with it are over: a letter on one is [not known to have arrived](RequestError::NotSent).
    ///
    /// # Errors
    /// [`RequestError::KeySealing`] when live members seal with it, or may, unless that is forced; [`RequestError::Seal`] when
    /// this node does, or when it is not in the ring; [`RequestError::NotKept`]; [`RequestError::NoSeal`];
    /// [`RequestError::Stopped`].
    pub fn remove_key(&self, id: KeyId, care: Care) -> Result<(), RequestError> {
        self.change_seal(move |seal, keys| {
            let members = keys.sealing(id);
            let is_spare = seal.used_key() != Some(id) && seal.fingerprints().any(|known| known == id);
            if care == Care::Checked && members > 0 && is_spare {
                return Err(RequestError::KeySealing { id, members });
            }
            Ok(seal.remove(id)?)
        })
    }

    /// Changes what is sealed and what is let in, and returns when the disk has that: a restart does not loosen it.
    /// Nobody is asked whether the others are ready; [`keys`](Self::keys) shows their modes.
    ///
    /// # Errors
    /// [`RequestError::Seal`] when it needs a key; [`RequestError::NotKept`]; [`RequestError::NoSeal`];
    /// [`RequestError::Stopped`].
    pub fn set_seal_mode(&self, mode: Mode) -> Result<(), RequestError> {
        self.change_seal(move |seal, _| Ok(seal.set_mode(mode)?))
    }

    fn change_seal<F>(&self, change: F) -> Result<(), RequestError>
    where
        F: FnOnce(&mut Seal, &ClusterKeys) -> Result<(), RequestError> + Send + 'static,
    {
        let change = move |driver: &mut Driver| {
            let keys = driver.keys().ok_or(RequestError::NoSeal)?;
            change(driver.seal().ok_or(RequestError::NoSeal)?, &keys)?;
            driver.follow_seal();
            Ok(driver.progress().changed)
        };
        let number: Result<u64, RequestError> = self.act(move |driver| Ok(change(driver)))?;
        self.wait_kept(number?)
    }
}
