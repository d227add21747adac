//! Who is in quorum, how long did it take to lose and to gain it, and did two sides of a cut ever act at once?
//!
//! A *cut* is a state of the partitions in which nobody hears more than before: it begins when a partition does, and ends
//! when one heals, since then whoever was heard by both sides may still be remembered by both. Only who runs and does not
//! stand still acts.

use std::collections::BTreeMap;

use quidnunc_core::{QuorumSettings, Standing};

use crate::scenario::{Distribution, Scenario};
use crate::stats::Samples;

use super::crashes::Tally;

/// A node as somebody who may act.
#[derive(Debug, Clone, Default)]
struct Node {
    /// Every standing that it ever had, with the instant from which on; `None` while it does not run.
    standings: Vec<(u64, Option<Standing>)>,
    stands_still: bool,
}

impl Node {
    fn standing(&self) -> Option<Standing> {
        self.standings.last().and_then(|&(_, standing)| standing)
    }

    fn acts(&self) -> bool {
        self.standing() == Some(Standing::InQuorum) && !self.stands_still
    }

    /// What it was just after an instant.
    fn standing_at(&self, at: u64) -> Option<Standing> {
        let until = self.standings.partition_point(|&(since, _)| since <= at);
        until.checked_sub(1).and_then(|last| self.standings[last].1)
    }

    /// How often it changed in each of its lives. What a life begins with is no change.
    fn changes(&self) -> impl Iterator<Item = u64> {
        let lives = self.standings.split(|(_, standing)| standing.is_none());
        lives.filter_map(|life| life.len().checked_sub(1)).map(|changes| changes as u64)
    }

    /// Those that it came to later.
    fn after(&self, at: u64) -> impl Iterator<Item = (u64, Option<Standing>)> {
        let from = self.standings.partition_point(|&(since, _)| since <= at);
        self.standings[from..].iter().copied()
    }
}

/// A state of the partitions.
#[derive(Debug)]
struct Cut {
    since: u64,
    /// Equal sides: no partition between them.
    side: Vec<u32>,
    /// For how long after its beginning two sides acted at once, at last.
    overlap: u64,
}

/// All standings.
#[derive(Debug)]
pub(super) struct Standings {
    /// So long after a cut two sides may act: what was heard before it holds for a lease, and may have come late.
    allowed: u64,
    /// Nobody, where nodes have no quorum.
    nodes: Vec<Node>,
    /// Each one splits what the one before left together.
    cuts: Vec<Cut>,
    /// Until when it is known who acts.
    looked: u64,
    pub(super) overlap: Samples,
    pub(super) both_sides: usize,
    pub(super) refused: usize,
}

impl Standings {
    pub(super) fn new(scenario: &Scenario, settings: Option<&QuorumSettings>) -> Self {
        let nodes = if settings.is_some() { scenario.nodes.count as usize } else { 0 };
        Self {
            allowed: settings.map_or(0, |settings| allowed(scenario, settings)),
            nodes: vec![Node::default(); nodes],
            cuts: Vec::new(),
            looked: 0,
            overlap: Samples::default(),
            both_sides: 0,
            refused: 0,
        }
    }

    /// A node starts, and may not act.
    pub(super) fn on_start(&mut self, node: u32, now: u64) {
        self.set(node, Some(Standing::NotInQuorum), now);
    }

    pub(super) fn on_stop(&mut self, node: u32, now: u64) {
        self.set(node, None, now);
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.stands_still = false;
        }
    }

    pub(super) fn on_stands_still(&mut self, node: u32, still: bool, now: u64) {
        self.look(now);
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.stands_still = still;
        }
    }

    /// A node reports another standing.
    pub(super) fn on_change(&mut self, node: u32, to: Standing, now: u64) {
        self.set(node, Some(to), now);
    }

    fn set(&mut self, node: u32, standing: Option<Standing>, now: u64) {
        self.look(now);
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.standings.push((now, standing));
        }
    }

    /// Partitions began or ended: from now on nodes are on these sides. Empty: on one.
    pub(super) fn on_sides(&mut self, side: &[u32], now: u64) {
        if self.nodes.is_empty() {
            return;
        }
        self.look(now);
        let one = vec![0; self.nodes.len()];
        let side = if side.is_empty() { &one } else { side };
        let before = self.cuts.last().map_or(one.as_slice(), |cut| cut.side.as_slice());
        let (finer, coarser) = (refines(side, before), refines(before, side));
        if finer && coarser {
            return;
        }
        if !finer {
            self.close();
        }
        if side.iter().any(|label| *label != side[0]) {
            self.cuts.push(Cut { since: now, side: side.to_vec(), overlap: 0 });
        }
    }

    /// Nothing has changed until now: did two sides act?
    fn look(&mut self, now: u64) {
        if now == self.looked {
            return;
        }
        self.looked = now;
        for cut in &mut self.cuts {
            let mut acting = self.nodes.iter().zip(&cut.side).filter(|(node, _)| node.acts()).map(|(_, side)| side);
            if let Some(first) = acting.next()
                && acting.any(|side| side != first)
            {
                cut.overlap = now - cut.since;
            }
        }
    }

    fn close(&mut self) {
        for Cut { overlap, .. } in self.cuts.drain(..).filter(|cut| cut.overlap > 0) {
            self.overlap.record(overlap);
            self.both_sides += usize::from(overlap > self.allowed);
        }
    }

    /// The run is over.
    pub(super) fn finish(&mut self, now: u64) {
        self.look(now);
        self.close();
    }

    /// What a node reported last; `None` if it does not run.
    pub(super) fn latest(&self, node: usize) -> Option<Standing> {
        self.nodes.get(node).and_then(Node::standing)
    }

    /// How often the standing changed, per life of one of these nodes; of nobody is of all.
    pub(super) fn changes(&self, of: &[u32]) -> Samples {
        self.these(of).flat_map(Node::changes).collect()
    }

    /// How long those who were in quorum at an instant remained so. Whoever stopped first gives no sample; whoever never
    /// lost it is missed if these nodes are named.
    pub(super) fn lost(&self, of: &[u32], after: u64) -> Tally {
        let mut tally = Tally::default();
        for node in self.these(of).filter(|node| node.standing_at(after) == Some(Standing::InQuorum)) {
            match node.after(after).find(|&(_, standing)| standing != Some(Standing::InQuorum)) {
                Some((_, None)) => {}
                Some((at, Some(_))) => tally.add(Some(at - after)),
                None if of.is_empty() => {}
                None => tally.add(None),
            }
        }
        tally
    }

    /// How long it took those who were not in quorum at an instant to be so; missed is whoever still runs and never was.
    pub(super) fn gained(&self, of: &[u32], after: u64) -> Tally {
        let mut tally = Tally::default();
        for node in self.these(of).filter(|node| node.standing_at(after) != Some(Standing::InQuorum)) {
            let gained = node.after(after).find(|&(_, standing)| standing == Some(Standing::InQuorum));
            if gained.is_some() || node.standing().is_some() {
                tally.add(gained.map(|(at, _)| at - after));
            }
        }
        tally
    }

    fn these<'a>(&'a self, of: &'a [u32]) -> impl Iterator<Item = &'a Node> {
        let named = move |node: &u32| of.is_empty() || of.contains(node);
        (0..).zip(&self.nodes).filter(move |(number, _)| named(number)).map(|(_, node)| node)
    }
}

/// Whether nodes on one side of the one state are always on one side of the other.
fn refines(fine: &[u32], coarse: &[u32]) -> bool {
    let mut whole = BTreeMap::new();
    fine.iter().zip(coarse).all(|(part, side)| *whole.entry(part).or_insert(side) == side)
}

/// A lease, a quarter of one, by which a tick may be late without being a freeze, and how long a packet may take. Nothing
/// without a lease.
fn allowed(scenario: &Scenario, settings: &QuorumSettings) -> u64 {
    let Some(lease) = settings.lease else { return 0 };
    let delay = scenario.net.delay;
    let jitters = match delay.distribution {
        Distribution::Constant | Distribution::Uniform => 1,
        Distribution::Normal | Distribution::Exponential => 8,
    };
    let lease_ns = u64::try_from(lease.as_nanos()).unwrap_or(u64::MAX);
    let slowest = delay.time_ns.saturating_add(delay.jitter_ns.saturating_mul(jitters)).max(delay.floor_ns);
    lease_ns.saturating_add(lease_ns / 4).saturating_add(slowest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse;

    const S: u64 = 1_000_000_000;
    const IN: Standing = Standing::InQuorum;
    const OUT: Standing = Standing::SuspectNotInQuorum;

    /// Four nodes with a lease of 4 s in a network of 100 ms: two sides may act for 5.1 s.
    fn four() -> Standings {
        let text = "format = 1\nname = \"t\"\nabout = \"t\"\nrun = { duration = \"99s\" }\nnodes = { count = 4 }\n\
                    net = { delay = { time = \"100ms\" } }\n";
        let scenario = parse("test.toml", text).unwrap_or_else(|mistake| panic!("{mistake}"));
        let lease = Some(core::time::Duration::from_secs(4));
        let mut standings = Standings::new(&scenario, Some(&QuorumSettings { lease, ..QuorumSettings::native() }));
        (0..4).for_each(|node| standings.on_start(node, 0));
        standings
    }

    fn overlaps(standings: &Standings) -> (usize, Vec<u64>) {
        let stats = standings.overlap.summary();
        let most = stats.stats.map(|stats| vec![stats.min, stats.max]);
        (standings.both_sides, most.unwrap_or_default())
    }

    #[test]
    fn two_sides_may_act_for_a_lease_and_what_may_be_late() {
        for (lost, both) in [(5_100_000_000, 0), (5_100_000_001, 1)] {
            let mut standings = four();
            (0..4).for_each(|node| standings.on_change(node, IN, S));
            standings.on_sides(&[0, 1, 1, 1], 10 * S);
            standings.on_change(0, OUT, 10 * S + lost);
            standings.on_sides(&[], 30 * S);
            standings.on_change(0, IN, 31 * S);
            standings.finish(99 * S);
            assert_eq!(overlaps(&standings), (both, vec![lost, lost]));
        }
    }

    #[test]
    fn whoever_stands_still_or_does_not_run_does_not_act() {
        let mut standings = four();
        (0..2).for_each(|node| standings.on_change(node, IN, S));
        standings.on_stands_still(0, true, 2 * S);
        standings.on_sides(&[0, 1, 1, 1], 10 * S);
        standings.on_stop(1, 20 * S);
        standings.on_stands_still(0, false, 20 * S);
        standings.finish(99 * S);
        assert_eq!(overlaps(&standings), (0, Vec::new()));
    }

    #[test]
    fn a_heal_begins_anew_and_a_finer_cut_does_not() {
        let mut standings = four();
        standings.on_change(0, IN, S);
        standings.on_change(3, IN, S);
        standings.on_sides(&[0, 0, 1, 1], 10 * S);
        standings.on_sides(&[0, 2, 1, 1], 13 * S);
        // Node 1 is on the other side now: who knows whom it has heard?
        standings.on_sides(&[0, 1, 1, 1], 14 * S);
        standings.on_change(0, OUT, 18 * S);
        standings.finish(99 * S);
        // The first cut for 4 s, the finer one for 1 s, the last one for 4 s.
        assert_eq!(overlaps(&standings), (0, vec![S, 4 * S]));
        assert_eq!(standings.overlap.count(), 3);
    }

    #[test]
    fn changes_count_per_life_and_what_a_life_begins_with_is_none() {
        let mut standings = four();
        standings.on_change(0, IN, S);
        standings.on_change(0, OUT, 2 * S);
        standings.on_stop(0, 3 * S);
        standings.on_start(0, 4 * S);
        standings.on_change(0, IN, 5 * S);
        standings.on_stop(1, 6 * S);
        standings.finish(99 * S);
        let lives = standings.changes(&[0, 1]).summary();
        let stats = lives.stats.expect("two nodes lived");
        assert_eq!((lives.count, stats.min, stats.p50, stats.max), (3, 0, 1, 2));
    }

    #[test]
    fn what_is_lost_and_gained_counts_from_an_instant() {
        let mut standings = four();
        standings.on_change(0, IN, 2 * S);
        standings.on_change(1, IN, 2 * S);
        standings.on_change(2, IN, 2 * S);
        standings.on_change(0, OUT, 12 * S);
        standings.on_stop(2, 13 * S);
        standings.on_change(0, IN, 20 * S);
        standings.finish(99 * S);
        let lost = standings.lost(&[], 10 * S);
        assert_eq!((lost.samples.summary().stats.map(|stats| stats.max), lost.missed), (Some(2 * S), 0));
        assert_eq!(standings.lost(&[0, 1], 10 * S).missed, 1, "node 1 never lost it");
        let gained = standings.gained(&[], 12 * S);
        assert_eq!((gained.samples.summary().stats.map(|stats| stats.max), gained.missed), (Some(8 * S), 1));
        assert_eq!(standings.changes(&[0]).summary().stats.map(|stats| stats.max), Some(3));
        assert_eq!(standings.changes(&[]).count(), 4);
    }
}
