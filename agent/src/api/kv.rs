//! What stands in the maps of the members, and what does this node write into its own?

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use quidnunc::{NodeId, ValueView, View};

use super::extract::{Body, Params, bytes_of};
use super::lines::{Gone, Lines, told_by};
use super::members::who;
use super::{Agent, Answer, Of, Problem, reply};
use crate::duration::millis;
use crate::hub::{Heard, Watcher};
use crate::model::{Bytes, Done, Entries, Entry, KvDelete, KvFilter, KvLine, KvSet};
use crate::names::RESERVED;

/// The longest value that is told to who watches; of a longer one it is told that it is there.
const TOLD_BYTES_MAX: usize = 64 << 10;

/// The most bytes of keys and values in one answer.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// `GET /v1/kv`
pub(super) async fn list(State(agent): Of, Params(filter): Params<KvFilter>) -> Answer<Entries> {
    let wanted = Wanted::new(&agent, filter).await?;
    reply(Entries { entries: wanted.all(&agent, usize::MAX).await? })
}

/// `GET /v1/kv/watch`
pub(super) async fn watch(State(agent): Of, Params(filter): Params<KvFilter>) -> Result<Response, Problem> {
    let wanted = Wanted::new(&agent, filter).await?;
    // Before the maps are read, so that no change is missed between.
    let watcher = agent.hub.watch();
    Ok(told_by(move |lines| tell(agent, wanted, watcher, lines)))
}

async fn tell(agent: Arc<Agent>, wanted: Arc<Wanted>, mut watcher: Watcher, lines: Lines) -> Result<(), Gone> {
    tell_all(&agent, &wanted, &lines).await?;
    loop {
        match lines.hear(&mut watcher).await {
            Heard::Event(told) => {
                let quidnunc::Event::Value(change) = &told.event else { continue };
                let (owner, key) = (change.owner, change.key.to_vec());
                if wanted.fits(owner, &key) {
                    let now = agent.node.read(move |driver| now(driver.view(), owner, &key)).await;
                    lines.say(KvLine::Entry(now.map_err(|_| Gone)?)).await?;
                }
            }
            Heard::Lost(count) => {
                lines.say(KvLine::Lost(count)).await?;
                tell_all(&agent, &wanted, &lines).await?;
            }
            Heard::End => return Ok(()),
        }
    }
}

async fn tell_all(agent: &Agent, wanted: &Arc<Wanted>, lines: &Lines) -> Result<(), Gone> {
    for entry in wanted.all(agent, TOLD_BYTES_MAX).await.map_err(|_| Gone)? {
        lines.say(KvLine::Entry(entry)).await?;
    }
    Ok(())
}

/// What a key stands for at present.
fn now(view: View<'_>, owner: NodeId, key: &[u8]) -> Entry {
    match view.value(owner, key) {
        Some(value) => entry(view, owner, &value, TOLD_BYTES_MAX),
        None => {
            let version = view.map_version(owner).map_or(0, |version| version.version);
            Entry { key: Bytes::new(key), owner: who(view, owner), value: None, size: 0, version, left_ms: None }
        }
    }
}

fn entry(view: View<'_>, owner: NodeId, value: &ValueView<'_>, most: usize) -> Entry {
    Entry {
        key: Bytes::new(value.key),
        owner: who(view, owner),
        value: (value.value.len() <= most).then(|| Bytes::new(value.value)),
        size: value.value.len(),
        version: value.version,
        left_ms: value.left.map(millis),
    }
}

/// Which keys somebody wants to see, of whom.
struct Wanted {
    key: Option<Vec<u8>>,
    prefix: Vec<u8>,
    of: Option<NodeId>,
    all: bool,
}

impl Wanted {
    async fn new(agent: &Agent, filter: KvFilter) -> Result<Arc<Self>, Problem> {
        let KvFilter { key, prefix, of, all } = filter;
        let of = match of {
            Some(of) => Some(agent.find(of).await?),
            None => None,
        };
        Ok(Arc::new(Self {
            key: key.map(String::into_bytes),
            prefix: prefix.unwrap_or_default().into_bytes(),
            of,
            all,
        }))
    }

    fn fits(&self, owner: NodeId, key: &[u8]) -> bool {
        self.of.is_none_or(|of| of == owner)
            && key.starts_with(&self.prefix)
            && match &self.key {
                Some(wanted) => wanted == key,
                None => self.all || !RESERVED.iter().any(|prefix| key.starts_with(prefix.as_bytes())),
            }
    }

    async fn all(self: &Arc<Self>, agent: &Agent, most: usize) -> Result<Vec<Entry>, Problem> {
        let wanted = Arc::clone(self);
        agent.node.read(move |driver| wanted.look(driver.view(), most)).await?.ok_or_else(|| {
            Problem::bad("too_large", format!("more than {} MiB", ANSWER_BYTES_MAX >> 20))
                .hint("ask for less: a key, a longer prefix, or one member's")
        })
    }

    fn look(&self, view: View<'_>, most: usize) -> Option<Vec<Entry>> {
        let (mut entries, mut room) = (Vec::new(), ANSWER_BYTES_MAX);
        for owner in view.members().map(|member| member.id).filter(|owner| self.of.is_none_or(|of| of == *owner)) {
            let of_key = self.key.as_deref().map(|key| view.value(owner, key));
            let of_prefix = self.key.is_none().then(|| view.values(owner, &self.prefix));
            for value in of_key.flatten().into_iter().chain(of_prefix.into_iter().flatten()) {
                if self.fits(owner, value.key) {
                    room = room.checked_sub(value.key.len() + value.value.len().min(most))?;
                    entries.push(entry(view, owner, &value, most));
                }
            }
        }
        entries.sort_by(|a, b| {
            (a.key.shown(), &a.owner.name, &a.owner.id).cmp(&(b.key.shown(), &b.owner.name, &b.owner.id))
        });
        Some(entries)
    }
}

/// `POST /v1/kv/set`
pub(super) async fn set(State(agent): Of, Body(KvSet { key, value, ttl_ms }): Body<KvSet>) -> Answer<Done> {
    unless_reserved(&key)?;
    let value = bytes_of("value", &value)?;
    agent.node.put(key.as_bytes(), &value, ttl_ms.map(Duration::from_millis)).await?;
    reply(Done {})
}

/// `POST /v1/kv/delete`
pub(super) async fn delete(State(agent): Of, Body(KvDelete { key }): Body<KvDelete>) -> Answer<Done> {
    unless_reserved(&key)?;
    agent.node.delete(key.as_bytes()).await?;
    reply(Done {})
}

fn unless_reserved(key: &str) -> Result<(), Problem> {
    match RESERVED.iter().find(|prefix| key.starts_with(**prefix)) {
        None => Ok(()),
        Some(prefix) => {
            Err(Problem::bad("reserved_key", format!("keys that begin with `{prefix}` are quidnunc's own"))
                .hint("choose another key; tags are changed with `quidnunc tags`"))
        }
    }
}
