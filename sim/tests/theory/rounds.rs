//! How long can a member wait for its turn in round robin?
//!
//! A prober with `m = n − 1` targets goes through all of them in every round, in an order drawn anew. A
//! target at place `a` of one round and `b` of the next (counted from 0) waits `m − a + b` periods: at
//! least 1, at most `2m − 1`, which keeps SWIM's promise of `2n − 1`, and `m = n − 1` on average.

use std::collections::BTreeSet;

use super::limits::Sample;
use super::trace::Trace;
use super::{S, scenario};

const NODES: u32 = 30;
const TARGETS: usize = NODES as usize - 1;
const SETTLED_NS: u64 = 40 * S;
const PERIODS: usize = 600;
const SEEDS: u64 = 4;

/// For every prober of every seed, the targets of its periods, from a time when all members were known.
fn probers() -> Vec<Vec<u32>> {
    let scenario = scenario(NODES, "duration = \"640s\"", "[net]\ndelay = { time = \"1ms\" }\n");
    let mut probers = Vec::new();
    for seed in 1..=SEEDS {
        let (_, trace) = Trace::of(&scenario, seed);
        // A round that began before the last member came may pass it over; none lasts longer than this.
        trace.assert_settled(NODES, SETTLED_NS - TARGETS as u64 * S);
        for own in trace.probes(NODES, S) {
            let targets: Vec<u32> =
                own.into_iter().filter(|&(at_ns, _)| at_ns >= SETTLED_NS).map(|(_, target)| target).collect();
            assert_eq!(targets.len(), PERIODS, "one probe per second from 40 s to 640 s");
            probers.push(targets);
        }
    }
    probers
}

/// The whole rounds of one prober: there is exactly one way to cut its targets so that each piece holds
/// every target once.
fn rounds(targets: &[u32]) -> Vec<&[u32]> {
    let cuts = |first: usize| targets[first..].chunks_exact(TARGETS);
    let whole = |round: &[u32]| round.iter().collect::<BTreeSet<_>>().len() == TARGETS;
    let fits: Vec<usize> = (0..TARGETS).filter(|&first| cuts(first).all(whole)).collect();
    assert_eq!(fits.len(), 1, "rounds begin at {fits:?}");
    cuts(fits[0]).collect()
}

#[test]
fn nobody_waits_longer_than_two_rounds() {
    let mut longest = 0;
    for targets in probers() {
        let mut last: [Option<usize>; NODES as usize] = [None; NODES as usize];
        for (period, &target) in targets.iter().enumerate() {
            if let Some(before) = last[target as usize].replace(period) {
                longest = longest.max(period - before);
            }
        }
        assert_eq!(last.iter().flatten().count(), TARGETS, "everybody else has its turn");
    }
    assert!(longest < 2 * TARGETS, "somebody waits {longest} periods");
    // The longest wait but k takes the last k places of one round and the first of the next: with 60 000
    // waits, one within five periods of the longest (15 of 841 pairs of places) is certain.
    assert!(longest + 5 >= 2 * TARGETS, "nobody waits longer than {longest} periods: the orders are not random");
}

#[test]
fn every_round_has_every_target_once_and_an_order_of_its_own() {
    let mut correlations = Vec::new();
    for targets in probers() {
        for pair in rounds(&targets).windows(2) {
            let place = |round: &[u32], target| round.iter().position(|&other| other == target);
            let squares = (0..).zip(pair[0]).map(|(before, &target)| {
                let after = place(pair[1], target).expect("every round has every target");
                (after as f64 - f64::from(before)) * (after as f64 - f64::from(before))
            });
            let m = TARGETS as f64;
            correlations.push(1.0 - 6.0 * squares.sum::<f64>() / (m * (m * m - 1.0)));
        }
    }
    // Spearman's rank correlation of two independent orders: mean 0, deviation 1/√(m − 1). Neighbouring
    // pairs share a round and are uncorrelated all the same, because either order is uniform given the other.
    let deviation = 1.0 / (TARGETS as f64 - 1.0).sqrt();
    Sample::of(correlations).assert_mean("correlation of successive rounds", 0.0, deviation);
}
