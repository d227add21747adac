//! How are the keys of a running cluster changed through a handle?

use quidnunc_core::seal::{Key, KeyId, Mode};

use super::driver::Driver;
use super::handle::{Handle, wait};
use crate::cluster_keys::ClusterKeys;
use crate::error::RequestError;
use crate::keys::Care;

/// Changing the key of a cluster: [`install_key`](Self::install_key) the new one everywhere; when [`keys`](Self::keys) counts it at
/// every member, [`use_key`](Self::use_key) it everywhere; when every member seals with it, [`remove_key`](Self::remove_key) the old
/// one everywhere. No restart, in any order of nodes; each step can be taken back until the next.
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
        wait(self.caller().install_key(key))
    }

    /// Seals with another key of the ring from now on, and returns when the disk has that. Streams that are open keep theirs.
    ///
    /// # Errors
    /// [`RequestError::KeyLacking`] when live members are not known to have it, unless that is forced; [`RequestError::Seal`]
    /// when it is not in the ring; [`RequestError::NotKept`]; [`RequestError::NoSeal`]; [`RequestError::Stopped`].
    pub fn use_key(&self, id: KeyId, care: Care) -> Result<(), RequestError> {
        wait(self.caller().use_key(id, care))
    }

    /// Forgets a key, and returns when the disk has that. It does not come back at a restart because it is still given there.
    /// Streams that were opened with it are over: a letter on one is [not known to have arrived](RequestError::NotSent).
    ///
    /// # Errors
    /// [`RequestError::KeySealing`] when live members seal with it, or may, unless that is forced; [`RequestError::Seal`] when
    /// this node does, or when it is not in the ring; [`RequestError::NotKept`]; [`RequestError::NoSeal`];
    /// [`RequestError::Stopped`].
    pub fn remove_key(&self, id: KeyId, care: Care) -> Result<(), RequestError> {
        wait(self.caller().remove_key(id, care))
    }

    /// Changes what is sealed and what is let in, and returns when the disk has that: a restart does not loosen it.
    /// Nobody is asked whether the others are ready; [`keys`](Self::keys) shows their modes.
    ///
    /// # Errors
    /// [`RequestError::Seal`] when it needs a key; [`RequestError::NotKept`]; [`RequestError::NoSeal`];
    /// [`RequestError::Stopped`].
    pub fn set_seal_mode(&self, mode: Mode) -> Result<(), RequestError> {
        wait(self.caller().set_seal_mode(mode))
    }
}
