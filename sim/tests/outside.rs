//! Is what a scenario means outside of the simulator what it means inside?
//!
//! A simulated run is watched, and what was seen of it goes through what is there for runs outside: the same must come out.

use std::collections::BTreeMap;
use std::net::IpAddr;

use quidnunc_core::{Event, NodeId};
use quidnunc_sim::result::RunResult;
use quidnunc_sim::scenario::{Scenario, parse};
use quidnunc_sim::world::{Act, Conditions, Deed, Review, RunOptions, Seen, Sent, Witness, run_with, timetable};

const SEED: u64 = 3;

/// Everything that runs outside of the simulator can have.
const TEXT: &str = r#"
format = 1
name = "outside"
about = "Crashes, returns, a goodbye, a cut and a bad network"
run = { duration = "60s", warmup = "3s" }
nodes = { count = 12, join = { contacts = 2, stagger = "50ms" } }
net = { delay = { time = "8ms", jitter = "5ms", distribution = "normal" }, loss = { random = "5%" }, duplicate = "3%", reorder = { share = "4%", by = "20ms" } }
fault = [
    { id = "slow", kind = "link", from = "node:1", to = "all", loss = { random = "20%" }, delay = { time = "30ms" }, at = "5s", for = "20s" },
    { id = "stop", kind = "crash", target = { pick = "random", count = 2 }, at = "10s", stagger = "1s" },
    { id = "return", kind = "crash", target = "node:4", at = "12s", restart = "2s" },
    { id = "split", kind = "partition", shape = "random-halves", at = "30s", for = "12s" },
    { id = "bye", kind = "leave", target = "node:7", at = "20s" },
]
expect = [
    { id = "found", metric = "detection.full", fault = "stop", max = "30s" },
    { id = "own-side", metric = "false_positive", where = "same-side", max = 0 },
    { id = "merged", metric = "converged", after = "split.end", max = "20s" },
]
"#;

fn scenario() -> Scenario {
    parse("outside.toml", TEXT).unwrap_or_else(|mistake| panic!("{mistake}"))
}

/// What was seen of a run.
#[derive(Default)]
struct Watcher {
    sent: Vec<Sent>,
    events: Vec<(u64, u32, Event)>,
}

impl Witness for Watcher {
    fn on_sent(&mut self, sent: Sent, _: &[u8]) {
        self.sent.push(sent);
    }

    fn on_event(&mut self, at_ns: u64, node: u32, event: &Event) {
        self.events.push((at_ns, node, event.clone()));
    }
}

fn watched(scenario: &Scenario) -> (RunResult, Watcher) {
    let mut watcher = Watcher::default();
    let result = run_with(scenario, SEED, &RunOptions::default(), &mut watcher).expect("the protocol takes it");
    (result, watcher)
}

/// The nodes by their identities, and the boot number that a life would have that began at the start of the run.
fn identities(events: &[(u64, u32, Event)]) -> (BTreeMap<NodeId, u32>, u64) {
    let (mut nodes, mut epoch) = (BTreeMap::new(), u64::MAX);
    for (_, _, event) in events {
        if let Event::Member(change) = event {
            let IpAddr::V4(ip) = change.addr.ip() else { continue };
            nodes.insert(change.id, u32::from(ip.octets()[3]) - 1);
            epoch = epoch.min(change.incarnation.boot);
        }
    }
    (nodes, epoch)
}

#[test]
fn a_review_of_what_was_seen_is_what_the_simulator_measured() {
    let scenario = scenario();
    let (result, watcher) = watched(&scenario);
    let (nodes, epoch) = identities(&watcher.events);
    assert_eq!(nodes.len(), 12);
    let mut review = Review::new(&scenario, SEED).expect("the protocol takes it");
    let mut events = watcher.events.iter().peekable();
    let report = |review: &mut Review<'_>, (at, node, event): &(u64, u32, Event)| {
        if let Event::Member(change) = event {
            review.add(*at, *node, &Seen::Member { subject: nodes[&change.id], change: change.clone() });
        }
    };
    for Deed { at_ns, node, what } in timetable(&scenario, SEED) {
        while let Some(event) = events.next_if(|(at, ..)| *at < at_ns) {
            report(&mut review, event);
        }
        let seen = match what {
            Act::Start { .. } => Seen::Started { boot: epoch + at_ns / 1_000_000 },
            Act::Leave { fault } => Seen::Leaving { fault },
            Act::Crash { fault } => Seen::Crashed { fault },
        };
        review.add(at_ns, node, &seen);
    }
    events.for_each(|event| report(&mut review, event));
    let bitten: Vec<u64> = result.faults.iter().map(|fault| fault.bit).collect();
    let reviewed = review.finish(result.sim_ns, &[bitten[0], 0, 0, bitten[3], 0]);
    assert_eq!(reviewed.expectations, result.expectations);
    assert_eq!((reviewed.faults, reviewed.verdict), (result.faults, result.verdict));
    for metric in
        ["detection.suspect", "detection.observer", "false_positive", "flaps", "converged", "hops", "hops.last"]
    {
        assert!(result.metrics[metric].samples.count() > 0 || metric == "false_positive", "{metric} has samples");
        assert_eq!(reviewed.metrics[metric], result.metrics[metric], "{metric}");
    }
}

#[test]
fn conditions_carry_packets_as_the_simulated_network_does() {
    let scenario = scenario();
    let (result, watcher) = watched(&scenario);
    let mut conditions = Conditions::new(&scenario, SEED);
    let mut arrivals = 0;
    for &Sent { at_ns, from, to, bytes, .. } in &watcher.sent {
        let fate: Vec<u64> = conditions.datagram(at_ns, (from, to), bytes).collect();
        assert!(fate.iter().all(|&at| at > at_ns));
        arrivals += fate.len() as u64;
    }
    let packets = conditions.packets();
    assert_eq!((packets.sent, packets.duplicated), (result.packets.sent, result.packets.duplicated));
    assert_eq!(packets.sent + packets.duplicated, packets.dropped + arrivals);
    let bitten = conditions.bitten();
    for fault in [0, 3] {
        assert!(bitten[fault] > 0);
        assert_eq!(bitten[fault], result.faults[fault].bit);
    }
}

#[test]
fn a_segment_is_spared_by_a_fault_of_datagrams_and_cut_by_a_partition() {
    let text = r#"
format = 1
name = "segments"
about = "A firewall that knows only TCP, then a cut"
run = { duration = "60s" }
protocol = { streams = true }
nodes = { count = 4 }
net = { delay = { time = "8ms", distribution = "constant" } }
fault = [
    { id = "wall", kind = "link", from = "node:1", to = "all", loss = { random = "100%" }, datagrams_only = true, at = "5s" },
    { id = "split", kind = "partition", shape = "halves", at = "10s", for = "5s" },
]
"#;
    const S: u64 = 1_000_000_000;
    let scenario = parse("segments.toml", text).unwrap_or_else(|mistake| panic!("{mistake}"));
    let mut conditions = Conditions::new(&scenario, SEED);
    let mut both = |now, ends| (conditions.datagram(now, ends, 100).count(), conditions.segment(now, ends));
    assert_eq!(both(4 * S, (1, 2)), (1, Some(4 * S + 8_000_000)));
    assert_eq!(both(6 * S, (1, 2)), (0, Some(6 * S + 8_000_000)));
    assert_eq!(both(11 * S, (1, 2)), (0, None));
    assert_eq!(both(11 * S, (3, 2)), (1, Some(11 * S + 8_000_000)));
    assert_eq!(both(16 * S, (0, 3)), (1, Some(16 * S + 8_000_000)));
}

#[test]
fn a_timetable_says_whom_newcomers_join_by() {
    let deeds = timetable(&scenario(), SEED);
    assert!(deeds.is_sorted_by_key(|deed| deed.at_ns));
    let starts = |node| {
        let of_node = move |deed: &&Deed| deed.node == node;
        deeds.iter().filter(of_node).filter_map(|deed| match &deed.what {
            Act::Start { seeds } => Some((deed.at_ns / 1_000_000, seeds.clone())),
            Act::Leave { .. } | Act::Crash { .. } => None,
        })
    };
    assert_eq!(starts(0).collect::<Vec<_>>(), [(0, vec![])]);
    assert_eq!(starts(4).collect::<Vec<_>>(), [(200, vec![0, 1]), (14_000, vec![0, 1])]);
}
