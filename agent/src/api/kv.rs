//! What stands in the maps of the members, and what does this node write into its own?

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use quidnunc::{NodeId, RequestError, ValueView, View};

use super::extract::{Body, Params, bytes_of};
use super::lines::{Gone, Lines, told_by};
use super::members::who;
use super::room::{Room, too_large};
use super::{Agent, Answer, Of, Problem, reply};
use crate::duration::millis;
use crate::hub::{Heard, Watcher};
use crate::model::{Bytes, Done, Entries, Entry, KvDelete, KvFilter, KvLine, KvSet};
use crate::names::RESERVED;

/// The longest value that is told to who watches; of a longer one it is told that it is there.
const TOLD_BYTES_MAX: usize = 64 << 10;

/// So many keys are looked at in one go, and so many bytes of them and of values are taken: the node waits that long.
const STEP_KEYS_MAX: usize = 16 << 10;
const STEP_BYTES_MAX: usize = 1 << 20;

/// `GET /v1/kv`
pub(super) async fn list(State(agent): Of, Params(filter): Params<KvFilter>) -> Answer<Entries> {
    let limit = filter.limit.unwrap_or(usize::MAX);
    let most = filter.value_max.unwrap_or(usize::MAX);
    let wanted = Wanted::new(&agent, filter).await?;
    let (mut walk, mut entries, mut room) = (Walk::begin(&agent, &wanted, most).await?, Vec::new(), Room::new());
    while let Some(found) = walk.step(&agent).await? {
        for entry in found {
            if entries.len() == limit {
                return reply(Entries { entries: in_order(entries), more: true });
            }
            let told = entry.value.as_ref().map_or(0, |_| entry.size);
            let has_room = room.take(entry.key.len().saturating_add(told));
            has_room.ok_or_else(|| too_large("ask for less: a key, a longer prefix, one member's, or give a limit"))?;
            entries.push(entry);
        }
    }
    reply(Entries { entries: in_order(entries), more: false })
}

fn in_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_cached_key(|entry| (entry.key.shown(), entry.owner.name.clone(), entry.owner.id.clone()));
    entries
}

/// `GET /v1/kv/watch`
pub(super) async fn watch(State(agent): Of, Params(filter): Params<KvFilter>) -> Result<Response, Problem> {
    if filter.limit.is_some() || filter.value_max.is_some() {
        return Err(Problem::bad("bad_field", "`limit` and `value_max` are for a list that ends"));
    }
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
    let mut walk = Walk::begin(agent, wanted, TOLD_BYTES_MAX).await.map_err(|_| Gone)?;
    while let Some(found) = walk.step(agent).await.map_err(|_| Gone)? {
        for entry in found {
            lines.say(KvLine::Entry(entry)).await?;
        }
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
        let KvFilter { key, prefix, of, all, limit: _, value_max: _ } = filter;
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
}

/// A way through the maps, owner by owner and key by key, in steps that do not hold the node up.
struct Walk {
    wanted: Arc<Wanted>,
    /// A longer value is not taken.
    most: usize,
    owners: VecDeque<NodeId>,
    /// The key of the first owner that was looked at last.
    after: Option<Vec<u8>>,
}

impl Walk {
    async fn begin(agent: &Agent, wanted: &Arc<Wanted>, most: usize) -> Result<Self, RequestError> {
        let owners = match wanted.of {
            Some(of) => [of].into(),
            None => {
                let mut owners: Vec<_> =
                    agent.node.read(|driver| driver.view().members().map(|member| member.id).collect()).await?;
                owners.sort_unstable();
                owners.into()
            }
        };
        Ok(Self { wanted: Arc::clone(wanted), most, owners, after: None })
    }

    /// What comes next; `None` at the end.
    async fn step(&mut self, agent: &Agent) -> Result<Option<Vec<Entry>>, RequestError> {
        if self.owners.is_empty() {
            return Ok(None);
        }
        let (wanted, most) = (Arc::clone(&self.wanted), self.most);
        let (owners, after) = (std::mem::take(&mut self.owners), self.after.take());
        let mut walk = Self { wanted, most, owners, after };
        let (walk, found) = agent
            .node
            .read(move |driver| {
                let found = walk.look(driver.view());
                (walk, found)
            })
            .await?;
        *self = walk;
        Ok(Some(found))
    }

    fn look(&mut self, view: View<'_>) -> Vec<Entry> {
        let (mut found, mut keys, mut room) = (Vec::new(), STEP_KEYS_MAX, STEP_BYTES_MAX);
        while let Some(&owner) = self.owners.front() {
            let after = self.after.take();
            let of_key = self.wanted.key.as_deref().map(|key| view.value(owner, key));
            let of_prefix = self.wanted.key.is_none().then(|| view.values(owner, &self.wanted.prefix));
            let values = of_key.flatten().into_iter().chain(of_prefix.into_iter().flatten());
            for value in values.skip_while(|value| after.as_deref().is_some_and(|after| value.key <= after)) {
                keys = keys.saturating_sub(1);
                if self.wanted.fits(owner, value.key) {
                    room = room.saturating_sub(value.key.len() + value.value.len().min(self.most));
                    found.push(entry(view, owner, &value, self.most));
                }
                if keys == 0 || room == 0 {
                    self.after = Some(value.key.to_vec());
                    return found;
                }
            }
            self.owners.pop_front();
            keys = keys.saturating_sub(1);
            if keys == 0 {
                break;
            }
        }
        found
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

#[cfg(test)]
mod tests {
    use crate::within::Within;
    use quidnunc::Config;

    /// A node with so many keys of a value each.
    async fn with(keys: u32, value: &[u8]) -> Within {
        let within = Within::start("n1", Config { write_burst: 1 << 30, ..Config::local() }).await;
        for key in 0..keys {
            within.agent.node.put(format!("k{key:05}").as_bytes(), value, None).await.expect("there is room");
        }
        within
    }

    #[tokio::test]
    async fn a_list_has_an_end_however_much_there_is() {
        for (keys, bytes) in [(65_000, 1), (9, 1_000_000)] {
            let within = with(keys, &vec![b'x'; bytes]).await;
            let (status, body) = within.get("/v1/kv").await;
            assert_eq!((status, &body["error"]["code"]), (400, &"too_large".into()));
            let (status, body) = within.get("/v1/kv?limit=5&value_max=100").await;
            let entries = body["entries"].as_array().expect("a list");
            assert_eq!((status, entries.len(), &body["more"]), (200, 5, &true.into()));
            assert_eq!((&entries[4]["key"], &entries[4]["size"]), (&"k00004".into(), &bytes.into()));
            assert_eq!(entries[4]["value"].is_null(), bytes > 100);
            let (_, body) = within.get("/v1/kv?prefix=k00008").await;
            assert_eq!((body["entries"].as_array().map(Vec::len), &body["more"]), (Some(1), &false.into()));
        }
    }
}
