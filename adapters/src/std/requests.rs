//! What can a running node be asked?

use ::std::net::SocketAddr;
use ::std::time::Duration;

use quidnunc_core::{Command, LinkView, MemberView, NodeId, StandingChange, Stats};

use super::Handle;
use crate::error::RequestError;

impl Handle {
    /// Asks to become a member of the cluster that one of the seeds belongs to. [`Event::Joined`] follows
    /// when one of them let the node in; until then they are asked in turn, again and again.
    ///
    /// # Errors
    /// [`RequestError::Refused`] without seeds, with too many, or after a [`leave`](Self::leave);
    /// [`RequestError::Stopped`].
    ///
    /// [`Event::Joined`]: quidnunc_core::Event::Joined
    pub fn join(&self, seeds: &[SocketAddr]) -> Result<(), RequestError> {
        let seeds = seeds.to_vec();
        self.act(move |driver| driver.command(Command::Join { seeds: &seeds }))
    }

    /// Every member that was ever heard of, the dead included, this node first.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub fn members(&self) -> Result<Vec<MemberView>, RequestError> {
        self.read(|driver| driver.view().members().collect())
    }

    /// Declares that a dead member will not come back in this life; see [`Command::Remove`].
    ///
    /// # Errors
    /// [`RequestError::Refused`] when the member is not dead, or after a [`leave`](Self::leave);
    /// [`RequestError::Stopped`].
    pub fn remove(&self, id: NodeId) -> Result<(), RequestError> {
        self.act(move |driver| driver.command(Command::Remove { id }))
    }

    /// Lets a key of the node's own map stand for a value, for ever or for a while. All members hear of it. Where the map is
    /// kept ([`StateFile::keeps_map`](crate::StateFile)), this and the others that write return when the disk has it.
    ///
    /// # Errors
    /// [`RequestError::Refused`] for a key or a value or a time that cannot be, when the map is full, when too much was
    /// written lately, or after a [`leave`](Self::leave); [`RequestError::NotKept`]; [`RequestError::Stopped`].
    pub fn put(&self, key: &[u8], value: &[u8], ttl: Option<Duration>) -> Result<(), RequestError> {
        let (key, value) = (key.to_vec(), value.to_vec());
        self.write(move |driver| {
            driver.command(match ttl {
                Some(ttl) => Command::PutWithTtl { key: &key, value: &value, ttl },
                None => Command::Put { key: &key, value: &value },
            })
        })
    }

    /// Lets a key of the node's own map stand for a value for ever, and reports when so many others in so many domains
    /// hold it: [`Event::Replicated`] follows, or [`Event::NotReplicated`] after the timeout, which is not waited for.
    ///
    /// # Errors
    /// [`RequestError::Refused`] as from [`put`](Self::put), without replicas, with more domains than replicas, for a
    /// timeout that is too short or too long, or when too many waits are open; [`RequestError::Stopped`].
    ///
    /// [`Event::Replicated`]: quidnunc_core::Event::Replicated
    /// [`Event::NotReplicated`]: quidnunc_core::Event::NotReplicated
    pub fn put_and_wait(
        &self,
        key: &[u8],
        value: &[u8],
        (replicas, domains): (u32, u32),
        timeout: Duration,
    ) -> Result<(), RequestError> {
        let (key, value) = (key.to_vec(), value.to_vec());
        self.write(move |driver| {
            driver.command(Command::PutAndWait { key: &key, value: &value, replicas, domains, timeout })
        })
    }

    /// Lets a key of the node's own map stand for nothing.
    ///
    /// # Errors
    /// [`RequestError::Refused`] for a key that cannot be, or after a [`leave`](Self::leave);
    /// [`RequestError::Stopped`].
    pub fn delete(&self, key: &[u8]) -> Result<(), RequestError> {
        let key = key.to_vec();
        self.write(move |driver| driver.command(Command::Delete { key: &key }))
    }

    /// What a key of a member's map stands for, as far as it has come here; `None` for nothing.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub fn get(&self, owner: NodeId, key: &[u8]) -> Result<Option<Vec<u8>>, RequestError> {
        let key = key.to_vec();
        self.read(move |driver| driver.view().value(owner, &key).map(|value| value.value.to_vec()))
    }

    /// Reports from now on what becomes of all keys with a prefix, whoever owns them ([`Event::Value`]).
    ///
    /// # Errors
    /// [`RequestError::Refused`] when too many prefixes are watched, or after a [`leave`](Self::leave);
    /// [`RequestError::Stopped`].
    ///
    /// [`Event::Value`]: quidnunc_core::Event::Value
    pub fn watch(&self, prefix: &[u8]) -> Result<(), RequestError> {
        let prefix = prefix.to_vec();
        self.act(move |driver| driver.command(Command::Watch { prefix: &prefix }))
    }

    /// Whether this node may act, and why; `None` where the config has no quorum. It is advice and no lock.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub fn standing(&self) -> Result<Option<StandingChange>, RequestError> {
        self.read(|driver| driver.view().standing_report())
    }

    /// The links of this node, those that it opened first.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub fn links(&self) -> Result<Vec<LinkView>, RequestError> {
        self.read(|driver| driver.view().outgoing().chain(driver.view().incoming()).collect())
    }

    /// What the node has counted since its start.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub fn stats(&self) -> Result<Stats, RequestError> {
        self.read(|driver| *driver.view().stats())
    }
}
