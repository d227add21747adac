//! What can a running node be asked?

use ::std::net::SocketAddr;
use ::std::time::Duration;

use quidnunc_core::{GroupDef, InfoValue, KeyPattern, LinkView, MemberView, NodeId, StandingChange, Stats};

use super::Handle;
use super::handle::wait;
use crate::error::RequestError;
use crate::info::Info;

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
        wait(self.caller().join(seeds))
    }

    /// Asks to become a member of the cluster that one of these belongs to, each a name and a port, as in
    /// `"gossip.example.org:7946"`. The names are looked up now and every five seconds, until the node knows a live member
    /// besides itself or has stopped; one that stands for nobody is no error, and addresses of another family than the node's,
    /// or outside [`Config::allowed`](quidnunc_core::Config::allowed), are left out. They take the place of names that were
    /// given before. Returns at once.
    ///
    /// # Errors
    /// [`RequestError::Refused`] without names; [`RequestError::Stopped`], also when there is no thread to be had.
    pub fn join_names<S: Into<String>>(&self, names: impl IntoIterator<Item = S>) -> Result<(), RequestError> {
        let names = names.into_iter().map(Into::into).collect();
        self.caller().join_names(names, self.local_addr().is_ipv4())
    }

    /// Every member that was ever heard of, the dead included, this node first.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub fn members(&self) -> Result<Vec<MemberView>, RequestError> {
        wait(self.caller().members())
    }

    /// Declares that a dead member will not come back in this life; see [`Command::Remove`](quidnunc_core::Command::Remove).
    ///
    /// # Errors
    /// [`RequestError::Refused`] when the member is not dead, or after a [`leave`](Self::leave);
    /// [`RequestError::Stopped`].
    pub fn remove(&self, id: NodeId) -> Result<(), RequestError> {
        wait(self.caller().remove(id))
    }

    /// Says where else the others reach this node, instead of what was said before; see
    /// [`Options::also`](crate::Options::also) and [`Command::Addresses`](quidnunc_core::Command::Addresses).
    ///
    /// # Errors
    /// [`RequestError::Refused`] for too many, for one at which nobody of this cluster can be reached, when the map is full,
    /// when too much was written lately, or after a [`leave`](Self::leave); [`RequestError::NotKept`];
    /// [`RequestError::Stopped`].
    pub fn set_addresses(&self, also: &[SocketAddr]) -> Result<(), RequestError> {
        wait(self.caller().set_addresses(also))
    }

    /// Lets a key of the node's own map stand for a value, for ever or for a while. All members hear of it. Where the map is
    /// kept ([`StateFile::keeps_map`](crate::StateFile)), this and the others that write return when the disk has it.
    ///
    /// # Errors
    /// [`RequestError::Refused`] for a key or a value or a time that cannot be, when the map is full, when too much was
    /// written lately, or after a [`leave`](Self::leave); [`RequestError::NotKept`]; [`RequestError::Stopped`].
    pub fn put(&self, key: &[u8], value: &[u8], ttl: Option<Duration>) -> Result<(), RequestError> {
        wait(self.caller().put(key, value, ttl))
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
        wait(self.caller().put_and_wait(key, value, (replicas, domains), timeout))
    }

    /// Lets a key of the node's own map stand for nothing.
    ///
    /// # Errors
    /// [`RequestError::Refused`] for a key that cannot be, or after a [`leave`](Self::leave);
    /// [`RequestError::Stopped`].
    pub fn delete(&self, key: &[u8]) -> Result<(), RequestError> {
        wait(self.caller().delete(key))
    }

    /// What a key of a member's map stands for, as far as it has come here; `None` for nothing.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub fn get(&self, owner: NodeId, key: &[u8]) -> Result<Option<Vec<u8>>, RequestError> {
        wait(self.caller().get(owner, key))
    }

    /// Reports from now on what becomes of all keys with a prefix, whoever owns them ([`Event::Value`]).
    ///
    /// # Errors
    /// [`RequestError::Refused`] when too many prefixes are watched, or after a [`leave`](Self::leave);
    /// [`RequestError::Stopped`].
    ///
    /// [`Event::Value`]: quidnunc_core::Event::Value
    pub fn watch(&self, prefix: &[u8]) -> Result<(), RequestError> {
        wait(self.caller().watch(prefix))
    }

    /// Tells everybody a value under a key, in place of whoever said something of that key before, for ever or for a while.
    ///
    /// # Errors
    /// [`RequestError::Refused`] without [`Config::infos`], for a key, a value or a time that cannot be, when there are too
    /// many, or after a [`leave`](Self::leave); [`RequestError::Stopped`].
    ///
    /// [`Config::infos`]: quidnunc_core::Config::infos
    pub fn add_info(&self, key: &[u8], value: InfoValue<'_>, ttl: Option<Duration>) -> Result<(), RequestError> {
        wait(self.caller().add_info(key, value, ttl))
    }

    /// Deletes an info, whoever issued it.
    ///
    /// # Errors
    /// [`RequestError::Refused`] as from [`add_info`](Self::add_info); [`RequestError::Stopped`].
    pub fn delete_info(&self, key: &[u8]) -> Result<(), RequestError> {
        wait(self.caller().delete_info(key))
    }

    /// The infos whose keys match, as far as they have come here, in the order of their keys.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub fn infos(&self, pattern: KeyPattern<'_>) -> Result<Vec<Info>, RequestError> {
        wait(self.caller().infos(pattern))
    }

    /// Reports from now on what becomes of infos whose keys match ([`Event::Info`](quidnunc_core::Event::Info)), with
    /// `repeats` also when the same value was issued again.
    ///
    /// # Errors
    /// [`RequestError::Refused`] without [`Config::infos`](quidnunc_core::Config::infos), when too much is watched, or after
    /// a [`leave`](Self::leave); [`RequestError::Stopped`].
    pub fn watch_infos(&self, pattern: KeyPattern<'_>, repeats: bool) -> Result<(), RequestError> {
        wait(self.caller().watch_infos(pattern, repeats))
    }

    /// Lists from now on the best of the infos whose keys match, here and everywhere.
    ///
    /// # Errors
    /// [`RequestError::Refused`] as from [`watch_infos`](Self::watch_infos), or for a group that is defined otherwise here;
    /// [`RequestError::Stopped`].
    pub fn register_group(&self, group: GroupDef<'_>) -> Result<(), RequestError> {
        wait(self.caller().register_group(group))
    }

    /// The infos of a group, the best first; `None` for a pattern that no group has.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub fn group(&self, pattern: KeyPattern<'_>) -> Result<Option<Vec<Info>>, RequestError> {
        wait(self.caller().group(pattern))
    }

    /// Says something to everybody who takes part in infos, this node included ([`Event::User`]), and to whoever joins within
    /// `ttl`.
    ///
    /// # Errors
    /// [`RequestError::Refused`] without [`Config::infos`](quidnunc_core::Config::infos), for what is too long, when too much
    /// was said lately, or after a [`leave`](Self::leave); [`RequestError::Stopped`].
    ///
    /// [`Event::User`]: quidnunc_core::Event::User
    pub fn send_event(&self, name: &[u8], payload: &[u8], ttl: Duration) -> Result<(), RequestError> {
        wait(self.caller().send_event(name, payload, ttl))
    }

    /// Says something to the application of a member in one datagram ([`Event::Note`] there): it may be lost, come twice, or
    /// after what was said later. [`send`](Self::send) is for what must arrive.
    ///
    /// # Errors
    /// [`RequestError::Refused`] for what does not go into a datagram, for somebody who is no live member, when too much
    /// waits, or after a [`leave`](Self::leave); [`RequestError::Stopped`].
    ///
    /// [`Event::Note`]: quidnunc_core::Event::Note
    pub fn send_note(&self, to: NodeId, bytes: &[u8]) -> Result<(), RequestError> {
        wait(self.caller().send_note(to, bytes))
    }

    /// Whether this node may act, and why; `None` where the config has no quorum. It is advice and no lock.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub fn standing(&self) -> Result<Option<StandingChange>, RequestError> {
        wait(self.caller().standing())
    }

    /// The links of this node, those that it opened first.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub fn links(&self) -> Result<Vec<LinkView>, RequestError> {
        wait(self.caller().links())
    }

    /// What the node has counted since its start.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub fn stats(&self) -> Result<Stats, RequestError> {
        wait(self.caller().stats())
    }
}
