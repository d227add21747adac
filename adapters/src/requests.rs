//! What can a running node be asked, however one waits for the answer?
//!
//! What each of these means is said where it is public: [`std::Handle`](crate::std::Handle).

use std::net::SocketAddr;
use std::time::Duration;

use quidnunc_core::{
    Command, GroupDef, InfoValue, KeyPattern, KeyRule, LinkView, MemberView, NodeId, StandingChange, Stats,
};

use crate::info::{Info, Value};
use crate::std::Driver;
use crate::worker::{Answer, Caller};

impl Caller {
    /// Looks at the driver.
    pub(crate) fn read<T, F>(&self, look: F) -> Answer<T>
    where
        T: Send + 'static,
        F: FnOnce(&Driver) -> T + Send + 'static,
    {
        self.act(|driver| Ok(look(driver)))
    }

    pub(crate) fn join(&self, seeds: &[SocketAddr]) -> Answer<()> {
        let seeds = seeds.to_vec();
        self.act(move |driver| driver.command(Command::Join { seeds: &seeds }))
    }

    pub(crate) fn members(&self) -> Answer<Vec<MemberView>> {
        self.read(|driver| driver.view().members().collect())
    }

    pub(crate) fn remove(&self, id: NodeId) -> Answer<()> {
        self.act(move |driver| driver.command(Command::Remove { id }))
    }

    pub(crate) fn set_addresses(&self, also: &[SocketAddr]) -> Answer<()> {
        let also = also.to_vec();
        self.write(move |driver| driver.command(Command::Addresses { also: &also }))
    }

    pub(crate) fn put(&self, key: &[u8], value: &[u8], ttl: Option<Duration>) -> Answer<()> {
        let (key, value) = (key.to_vec(), value.to_vec());
        self.write(move |driver| {
            driver.command(match ttl {
                Some(ttl) => Command::PutWithTtl { key: &key, value: &value, ttl },
                None => Command::Put { key: &key, value: &value },
            })
        })
    }

    pub(crate) fn put_and_wait(
        &self,
        key: &[u8],
        value: &[u8],
        (replicas, domains): (u32, u32),
        timeout: Duration,
    ) -> Answer<()> {
        let (key, value) = (key.to_vec(), value.to_vec());
        self.write(move |driver| {
            driver.command(Command::PutAndWait { key: &key, value: &value, replicas, domains, timeout })
        })
    }

    pub(crate) fn delete(&self, key: &[u8]) -> Answer<()> {
        let key = key.to_vec();
        self.write(move |driver| driver.command(Command::Delete { key: &key }))
    }

    pub(crate) fn get(&self, owner: NodeId, key: &[u8]) -> Answer<Option<Vec<u8>>> {
        let key = key.to_vec();
        self.read(move |driver| driver.view().value(owner, &key).map(|value| value.value.to_vec()))
    }

    pub(crate) fn watch(&self, prefix: &[u8]) -> Answer<()> {
        let prefix = prefix.to_vec();
        self.act(move |driver| driver.command(Command::Watch { prefix: &prefix }))
    }

    pub(crate) fn add_info(&self, key: &[u8], value: InfoValue<'_>, ttl: Option<Duration>) -> Answer<()> {
        let (key, value) = (key.to_vec(), Value::from(value));
        self.act(move |driver| driver.command(Command::AddInfo { key: &key, value: value.view(), ttl }))
    }

    pub(crate) fn delete_info(&self, key: &[u8]) -> Answer<()> {
        let key = key.to_vec();
        self.act(move |driver| driver.command(Command::DeleteInfo { key: &key }))
    }

    pub(crate) fn infos(&self, pattern: KeyPattern<'_>) -> Answer<Vec<Info>> {
        let pattern = OwnPattern::from(pattern);
        self.read(move |driver| driver.view().infos(pattern.view()).map(Info::from).collect())
    }

    pub(crate) fn watch_infos(&self, pattern: KeyPattern<'_>, repeats: bool) -> Answer<()> {
        let pattern = OwnPattern::from(pattern);
        self.act(move |driver| driver.command(Command::WatchInfos { pattern: pattern.view(), repeats }))
    }

    pub(crate) fn register_group(&self, GroupDef { pattern, limit, order }: GroupDef<'_>) -> Answer<()> {
        let pattern = OwnPattern::from(pattern);
        self.act(move |driver| {
            driver.command(Command::RegisterGroup(GroupDef { pattern: pattern.view(), limit, order }))
        })
    }

    pub(crate) fn group(&self, pattern: KeyPattern<'_>) -> Answer<Option<Vec<Info>>> {
        let pattern = OwnPattern::from(pattern);
        self.read(move |driver| driver.view().group(pattern.view()).map(|group| group.map(Info::from).collect()))
    }

    pub(crate) fn send_event(&self, name: &[u8], payload: &[u8], ttl: Duration) -> Answer<()> {
        let (name, payload) = (name.to_vec(), payload.to_vec());
        self.act(move |driver| driver.command(Command::SendEvent { name: &name, payload: &payload, ttl }))
    }

    pub(crate) fn send_note(&self, to: NodeId, bytes: &[u8]) -> Answer<()> {
        let bytes = bytes.to_vec();
        self.act(move |driver| driver.command(Command::Note { to, bytes: &bytes }))
    }

    pub(crate) fn standing(&self) -> Answer<Option<StandingChange>> {
        self.read(|driver| driver.view().standing_report())
    }

    pub(crate) fn links(&self) -> Answer<Vec<LinkView>> {
        self.read(|driver| driver.view().outgoing().chain(driver.view().incoming()).collect())
    }

    pub(crate) fn stats(&self) -> Answer<Stats> {
        self.read(|driver| *driver.view().stats())
    }
}

/// A pattern that goes to the node's thread.
struct OwnPattern {
    rule: KeyRule,
    text: Vec<u8>,
}

impl OwnPattern {
    fn view(&self) -> KeyPattern<'_> {
        KeyPattern { rule: self.rule, text: &self.text }
    }
}

impl From<KeyPattern<'_>> for OwnPattern {
    fn from(KeyPattern { rule, text }: KeyPattern<'_>) -> Self {
        Self { rule, text: text.into() }
    }
}
