//! Who knows what everybody tells, how long did it take, and over how many links?
//!
//! A node knows another one once it has reported an info of it. How many pairs are lacking is kept up with every
//! report; only a start and a stop look at every node.

use quidnunc_core::Stats;

use super::links::first_true;
use crate::scenario::{Info, Scenario};
use crate::stats::Samples;

/// One info that a node issued.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Issue {
    /// Which table of the file.
    pub(crate) table: usize,
    /// Who.
    pub(crate) node: u32,
    /// Which of the table's keys.
    pub(crate) key: u32,
    /// The hash of its value.
    pub(crate) value: u64,
}

/// What became of the latest info of a key.
#[derive(Debug, Clone, Copy, Default)]
struct Latest {
    at: u64,
    value: u64,
    /// How many have reported it.
    reached: u32,
    most_hops: u8,
    /// Issued in the time at rest.
    rests: bool,
}

/// The keys of one table of the file.
#[derive(Debug)]
struct Table {
    id: String,
    key: Option<String>,
    keys: u32,
    latest: Vec<Latest>,
}

/// A node as somebody who tells and hears.
#[derive(Debug, Clone, Default)]
struct Node {
    runs: bool,
    /// Has issued an info of its own.
    issues: bool,
    /// A bit per node of which it has reported an info.
    knows: Vec<u64>,
    /// What had come to it, and what of it was news, when the time at rest began.
    before: Option<(u64, u64)>,
}

impl Node {
    fn knows(&self, issuer: usize) -> bool {
        self.knows[issuer / 64] & 1 << (issuer % 64) != 0
    }
}

/// All infos.
#[derive(Debug)]
pub(super) struct Infos {
    tables: Vec<Table>,
    nodes: Vec<Node>,
    clusters: usize,
    warmup_ns: u64,
    /// How many run, by cluster.
    running: Vec<u32>,
    /// Pairs of a node that runs and one that runs and has told something, of which the first knows nothing.
    lacking: u64,
    first_issue: Option<u64>,
    /// When nothing was lacking any more, and when something was again.
    connected: Vec<(u64, bool)>,
    rests: bool,
    pub(super) delivery: Samples,
    pub(super) hops: Samples,
    pub(super) hops_last: Samples,
    pub(super) max_hops: Samples,
    pub(super) copies: Samples,
    pub(super) of_the_gone: usize,
    pub(super) refused: usize,
}

impl Infos {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let nodes = scenario.nodes.count as usize;
        let table = |info: &Info| {
            let count = if info.key.is_some() { 1 } else { nodes * info.keys as usize };
            Table {
                id: info.id.clone(),
                key: info.key.clone(),
                keys: info.keys,
                latest: vec![Latest::default(); count],
            }
        };
        // Without infos nobody is ever known.
        let words = if scenario.infos.is_empty() { 0 } else { nodes.div_ceil(64) };
        Self {
            tables: scenario.infos.iter().map(table).collect(),
            nodes: vec![Node { knows: vec![0; words], ..Node::default() }; nodes],
            clusters: scenario.nodes.clusters as usize,
            warmup_ns: scenario.run.warmup_ns,
            running: vec![0; scenario.nodes.clusters as usize],
            lacking: 0,
            first_issue: None,
            connected: Vec::new(),
            rests: false,
            delivery: Samples::default(),
            hops: Samples::default(),
            hops_last: Samples::default(),
            max_hops: Samples::default(),
            copies: Samples::default(),
            of_the_gone: 0,
            refused: 0,
        }
    }

    /// A node starts with an empty memory.
    pub(super) fn on_start(&mut self, node: u32, now: u64) {
        let place = node as usize;
        self.running[place % self.clusters] += 1;
        if self.tables.is_empty() {
            return;
        }
        self.nodes[place].knows.fill(0);
        self.nodes[place].runs = true;
        self.lacking += self.pairs_of(place);
        self.note(now);
    }

    pub(super) fn on_stop(&mut self, node: u32, now: u64) {
        let place = node as usize;
        self.running[place % self.clusters] -= 1;
        if self.tables.is_empty() {
            return;
        }
        self.lacking -= self.pairs_of(place);
        self.nodes[place].runs = false;
        self.nodes[place].before = None;
        self.note(now);
    }

    /// How many pairs lack something of which this node is one side or the other.
    fn pairs_of(&self, node: usize) -> u64 {
        let me = &self.nodes[node];
        let others = (node % self.clusters..self.nodes.len()).step_by(self.clusters);
        let lacks = |other: usize| {
            let peer = &self.nodes[other];
            let known = other == node || !peer.runs;
            let it = !known && peer.issues && !me.knows(other);
            let me = !known && me.issues && !peer.knows(node);
            u64::from(it) + u64::from(me)
        };
        others.map(lacks).sum()
    }

    pub(super) fn on_issue(&mut self, issue: Issue, taken: bool, now: u64) {
        if !taken {
            self.refused += 1;
            return;
        }
        let node = issue.node as usize;
        let (running, table) = (self.running[node % self.clusters], &mut self.tables[issue.table]);
        let own = table.key.is_none();
        let place = if own { node * table.keys as usize + issue.key as usize } else { 0 };
        let latest = &mut table.latest[place];
        let fresh = Latest { at: now, value: issue.value, reached: 0, most_hops: 0, rests: self.rests };
        let before = core::mem::replace(latest, fresh);
        tally(&before, running, &mut self.hops_last);
        if own && !self.nodes[node].issues {
            self.lacking -= self.pairs_of(node);
            self.nodes[node].issues = true;
            self.lacking += self.pairs_of(node);
            self.first_issue.get_or_insert(now);
            self.note(now);
        }
    }

    pub(super) fn on_report(&mut self, observer: u32, key: &[u8], (value, hops): (u64, u8), now: u64) {
        // What is told here is no news.
        if hops == 0 {
            return;
        }
        let Some((table, place)) = self.place_of(key) else { return };
        let table = &mut self.tables[table];
        let issuer = table.key.is_none().then(|| place / table.keys as usize);
        let latest = &mut table.latest[place];
        if latest.value == value && now >= self.warmup_ns {
            self.delivery.record(now - latest.at);
            self.hops.record(u64::from(hops));
            if self.rests {
                latest.reached += 1;
                latest.most_hops = latest.most_hops.max(hops);
            }
        }
        if let Some(issuer) = issuer {
            self.know(observer as usize, issuer, now);
        }
    }

    fn know(&mut self, observer: usize, issuer: usize, now: u64) {
        let (runs, tells) = (self.nodes[observer].runs, self.nodes[issuer].runs && self.nodes[issuer].issues);
        let word = &mut self.nodes[observer].knows[issuer / 64];
        let bit = 1 << (issuer % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        if is_new && runs && tells && observer != issuer {
            self.lacking -= 1;
            self.note(now);
        }
    }

    /// Which key of which table this is.
    fn place_of(&self, key: &[u8]) -> Option<(usize, usize)> {
        let key = core::str::from_utf8(key).ok()?;
        let Some((id, rest)) = key.split_once('.') else {
            let table = self.tables.iter().position(|table| table.key.as_deref() == Some(key))?;
            return Some((table, 0));
        };
        let table = self.tables.iter().position(|table| table.key.is_none() && table.id == id)?;
        let (node, number) = rest.split_once('.')?;
        let (node, number): (usize, usize) = (node.parse().ok()?, number.parse().ok()?);
        let keys = self.tables[table].keys as usize;
        (node < self.nodes.len() && number < keys).then_some((table, node * keys + number))
    }

    fn note(&mut self, now: u64) {
        let all = self.lacking == 0 && self.first_issue.is_some();
        if self.connected.last().map_or(all, |&(_, last)| last != all) {
            self.connected.push((now, all));
        }
    }

    pub(super) fn on_rest_begins(&mut self, node: u32, stats: &Stats) {
        self.rests = true;
        self.nodes[node as usize].before = Some((stats.infos_received, stats.infos_news));
    }

    pub(super) fn on_rest_ends(&mut self, node: u32, stats: &Stats, max_hops: u8) {
        self.max_hops.record(u64::from(max_hops));
        if core::mem::take(&mut self.rests) {
            for table in &self.tables {
                for (place, latest) in table.latest.iter().enumerate() {
                    let cluster = if table.key.is_some() { 0 } else { place / table.keys as usize % self.clusters };
                    tally(latest, self.running[cluster], &mut self.hops_last);
                }
            }
        }
        if let Some((received, news)) = self.nodes[node as usize].before.take() {
            let (received, news) = (stats.infos_received - received, stats.infos_news - news);
            if let Some(copies) = (received * 1000).checked_div(news) {
                self.copies.record(copies);
            }
        }
    }

    /// How long it took from `after`, or the first issue, until everybody knew everybody.
    pub(super) fn connected(&self, after: Option<u64>) -> Option<u64> {
        first_true(&self.connected, after.or(self.first_issue)?)
    }
}

/// Enters over how many links an info came that has reached all the others.
fn tally(latest: &Latest, running: u32, hops_last: &mut Samples) {
    if latest.rests && latest.reached > 0 && latest.reached + 1 >= running {
        hops_last.record(u64::from(latest.most_hops));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Stat, parse};

    const TABLES: &str = "[[info]]\nid = \"own\"\nnodes = \"all\"\nat = \"2s\"\nkeys = 2\n\
        [[info]]\nid = \"duty\"\nnodes = \"lowest\"\nkey = \"sentinel\"\nat = \"2s\"\n";

    fn infos(nodes: &str) -> Infos {
        let text = format!(
            "format = 1\nname = \"t\"\nabout = \"t\"\nrun = {{ duration = \"60s\" }}\n\
             protocol = {{ profile = \"infos\" }}\nnodes = {{ {nodes} }}\n{TABLES}"
        );
        let scenario = parse("test.toml", &text).unwrap_or_else(|mistake| panic!("{mistake}"));
        let mut infos = Infos::new(&scenario);
        (0..scenario.nodes.count).for_each(|node| infos.on_start(node, 0));
        infos
    }

    fn issue(node: u32, value: u64) -> Issue {
        Issue { table: 0, node, key: 0, value }
    }

    #[test]
    fn everybody_is_connected_when_each_has_an_info_of_each() {
        let mut infos = infos("count = 3");
        (0..3).for_each(|node| infos.on_issue(issue(node, 7), true, 10));
        let reports = [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0)];
        for (observer, of) in reports {
            infos.on_report(observer, format!("own.{of}.0").as_bytes(), (7, 1), 20);
        }
        assert_eq!(infos.connected(None), None);
        infos.on_report(2, b"own.1.1", (8, 1), 25);
        assert_eq!((infos.connected(None), infos.connected(Some(22))), (Some(15), Some(3)));
        infos.on_stop(1, 30);
        infos.on_start(1, 40);
        assert_eq!((infos.connected(Some(30)), infos.connected(Some(40))), (Some(0), None));
        for of in [0, 2] {
            infos.on_report(1, format!("own.{of}.0").as_bytes(), (7, 2), 50);
        }
        assert_eq!(infos.connected(Some(40)), Some(10));
    }

    #[test]
    fn nodes_of_another_cluster_need_not_be_known() {
        let mut infos = infos("count = 4, clusters = 2");
        (0..4).for_each(|node| infos.on_issue(issue(node, 7), true, 10));
        for (observer, of) in [(0, 2), (2, 0), (1, 3), (3, 1)] {
            infos.on_report(observer, format!("own.{of}.0").as_bytes(), (7, 1), 20);
        }
        assert_eq!(infos.connected(None), Some(10));
    }

    #[test]
    fn the_last_hop_counts_at_rest_and_when_all_the_others_have_the_info() {
        let mut infos = infos("count = 3");
        infos.on_rest_begins(0, &Stats::default());
        for value in [1, 2] {
            infos.on_issue(Issue { table: 1, node: 0, key: 0, value }, true, 10);
            infos.on_report(1, b"sentinel", (value, 1), 20);
        }
        infos.on_report(2, b"sentinel", (2, 3), 30);
        infos.on_report(2, b"somebody-elses", (2, 9), 30);
        let stats = Stats { infos_received: 13, infos_news: 10, ..Stats::default() };
        infos.on_rest_ends(0, &stats, 4);
        assert_eq!((infos.hops_last.count(), infos.hops_last.stat(Stat::Max)), (1, Some(3)));
        assert_eq!((infos.copies.stat(Stat::Max), infos.max_hops.stat(Stat::Max)), (Some(1300), Some(4)));
        assert_eq!(infos.delivery.stat(Stat::Max), Some(20));
    }
}
