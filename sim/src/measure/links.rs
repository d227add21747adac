//! Who has how many links, what do they join, and when did anybody ask for one?
//!
//! The graph has an edge per link that the node which asked for it has open, between two nodes that run. A link that
//! opens joins two parts at once; only one that closes between two running nodes makes it necessary to look at all.

use std::collections::BTreeSet;

use quidnunc_core::Stats;

use crate::scenario::{Scenario, last_start_ns};
use crate::stats::Samples;

/// The links of one node.
#[derive(Debug, Clone, Default)]
struct Node {
    runs: bool,
    /// Whom it asked, as far as the graph goes.
    out: BTreeSet<u32>,
    /// Who asked it.
    of: BTreeSet<u32>,
    outgoing: u32,
    incoming: u32,
    most_outgoing: u32,
    most_incoming: u32,
    /// Changed since it was held against the caps.
    changed: bool,
    asked: u64,
}

/// All links.
#[derive(Debug)]
pub(super) struct Links {
    /// Whether nodes have links at all.
    pub(super) exist: bool,
    nodes: Vec<Node>,
    /// How many outgoing links are allowed, and how many incoming.
    caps: (u32, u32),
    /// Part of the graph, by way of other nodes of it.
    parents: Vec<u32>,
    parts_now: u32,
    /// Whether a link has closed since the parts were counted.
    dirty: bool,
    /// When the graph became one part, and when it was no more.
    whole: Vec<(u64, bool)>,
    all_started_ns: u64,
    /// When faults begin or end, ascending; and when anybody asked last before each, and before the end.
    bounds: Vec<u64>,
    last_asked: Vec<Option<u64>>,
    pub(super) asked: Samples,
    pub(super) refused: Samples,
    pub(super) over_cap: usize,
    pub(super) parts: Samples,
    pub(super) parts_end: Option<u64>,
}

impl Links {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let nodes = scenario.nodes.count;
        let mut bounds: Vec<u64> = scenario
            .faults_of_file()
            .flat_map(|(place, fault)| [Some(fault.at_ns), scenario.fault_end_ns(place)])
            .flatten()
            .chain([0])
            .collect();
        bounds.sort_unstable();
        bounds.dedup();
        Self {
            exist: scenario.has_links(),
            nodes: vec![Node::default(); nodes as usize],
            caps: caps(nodes.div_ceil(scenario.nodes.clusters)),
            parents: (0..nodes).collect(),
            parts_now: 0,
            dirty: false,
            whole: Vec::new(),
            all_started_ns: last_start_ns(0, scenario.nodes.stagger_ns, nodes),
            last_asked: vec![None; bounds.len()],
            bounds,
            asked: Samples::default(),
            refused: Samples::default(),
            over_cap: 0,
            parts: Samples::default(),
            parts_end: None,
        }
    }

    pub(super) fn on_start(&mut self, node: u32, now: u64) {
        self.nodes[node as usize].runs = true;
        self.parts_now += 1;
        self.note(now);
    }

    pub(super) fn on_stop(&mut self, node: u32, now: u64) {
        let stopped = core::mem::take(&mut self.nodes[node as usize]);
        let Node { most_outgoing, most_incoming, .. } = stopped;
        self.nodes[node as usize] = Node { most_outgoing, most_incoming, ..Node::default() };
        stopped.out.iter().for_each(|&peer| _ = self.nodes[peer as usize].of.remove(&node));
        stopped.of.iter().for_each(|&peer| _ = self.nodes[peer as usize].out.remove(&node));
        self.dirty = true;
        self.note(now);
    }

    /// A node says that a link has opened or closed.
    pub(super) fn on_link(&mut self, node: u32, peer: u32, outgoing: bool, opened: bool) {
        let (place, runs) = (node as usize, self.nodes[peer as usize].runs);
        let me = &mut self.nodes[place];
        let count = if outgoing { &mut me.outgoing } else { &mut me.incoming };
        *count = if opened { *count + 1 } else { count.saturating_sub(1) };
        me.changed = true;
        if !outgoing {
            return;
        }
        if opened && runs {
            me.out.insert(peer);
            self.nodes[peer as usize].of.insert(node);
            self.join(node, peer);
        } else if !opened && me.out.remove(&peer) {
            self.nodes[peer as usize].of.remove(&node);
            self.dirty = true;
        }
    }

    /// A node has said everything about an input; it has asked for links so many times by now.
    pub(super) fn on_settled(&mut self, node: u32, asked: u64, now: u64) {
        let me = &mut self.nodes[node as usize];
        if asked > me.asked {
            me.asked = asked;
            let phase = self.bounds.partition_point(|&bound| bound <= now).saturating_sub(1);
            self.last_asked[phase] = Some(now);
        }
        if core::mem::take(&mut me.changed) {
            me.most_outgoing = me.most_outgoing.max(me.outgoing);
            me.most_incoming = me.most_incoming.max(me.incoming);
            self.over_cap += usize::from(me.outgoing > self.caps.0 || me.incoming > self.caps.1);
            self.note(now);
        }
    }

    /// Some have just crashed: how do the others hang together?
    pub(super) fn on_crashed(&mut self) {
        self.recount();
        self.parts.record(u64::from(self.parts_now));
    }

    /// The counters of a node before the first fault.
    pub(super) fn on_rest(&mut self, stats: &Stats) {
        self.refused.record(stats.links_refused);
    }

    /// Refused requests before the first fault, per thousand nodes.
    pub(super) fn refused_per_1000(&self) -> Option<u64> {
        let refused = (self.refused.sum() * 1000).checked_div(self.refused.count().into())?;
        u64::try_from(refused).ok()
    }

    pub(super) fn finish(&mut self) {
        self.recount();
        self.parts_end = Some(u64::from(self.parts_now));
    }

    /// When anybody asked last in the time that begins with this bound, counted from it; 0 if nobody did.
    pub(super) fn last_asked(&self, after: Option<u64>) -> Option<u64> {
        let from = after.unwrap_or(0);
        let phase = self.bounds.binary_search(&from).ok()?;
        Some(self.last_asked[phase].map_or(0, |at| at.saturating_sub(from)))
    }

    /// How long it took from `after`, or the start of the last node, until the graph was one part.
    pub(super) fn joined(&self, after: Option<u64>) -> Option<u64> {
        first_true(&self.whole, after.unwrap_or(self.all_started_ns))
    }

    pub(super) fn most_outgoing(&self) -> Samples {
        self.nodes.iter().map(|node| u64::from(node.most_outgoing)).collect()
    }

    pub(super) fn most_incoming(&self) -> Samples {
        self.nodes.iter().map(|node| u64::from(node.most_incoming)).collect()
    }

    fn note(&mut self, now: u64) {
        if self.dirty {
            self.recount();
        }
        let whole = self.parts_now == 1;
        if self.whole.last().is_none_or(|&(_, last)| last != whole) {
            self.whole.push((now, whole));
        }
    }

    fn recount(&mut self) {
        self.dirty = false;
        self.parts_now = u32::try_from(self.nodes.iter().filter(|node| node.runs).count()).unwrap_or(u32::MAX);
        (0..).zip(&mut self.parents).for_each(|(node, parent)| *parent = node);
        for node in 0..self.nodes.len() {
            let peers: Vec<u32> = self.nodes[node].out.iter().copied().collect();
            peers.into_iter().for_each(|peer| self.join(u32::try_from(node).unwrap_or(0), peer));
        }
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.parents[a as usize] = b;
            self.parts_now -= 1;
        }
    }

    fn root(&mut self, mut node: u32) -> u32 {
        while self.parents[node as usize] != node {
            let above = self.parents[self.parents[node as usize] as usize];
            self.parents[node as usize] = above;
            node = above;
        }
        node
    }
}

/// The first instant from `from` on at which what changed at these instants was true, counted from `from`.
pub(super) fn first_true(changes: &[(u64, bool)], from: u64) -> Option<u64> {
    let before = changes.iter().rev().find(|&&(at, _)| at <= from);
    if before.is_some_and(|&(_, is)| is) {
        return Some(0);
    }
    changes.iter().find(|&&(at, is)| at > from && is).map(|&(at, _)| at - from)
}

/// How many links are allowed in a cluster of so many nodes: the cube root of the size, rounded up, from 5 to 10, of
/// those that a node asks for, and twice as many of the others.
fn caps(nodes: u32) -> (u32, u32) {
    let outgoing = (5..10).find(|&root: &u32| root.pow(3) >= nodes).unwrap_or(10);
    (outgoing, 2 * outgoing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse;

    fn links(nodes: u32, more: &str) -> Links {
        let text = format!(
            "format = 1\nname = \"t\"\nabout = \"t\"\nrun = {{ duration = \"60s\" }}\nnodes = {{ count = {nodes}, \
             join = {{ stagger = \"0s\" }} }}\n{more}"
        );
        let mut links = Links::new(&parse("test.toml", &text).unwrap_or_else(|mistake| panic!("{mistake}")));
        (0..nodes).for_each(|node| links.on_start(node, 0));
        links
    }

    #[test]
    fn the_caps_are_cube_roots_within_five_and_ten() {
        assert_eq!([1, 125, 126, 216, 217, 1000, 1001, 10_000].map(|nodes| caps(nodes).0), [5, 5, 6, 6, 7, 10, 10, 10]);
        assert_eq!(caps(126).1, 12);
    }

    #[test]
    fn the_graph_is_whole_when_links_join_all_that_run() {
        let mut links = links(4, "");
        for (node, peer, at) in [(0, 1, 10), (2, 3, 20), (3, 0, 30)] {
            links.on_link(node, peer, true, true);
            links.on_settled(node, 1, at);
        }
        assert_eq!(links.joined(None), Some(30));
        links.on_link(3, 0, true, false);
        links.on_settled(3, 1, 40);
        assert_eq!((links.joined(Some(35)), links.joined(Some(40))), (Some(0), None));
        links.on_stop(0, 50);
        links.on_crashed();
        links.on_link(1, 2, true, true);
        links.on_settled(1, 2, 60);
        assert_eq!((links.joined(Some(50)), links.parts.stat(crate::scenario::Stat::Max)), (Some(10), Some(2)));
    }

    #[test]
    fn a_link_to_a_node_that_is_gone_joins_nothing_and_counts_until_it_is_closed() {
        let mut links = links(3, "");
        links.on_link(0, 1, true, true);
        links.on_link(0, 2, true, true);
        links.on_stop(1, 10);
        links.on_crashed();
        assert_eq!(links.parts.stat(crate::scenario::Stat::Max), Some(1));
        links.on_start(1, 20);
        links.finish();
        assert_eq!((links.parts_end, links.nodes[0].outgoing), (Some(2), 2));
        links.on_link(0, 1, true, false);
        assert_eq!(links.nodes[0].outgoing, 1);
    }

    #[test]
    fn more_links_than_allowed_are_seen_when_a_node_has_said_everything() {
        let mut links = links(8, "");
        (1..=6).for_each(|peer| links.on_link(0, peer, true, true));
        links.on_link(0, 6, true, false);
        links.on_settled(0, 6, 10);
        assert_eq!((links.over_cap, links.most_outgoing().stat(crate::scenario::Stat::Max)), (0, Some(5)));
        links.on_link(0, 6, true, true);
        links.on_settled(0, 6, 20);
        assert_eq!(links.over_cap, 1);
    }

    #[test]
    fn who_asked_last_is_told_by_the_time_between_two_faults() {
        let crash = "[[fault]]\nid = \"c\"\nkind = \"crash\"\ntarget = \"node:1\"\nat = \"10s\"\nrestart = \"5s\"\n";
        let mut links = links(3, crash);
        let second = 1_000_000_000;
        for (asked, at) in [(1, 2), (2, 9), (3, 11), (4, 20)] {
            links.on_settled(0, asked, at * second);
        }
        let last = |after: Option<u64>| links.last_asked(after.map(|after| after * second));
        assert_eq!(last(None), Some(9 * second));
        assert_eq!([last(Some(10)), last(Some(15)), last(Some(16))], [Some(second), Some(5 * second), None]);
    }
}
