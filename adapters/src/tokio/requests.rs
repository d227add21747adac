//! What can a node that runs as a task be asked?
//!
//! The same as one that runs in a thread, so that what each means is said there.

use std::net::SocketAddr;
use std::time::Duration;

use quidnunc_core::{GroupDef, InfoValue, KeyPattern, LinkView, MemberView, NodeId, StandingChange, Stats};

use super::Handle;
use super::handle::wait;
use crate::error::RequestError;
use crate::info::Info;

impl Handle {
    /// As [`std::Handle::join`](crate::std::Handle::join).
    ///
    /// # Errors
    /// As there.
    pub async fn join(&self, seeds: &[SocketAddr]) -> Result<(), RequestError> {
        wait(self.caller().join(seeds)).await
    }

    /// As [`std::Handle::join_names`](crate::std::Handle::join_names). Returns at once.
    ///
    /// # Errors
    /// As there.
    pub fn join_names<S: Into<String>>(&self, names: impl IntoIterator<Item = S>) -> Result<(), RequestError> {
        let names = names.into_iter().map(Into::into).collect();
        self.caller().join_names(names, self.local_addr().is_ipv4())
    }

    /// As [`std::Handle::members`](crate::std::Handle::members).
    ///
    /// # Errors
    /// As there.
    pub async fn members(&self) -> Result<Vec<MemberView>, RequestError> {
        wait(self.caller().members()).await
    }

    /// As [`std::Handle::remove`](crate::std::Handle::remove).
    ///
    /// # Errors
    /// As there.
    pub async fn remove(&self, id: NodeId) -> Result<(), RequestError> {
        wait(self.caller().remove(id)).await
    }

    /// As [`std::Handle::set_addresses`](crate::std::Handle::set_addresses).
    ///
    /// # Errors
    /// As there.
    pub async fn set_addresses(&self, also: &[SocketAddr]) -> Result<(), RequestError> {
        wait(self.caller().set_addresses(also)).await
    }

    /// As [`std::Handle::put`](crate::std::Handle::put).
    ///
    /// # Errors
    /// As there.
    pub async fn put(&self, key: &[u8], value: &[u8], ttl: Option<Duration>) -> Result<(), RequestError> {
        wait(self.caller().put(key, value, ttl)).await
    }

    /// As [`std::Handle::put_and_wait`](crate::std::Handle::put_and_wait).
    ///
    /// # Errors
    /// As there.
    pub async fn put_and_wait(
        &self,
        key: &[u8],
        value: &[u8],
        (replicas, domains): (u32, u32),
        timeout: Duration,
    ) -> Result<(), RequestError> {
        wait(self.caller().put_and_wait(key, value, (replicas, domains), timeout)).await
    }

    /// As [`std::Handle::delete`](crate::std::Handle::delete).
    ///
    /// # Errors
    /// As there.
    pub async fn delete(&self, key: &[u8]) -> Result<(), RequestError> {
        wait(self.caller().delete(key)).await
    }

    /// As [`std::Handle::get`](crate::std::Handle::get).
    ///
    /// # Errors
    /// As there.
    pub async fn get(&self, owner: NodeId, key: &[u8]) -> Result<Option<Vec<u8>>, RequestError> {
        wait(self.caller().get(owner, key)).await
    }

    /// As [`std::Handle::watch`](crate::std::Handle::watch).
    ///
    /// # Errors
    /// As there.
    pub async fn watch(&self, prefix: &[u8]) -> Result<(), RequestError> {
        wait(self.caller().watch(prefix)).await
    }

    /// As [`std::Handle::add_info`](crate::std::Handle::add_info).
    ///
    /// # Errors
    /// As there.
    pub async fn add_info(&self, key: &[u8], value: InfoValue<'_>, ttl: Option<Duration>) -> Result<(), RequestError> {
        wait(self.caller().add_info(key, value, ttl)).await
    }

    /// As [`std::Handle::delete_info`](crate::std::Handle::delete_info).
    ///
    /// # Errors
    /// As there.
    pub async fn delete_info(&self, key: &[u8]) -> Result<(), RequestError> {
        wait(self.caller().delete_info(key)).await
    }

    /// As [`std::Handle::infos`](crate::std::Handle::infos).
    ///
    /// # Errors
    /// As there.
    pub async fn infos(&self, pattern: KeyPattern<'_>) -> Result<Vec<Info>, RequestError> {
        wait(self.caller().infos(pattern)).await
    }

    /// As [`std::Handle::watch_infos`](crate::std::Handle::watch_infos).
    ///
    /// # Errors
    /// As there.
    pub async fn watch_infos(&self, pattern: KeyPattern<'_>, repeats: bool) -> Result<(), RequestError> {
        wait(self.caller().watch_infos(pattern, repeats)).await
    }

    /// As [`std::Handle::register_group`](crate::std::Handle::register_group).
    ///
    /// # Errors
    /// As there.
    pub async fn register_group(&self, group: GroupDef<'_>) -> Result<(), RequestError> {
        wait(self.caller().register_group(group)).await
    }

    /// As [`std::Handle::group`](crate::std::Handle::group).
    ///
    /// # Errors
    /// As there.
    pub async fn group(&self, pattern: KeyPattern<'_>) -> Result<Option<Vec<Info>>, RequestError> {
        wait(self.caller().group(pattern)).await
    }

    /// As [`std::Handle::send_event`](crate::std::Handle::send_event).
    ///
    /// # Errors
    /// As there.
    pub async fn send_event(&self, name: &[u8], payload: &[u8], ttl: Duration) -> Result<(), RequestError> {
        wait(self.caller().send_event(name, payload, ttl)).await
    }

    /// As [`std::Handle::send_note`](crate::std::Handle::send_note).
    ///
    /// # Errors
    /// As there.
    pub async fn send_note(&self, to: NodeId, bytes: &[u8]) -> Result<(), RequestError> {
        wait(self.caller().send_note(to, bytes)).await
    }

    /// As [`std::Handle::standing`](crate::std::Handle::standing).
    ///
    /// # Errors
    /// As there.
    pub async fn standing(&self) -> Result<Option<StandingChange>, RequestError> {
        wait(self.caller().standing()).await
    }

    /// As [`std::Handle::links`](crate::std::Handle::links).
    ///
    /// # Errors
    /// As there.
    pub async fn links(&self) -> Result<Vec<LinkView>, RequestError> {
        wait(self.caller().links()).await
    }

    /// As [`std::Handle::stats`](crate::std::Handle::stats).
    ///
    /// # Errors
    /// As there.
    pub async fn stats(&self) -> Result<Stats, RequestError> {
        wait(self.caller().stats()).await
    }
}
