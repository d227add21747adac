//! Is a run a function of scenario and seed, and does a fault change nothing before it begins?

use quidnunc_sim::result::RunResult;
use quidnunc_sim::scenario::Scenario;
use quidnunc_sim::world::{RunOptions, run};

use super::trace::Trace;
use super::{S, scenario};

const NODES: u32 = 60;
const NET: &str = "[net]\ndelay = { time = \"25ms\", jitter = \"20ms\" }\nloss = { random = \"2%\" }\n\
                   duplicate = \"1%\"\nreorder = { share = \"2%\", by = \"60ms\" }\n\n";
const CRASH: &str = "[[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = { pick = \"random\", count = 5 }\n\
                     at = \"12s\"\nrestart = \"9s\"\n\n";
const LINK: &str = "[[fault]]\nid = \"lossy\"\nkind = \"link\"\nfrom = { pick = \"random\", count = 6 }\n\
                    to = \"all\"\nloss = { random = \"50%\" }\ndelay = { time = \"30ms\", jitter = \"20ms\" }\n\
                    at = \"15s\"\nfor = \"6s\"\n\n";
const SPLIT: &str = "[[fault]]\nid = \"split\"\nkind = \"partition\"\nshape = \"random-halves\"\n\
                     at = \"18s\"\nfor = \"5s\"\n\n";

fn with(faults: &[&str]) -> Scenario {
    scenario(NODES, "duration = \"35s\"\nwarmup = \"5s\"", &(NET.to_owned() + &faults.concat()))
}

fn result(seed: u64, map_hash_seed: u64) -> RunResult {
    let options = RunOptions { map_hash_seed, ..RunOptions::default() };
    run(&with(&[CRASH, LINK, SPLIT]), seed, &options).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let scenario = with(&[CRASH, LINK, SPLIT]);
    let (first, second) = (Trace::of(&scenario, 7), Trace::of(&scenario, 7));
    assert!(first.0.faults.iter().all(|fault| fault.bit > 0), "every fault changed something: {:?}", first.0.faults);
    assert_eq!(first.0, second.0);
    assert!(first.1 == second.1, "every packet and every belief is the same");
    assert_eq!(first.0, result(7, 0), "to look on changes nothing");
}

#[test]
fn the_order_inside_hash_maps_shows_nowhere() {
    for map_hash_seed in [1, 0xdead_beef, u64::MAX] {
        assert_eq!(result(7, 0), result(7, map_hash_seed));
    }
}

#[test]
fn another_seed_gives_another_run() {
    let mut fingerprints: Vec<u64> = (1..=20).map(|seed| result(seed, 0).fingerprint).collect();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), 20);
}

/// Runs with and without the last of the faults, and compares everything before it begins.
fn past_is_untouched(faults: &[&str]) {
    let (whole, fewer) = (with(faults), with(&faults[..faults.len() - 1]));
    let begin_ns = whole.faults[faults.len() - 1].at_ns;
    assert!(begin_ns > 10 * S);
    for seed in 1..=3 {
        let (mut one, mut other) = (Trace::of(&whole, seed).1, Trace::of(&fewer, seed).1);
        assert!(one != other, "the fault changes what comes after");
        for trace in [&mut one, &mut other] {
            trace.sent.retain(|sent| sent.at_ns < begin_ns);
            trace.changes.retain(|change| change.at_ns < begin_ns);
        }
        assert!(one.sent.len() > 1000 && one == other, "nothing before {begin_ns} ns may differ");
    }
}

#[test]
fn a_crash_changes_nothing_before_it() {
    past_is_untouched(&[CRASH]);
}

#[test]
fn a_bad_link_changes_nothing_before_it() {
    past_is_untouched(&[CRASH, LINK]);
}

#[test]
fn a_partition_changes_nothing_before_it() {
    past_is_untouched(&[CRASH, LINK, SPLIT]);
}

#[test]
fn whom_a_fault_hits_does_not_hang_on_other_faults() {
    // The same crash, alone and behind a link fault that begins later: the same victims.
    let victims = |scenario: &Scenario| {
        let (_, trace) = Trace::of(scenario, 7);
        let stops_ns = 12 * S..21 * S;
        let silent = |node| !trace.sent.iter().any(|sent| sent.from == node && stops_ns.contains(&sent.at_ns));
        (0..NODES).filter(|&node| silent(node)).collect::<Vec<u32>>()
    };
    let alone = victims(&with(&[CRASH]));
    assert_eq!(alone.len(), 5);
    assert_eq!(alone, victims(&with(&[LINK, CRASH])));
}
