//! How are the keys of a running cluster changed by a task? What each step means is said where a thread does it.

use quidnunc_core::seal::{Key, KeyId, Mode};

use super::handle::{Handle, wait};
use crate::cluster_keys::ClusterKeys;
use crate::error::RequestError;
use crate::keys::Care;
use crate::std::Driver;

impl Handle {
    /// As [`std::Handle::keys`](crate::std::Handle::keys).
    ///
    /// # Errors
    /// As there.
    pub async fn keys(&self) -> Result<ClusterKeys, RequestError> {
        self.read(Driver::keys).await?.ok_or(RequestError::NoSeal)
    }

    /// As [`std::Handle::install_key`](crate::std::Handle::install_key). It is done also when this is cancelled.
    ///
    /// # Errors
    /// As there.
    pub async fn install_key(&self, key: Key) -> Result<(), RequestError> {
        wait(self.caller().install_key(key)).await
    }

    /// As [`std::Handle::use_key`](crate::std::Handle::use_key). It is done also when this is cancelled.
    ///
    /// # Errors
    /// As there.
    pub async fn use_key(&self, id: KeyId, care: Care) -> Result<(), RequestError> {
        wait(self.caller().use_key(id, care)).await
    }

    /// As [`std::Handle::remove_key`](crate::std::Handle::remove_key). It is done also when this is cancelled.
    ///
    /// # Errors
    /// As there.
    pub async fn remove_key(&self, id: KeyId, care: Care) -> Result<(), RequestError> {
        wait(self.caller().remove_key(id, care)).await
    }

    /// As [`std::Handle::set_seal_mode`](crate::std::Handle::set_seal_mode). It is done also when this is cancelled.
    ///
    /// # Errors
    /// As there.
    pub async fn set_seal_mode(&self, mode: Mode) -> Result<(), RequestError> {
        wait(self.caller().set_seal_mode(mode)).await
    }
}
