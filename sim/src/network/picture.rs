//! What do all nodes and links look like at the end of a cycle?

use std::collections::BTreeSet;

use quidnunc_core::{InfoValue, View};
use serde_json::{Value, json};

use crate::world::Cluster;

/// All nodes and links at the end of one cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The number of the cycle, from 0 on.
    pub cycle: u64,
    /// All nodes, by number.
    pub nodes: Vec<NodePicture>,
    /// All links, and those that are lost, by who asked for them and of whom.
    pub links: Vec<LinkPicture>,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePicture {
    /// What it is called.
    pub name: String,
    /// Where it listens.
    pub addr: String,
    /// Over how many links the infos that it has have come at most.
    pub max_hops: u8,
    /// Of how many others it has no info.
    pub missing: u32,
    /// The average age of the infos of the others, in hundredths of a cycle; `None` if it has none.
    pub age_hundredths: Option<u64>,
    /// The age of the sentinel in cycles; `None` if it has none.
    pub sentinel_age: Option<u64>,
    /// How many links others asked for.
    pub incoming: u32,
    /// How many links it asked for.
    pub outgoing: u32,
    /// How many requests for links were refused to it.
    pub refused: u64,
}

/// One link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkPicture {
    /// Who asked for it.
    pub from: u32,
    /// Who serves it.
    pub to: u32,
    /// What has become of it.
    pub state: LinkState,
}

/// What has become of a link since the last picture that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// It was there.
    Kept,
    /// It is new.
    New,
    /// It is lost.
    Lost,
}

impl LinkState {
    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::New => "new",
            Self::Lost => "lost",
        }
    }
}

impl Picture {
    /// The picture of a cluster at the end of a cycle; `before` is the last one that was written.
    #[must_use]
    pub fn of(cluster: &Cluster<'_, '_>, cycle: u64, before: Option<&Self>) -> Self {
        let count = cluster.len();
        let addrs: Vec<String> = (0..count).map(|node| cluster.addr(node).to_string()).collect();
        let nodes = (0..count).map(|node| node_of(cluster.view(node), node, &addrs, cycle)).collect();
        let asked = |to: u32| cluster.view(to).incoming().filter_map(|link| cluster.node_at(link.addr));
        let now: BTreeSet<(u32, u32)> = (0..count).flat_map(|to| asked(to).map(move |from| (from, to))).collect();
        let kept = before.map(Self::open).unwrap_or_default();
        let state = |link| match (kept.contains(link), now.contains(link)) {
            (true, true) => LinkState::Kept,
            (_, true) => LinkState::New,
            (_, false) => LinkState::Lost,
        };
        let links = now.union(&kept).map(|link| LinkPicture { from: link.0, to: link.1, state: state(link) }).collect();
        Self { cycle, nodes, links }
    }

    /// The links that are open.
    fn open(&self) -> BTreeSet<(u32, u32)> {
        let open = |link: &&LinkPicture| link.state != LinkState::Lost;
        self.links.iter().filter(open).map(|link| (link.from, link.to)).collect()
    }

    /// Whether every node has an info of every other.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.nodes.iter().all(|node| node.missing == 0)
    }

    /// How many links there are, new ones included.
    #[must_use]
    pub fn count(&self, state: LinkState) -> usize {
        self.links.iter().filter(|link| link.state == state).count()
    }

    /// The picture as JSON, schema 1.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let nodes: Vec<Value> = self.nodes.iter().map(NodePicture::to_json).collect();
        let link = |link: &LinkPicture| json!({ "from": link.from, "to": link.to, "state": link.state.name() });
        let links: Vec<Value> = self.links.iter().map(link).collect();
        json!({ "schema": 1, "cycle": self.cycle, "connected": self.is_connected(), "nodes": nodes, "links": links })
    }
}

impl NodePicture {
    fn to_json(&self) -> Value {
        json!({
            "name": self.name, "addr": self.addr, "max_hops": self.max_hops, "missing": self.missing,
            "age_hundredths": self.age_hundredths, "sentinel_age": self.sentinel_age,
            "incoming": self.incoming, "outgoing": self.outgoing, "refused": self.refused,
        })
    }
}

fn node_of(view: View<'_>, node: u32, addrs: &[String], cycle: u64) -> NodePicture {
    let age = |key: &[u8]| match view.info(key)?.value {
        InfoValue::Int(told) => Some(cycle.saturating_sub(u64::try_from(told).unwrap_or(0))),
        InfoValue::Float(_) | InfoValue::Text(_) | InfoValue::Bytes(_) => None,
    };
    let others = (0..).zip(addrs).filter(|&(other, _): &(u32, _)| other != node);
    let ages: Vec<Option<u64>> = others.map(|(_, addr)| age(addr.as_bytes())).collect();
    let known = ages.iter().flatten().count() as u64;
    let sum: u64 = ages.iter().flatten().sum();
    let count = |links: usize| u32::try_from(links).unwrap_or(u32::MAX);
    NodePicture {
        name: format!("Node{node}"),
        addr: addrs[node as usize].clone(),
        max_hops: view.max_hops(),
        missing: count(ages.iter().filter(|age| age.is_none()).count()),
        age_hundredths: (sum * 100).checked_div(known),
        sentinel_age: age(b"sentinel"),
        incoming: count(view.incoming().count()),
        outgoing: count(view.outgoing().count()),
        refused: view.stats().links_refused,
    }
}
