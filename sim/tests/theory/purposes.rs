//! Is every byte put down to what it was sent for, in the same samples as all bytes together?

use std::collections::BTreeMap;

use quidnunc_core::Purpose;
use quidnunc_sim::scenario::Metric;
use quidnunc_sim::stats::Samples;
use quidnunc_sim::world::Sent;

use super::trace::Trace;
use super::{S, scenario};

const NODES: u32 = 20;
const DURATION_S: u64 = 40;
const WARMUP_S: u64 = 5;

/// A split, so that there is something to repair, a crash with a return, so that somebody joins, and a claim
/// about the mean of one metric.
fn rest(bound: u64) -> String {
    format!(
        "[[fault]]\nid = \"split\"\nkind = \"partition\"\nshape = \"halves\"\nat = \"8s\"\nfor = \"12s\"\n\n\
         [[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = \"node:3\"\nat = \"22.5s\"\nrestart = \"4s\"\n\n\
         [[expect]]\nmetric = \"bytes_per_node.repair\"\nstat = \"mean\"\nmax = \"{bound}B/s\"\n"
    )
}

/// One sample per node and full window after the warm-up: what the node sent for these purposes.
fn samples(trace: &Trace, purposes: &[Purpose]) -> Samples {
    let counted = |sent: &&Sent| purposes.contains(&sent.purpose);
    let mut sums = BTreeMap::new();
    for sent in trace.sent.iter().filter(counted) {
        // A window has its end, not its beginning.
        *sums.entry((sent.at_ns.div_ceil(S), sent.from)).or_default() += sent.bytes as u64;
    }
    let ran_throughout = |window: u64, node: u32| node != 3 || !(23..=27).contains(&window);
    let windows = (WARMUP_S + 1..=DURATION_S).flat_map(|window| (0..NODES).map(move |node| (window, node)));
    let full = windows.filter(|&(window, node)| ran_throughout(window, node));
    full.map(|place| sums.get(&place).copied().unwrap_or_default()).collect()
}

#[test]
fn bytes_by_purpose_are_what_the_nodes_sent() {
    use Purpose::{Ack, Gossip, Join, Probe, Relay, Repair};
    let keys = format!("duration = \"{DURATION_S}s\"\nwarmup = \"{WARMUP_S}s\"");
    let (result, trace) = Trace::of(&scenario(NODES, &keys, &rest(1)), 1);
    for (metric, purposes) in [
        (Metric::BytesPerNode, &[Probe, Ack, Relay, Gossip, Join, Repair][..]),
        (Metric::BytesPerNodeProbe, &[Probe, Ack, Relay]),
        (Metric::BytesPerNodeGossip, &[Gossip]),
        (Metric::BytesPerNodeJoin, &[Join]),
        (Metric::BytesPerNodeRepair, &[Repair]),
    ] {
        let measured = &result.metrics[metric.name()];
        let expected = samples(&trace, purposes);
        assert!(expected.summary().stats.is_some_and(|stats| stats.max > 0), "{metric}: there is something to count");
        assert_eq!(measured.samples, expected, "{metric}");
    }
}

#[test]
fn a_mean_is_held_against_its_bound() {
    let keys = format!("duration = \"{DURATION_S}s\"\nwarmup = \"{WARMUP_S}s\"");
    let held = |bound| {
        let (result, _) = Trace::of(&scenario(NODES, &keys, &rest(bound)), 1);
        let expectation = result.expectations[0].clone();
        (expectation.value.expect("there are samples"), expectation.ok, expectation.unit)
    };
    let (mean, _, unit) = held(1);
    assert!(mean > 1 && unit == "bytes/s", "{mean} {unit}");
    assert_eq!(held(mean), (mean, Some(true), "bytes/s"));
    assert_eq!(held(mean - 1), (mean, Some(false), "bytes/s"));
}
