//! Can two sides be in quorum at once? A search through everything that a small cluster can be cut into.
//!
//! What a node sees depends only on who is on its side, because everybody on a side hears everybody on it. So each node is
//! run once for every side that it can be on, and two sides that can be sides of one partition are two that have nobody in
//! common: comparing all such pairs is comparing the sides of all partitions.

use super::*;

const NOBODY: u32 = 0;
/// How often a node is heard, and how often the standing is looked at, after the cut.
const BEAT: Duration = Duration::from_millis(2500);
const SAMPLES: u32 = 12;

/// A cluster that is to be cut.
#[derive(Debug)]
struct Case {
    settings: Settings,
    voters: Vec<Voter>,
    map: Vec<(Domain, bool)>,
}

impl Case {
    fn nodes(&self) -> u32 {
        self.voters.len().try_into().expect("few")
    }

    /// A node of the cluster, which has heard all others until now.
    fn node(&self, own: u32) -> Light {
        let quorum = Quorum::new(id(own), Domain::NONE, self.settings).expect("the settings work");
        let mut node = Light { quorum, rng: Rng::new(1, id(own), 1), now: at(100) };
        let proposal = Proposal { epoch: 1, voters: Voters::All(&self.voters), domains: Some(&self.map) };
        node.quorum.configure(&proposal, node.now).expect("it can be");
        for other in 0..self.nodes() {
            let alive = word(other, 1, Health::Alive);
            node.quorum.on_member(&alive, node.now, &mut node.rng).expect("there is room");
            node.quorum.on_heard(Evidence { id: id(other), boot: 1, at: node.now }, node.now);
        }
        for _ in 0..5 {
            node.beat((1 << self.nodes()) - 1, BEAT);
        }
        node
    }
}

/// A node without the checks that make a search slow.
#[derive(Clone)]
struct Light {
    quorum: Quorum,
    rng: Rng,
    now: Instant,
}

impl Light {
    /// Time passes; at its end these are heard. Returns whether the node is in quorum then.
    fn beat(&mut self, side: u32, time: Duration) -> bool {
        let until = self.now.after(time);
        while self.quorum.next_deadline() <= until {
            self.now = self.now.max(self.quorum.next_deadline());
            self.quorum.on_deadline(self.now, &mut self.rng);
        }
        self.now = until;
        for other in (0..32).filter(|other| side & (1 << other) != 0) {
            self.quorum.on_heard(Evidence { id: id(other), boot: 1, at: until }, until);
        }
        self.quorum.standing() == Standing::InQuorum
    }
}

/// For every side: at which times after the cut it has somebody in quorum, a bit per sample.
fn in_quorum_by_side(case: &Case) -> Vec<u32> {
    let mut sides = alloc::vec![0; 1 << case.nodes()];
    for own in 0..case.nodes() {
        let connected = case.node(own);
        for side in (0..1 << case.nodes()).filter(|side| side & (1 << own) != 0) {
            let mut node = connected.clone();
            for sample in 0..SAMPLES {
                sides[side as usize] |= u32::from(node.beat(side, BEAT)) << sample;
            }
        }
    }
    sides
}

/// The samples later than one lease after the cut: the second beat comes just when it has passed.
const LATER: u32 = ((1 << SAMPLES) - 1) & !1;

/// The first two sides that are in quorum at once.
fn overlap(case: &Case) -> Option<(u32, u32)> {
    let sides = in_quorum_by_side(case);
    let whole = (1 << case.nodes()) - 1;
    let own_active = |voter: &Voter| !case.settings.provider.is_by_domain() || case.map.contains(&(voter.domain, true));
    let may_act = case.voters.iter().any(own_active);
    assert_eq!(sides[whole as usize] != 0, may_act, "without a cut the cluster is in quorum: {case:?}");
    for one in 1..=whole {
        let rest = whole & !one;
        let mut other = rest;
        while other > NOBODY {
            if sides[one as usize] & sides[other as usize] & LATER != 0 {
                return Some((one, other));
            }
            other = (other - 1) & rest;
        }
    }
    None
}

/// All ways in which so many nodes in a row stand in one to three domains. Another order of the nodes is another name for
/// the same thing, since all sides are tried; only where the lowest identity stands matters, and it stands in any domain
/// that is the first active one.
fn layouts(nodes: usize) -> Vec<Vec<u64>> {
    let mut layouts = alloc::vec![alloc::vec![1; nodes]];
    for first in 1..nodes {
        let two = |second: usize| {
            let third = nodes - first - second;
            [(1, first), (2, second), (3, third)]
                .into_iter()
                .flat_map(|(zone, count)| core::iter::repeat_n(zone, count))
        };
        layouts.extend((1..=nodes - first).map(|second| two(second).collect()));
    }
    layouts
}

/// All maps of three domains in which at least one is active, of those in which somebody stands.
fn maps(layout: &[u64]) -> Vec<Vec<(Domain, bool)>> {
    let zones = layout.last().copied().unwrap_or_default();
    let active = |active: u64| (1..=zones).map(|number| (zone(number), active & (1 << (number - 1)) != 0)).collect();
    (1..1 << zones).map(active).collect()
}

fn never_overlaps(provider: Provider, nodes: usize) -> u32 {
    let mut cases = 0;
    for breaks_ties in [false, true] {
        let settings = Settings { provider, breaks_ties, suspect_down: None, ..Settings::native() };
        for layout in layouts(nodes) {
            for map in maps(&layout) {
                let case = Case { settings, voters: voters(&layout), map };
                assert_eq!(overlap(&case), None, "{case:?}");
                cases += 1;
            }
        }
    }
    cases
}

#[test]
fn no_two_sides_have_a_majority() {
    for nodes in 3..=7 {
        for breaks_ties in [false, true] {
            let settings = Settings { breaks_ties, suspect_down: None, ..Settings::native() };
            let case = Case { settings, voters: voters(&alloc::vec![1; nodes]), map: Vec::new() };
            assert_eq!(overlap(&case), None, "{case:?}");
        }
    }
}

#[test]
fn no_two_sides_have_a_majority_of_active_domains_together() {
    let cases: Vec<_> = (3..=7).map(|nodes| never_overlaps(Provider::FailureDomains, nodes)).collect();
    // Of n nodes: one layout with one map, n - 1 with three, and (n - 1)(n - 2) / 2 with seven; each without and with ties.
    assert_eq!(cases, [28, 62, 110, 172, 248]);
}

#[test]
fn no_two_sides_have_a_majority_of_domains() {
    let cases: u32 = (3..=7).map(|nodes| never_overlaps(Provider::MajorityOfDomains, nodes)).sum();
    assert_eq!(cases, 620);
}

#[test]
fn no_two_sides_have_a_majority_of_weights() {
    // Votes 0 to 2 of each of so many nodes. In what order does not matter but for ties, which the lowest one breaks, be
    // it heavy or light.
    let mut cases = 0;
    for nodes in 3..=7_u32 {
        for (heavy, light) in (0..=nodes).flat_map(|heavy| (0..=nodes - heavy).map(move |light| (heavy, light))) {
            let weight = |number: u32| if number < heavy { 2 } else { u32::from(number < heavy + light) };
            for (heavy_first, breaks_ties) in [(true, false), (true, true), (false, true)] {
                let place = |number| if heavy_first { number } else { nodes - 1 - number };
                let voters = (0..nodes).map(|number| voter(number, weight(place(number)), 1)).collect();
                let provider = Provider::Weighted;
                let settings = Settings { provider, breaks_ties, suspect_down: None, ..Settings::native() };
                let case = Case { settings, voters, map: Vec::new() };
                if heavy + light > 0 {
                    assert_eq!(overlap(&case), None, "{case:?}");
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 3 * (9 + 14 + 20 + 27 + 35));
}

#[test]
fn the_search_finds_what_is_not_safe() {
    let case = |settings| Case { settings, voters: voters(&[1; 5]), map: Vec::new() };
    let settings = Settings { suspect_down: None, ..Settings::native() };
    let fixed = |needed| Settings { provider: Provider::Static(needed), ..settings };
    assert_eq!(overlap(&case(fixed(2))), Some((0b00011, 0b11100)));
    assert_eq!(overlap(&case(fixed(3))), None);
    assert_eq!(overlap(&case(Settings { provider: Provider::None, ..settings })), Some((0b00001, 0b11110)));
    // Nobody is convicted here, as in the first seconds after any cut; without a lease nothing else counts.
    assert_eq!(overlap(&case(Settings { lease: None, ..settings })), Some((0b00001, 0b11110)));
}

#[test]
fn a_node_that_stood_still_through_a_cut_does_not_act_when_it_wakes() {
    let settings = Settings { suspect_down: None, ..Settings::native() };
    let case = Case { settings, voters: voters(&[1; 3]), map: Vec::new() };
    let (mut frozen, mut other) = (case.node(0), case.node(1));
    // The others are cut off from it meanwhile and go on.
    for _ in 0..40 {
        assert!(other.beat(0b110, BEAT));
    }
    // Its own time has stood still. For a whole lease it reads what lay in its socket, which is older than the cut.
    assert_eq!(frozen.quorum.standing(), Standing::InQuorum);
    let change = frozen.quorum.on_freeze(frozen.now).expect("it was in quorum");
    assert_eq!((change.to, change.why), (Standing::SuspectNotInQuorum, Why::Froze));
    for beat in 0..40 {
        let read = if beat < 2 { 0b110 } else { NOBODY };
        assert!(!frozen.beat(read, BEAT), "beat {beat}");
    }
}

/// All partitions of so many nodes: the side of each, numbered in the order of their first nodes.
fn partitions(nodes: usize) -> Vec<Vec<usize>> {
    let mut found = alloc::vec![Vec::new()];
    for _ in 0..nodes {
        let longer = |sides: Vec<usize>| {
            let next = sides.iter().max().map_or(0, |last| last + 1);
            (0..=next).map(move |side| [sides.clone(), [side].into()].concat()).collect::<Vec<_>>()
        };
        found = found.into_iter().flat_map(longer).collect();
    }
    found
}

/// Cuts a cluster twice and heals it: nowhere later than a lease after a cut two sides are in quorum at once.
fn cut_twice(case: &Case, connected: &[Light], cuts: [&[usize]; 2], gap: u32) {
    let mut nodes = connected.to_vec();
    let healed = alloc::vec![0; nodes.len()];
    for (sides, beats) in [(cuts[0], gap), (cuts[1], 9), (&healed, 7)] {
        for beat in 1..=beats {
            let mut acting = None;
            for (node, &side) in nodes.iter_mut().zip(sides) {
                let heard = (0..).zip(sides).map(|(bit, &other)| u32::from(other == side) << bit).sum();
                if node.beat(heard, BEAT) && beat > 1 {
                    let first = *acting.get_or_insert(side);
                    assert_eq!(first, side, "{case:?} cut into {cuts:?}, {gap} beats apart");
                }
            }
        }
    }
    assert!(nodes.iter().all(|node| node.quorum.standing() == Standing::InQuorum), "all is well at the end");
}

#[test]
fn no_two_sides_are_in_quorum_when_partitions_follow_each_other() {
    for nodes in 3..=4 {
        for (provider, layout) in [(Provider::Majority, [1, 1, 1, 1]), (Provider::FailureDomains, [1, 1, 2, 2])] {
            let settings = Settings { provider, breaks_ties: true, suspect_down: None, ..Settings::native() };
            let map = [(zone(1), true), (zone(2), provider.is_by_domain())].into();
            let case = Case { settings, voters: voters(&layout[..nodes]), map };
            let connected: Vec<_> = (0..case.nodes()).map(|own| case.node(own)).collect();
            let all = partitions(nodes);
            assert_eq!(all.len(), [5, 15][nodes - 3]);
            for (one, two) in all.iter().flat_map(|one| all.iter().map(move |two| (one, two))) {
                for gap in [1, 2, 3, 6] {
                    cut_twice(&case, &connected, [one, two], gap);
                }
            }
        }
    }
}
