//! When all is quiet, does every node show exactly what each owner does? And do the metrics say the same?
//!
//! The metrics know what nodes report; here the nodes themselves are asked, every one about every other.

use quidnunc_core::{NodeId, ValueView, View};

use super::{RunOptions, World};
use crate::scenario::parse;

/// Who writes all the time, up to 25 s before the end: three keys each, one of them deleted now and then, one that
/// ends by itself.
const WRITES: &str = "[[write]]\nid = \"load\"\nnodes = \"all\"\ninitial = true\nkeys = 2\nvalue = \"20B\"\n\
    [[write]]\nid = \"change\"\nnodes = \"all\"\nat = \"11s\"\nevery = \"2s\"\nuntil = \"65s\"\nkeys = 3\nvalue = \"30B\"\n\
    [[write]]\nid = \"delete\"\nnodes = { pick = \"random\", count = 7 }\nat = \"12s\"\nevery = \"3s\"\nuntil = \"65s\"\nkind = \"delete\"\n\
    [[write]]\nid = \"brief\"\nnodes = { pick = \"random\", count = 5 }\nat = \"15s\"\nevery = \"4s\"\nuntil = \"60s\"\nkeys = 2\nvalue = \"9B\"\nttl = \"3s\"\n";

const LOSS: &str =
    "net = { loss = { random = \"5%\" }, duplicate = \"5%\", reorder = { share = \"5%\", by = \"200ms\" } }\n";

fn fault(id: &str, keys: &str) -> String {
    format!("[[fault]]\nid = \"{id}\"\n{keys}\n")
}

fn crash(target: &str, at: &str, restart: &str) -> String {
    fault(
        "stop",
        &format!("kind = \"crash\"\ntarget = {target}\nat = \"{at}\"\nstagger = \"1s\"\nrestart = \"{restart}\""),
    )
}

fn values(view: View<'_>, owner: NodeId) -> Vec<(&[u8], &[u8], u64)> {
    view.values(owner, b"").map(|ValueView { key, value, version, .. }| (key, value, version)).collect()
}

/// Runs 20 nodes that write all the time for 90 s with this in the file, and asks everybody about everybody.
fn settles(protocol: &str, more: &str, seeds: core::ops::RangeInclusive<u64>) {
    agrees(protocol, &format!("{more}{WRITES}"), 1000, seeds);
}

/// The same without these writes; as many times at least a write reaches somebody.
fn agrees(protocol: &str, more: &str, deliveries: u64, seeds: core::ops::RangeInclusive<u64>) {
    for seed in seeds {
        let text = format!(
            "format = 1\nname = \"t\"\nabout = \"t\"\nrun = {{ duration = \"90s\", warmup = \"10s\" }}\n\
             nodes = {{ count = 20, join = {{ contacts = 2 }} }}\nprotocol = {{ {protocol} }}\n{more}"
        );
        let scenario = parse("test.toml", &text).unwrap_or_else(|mistake| panic!("{mistake}"));
        let options = RunOptions::default();
        let mut witness = ();
        let mut world = World::new(&scenario, seed, &options, &mut witness).expect("the settings are valid");
        world.run();
        let mut shown = 0;
        for owner in world.cast.running() {
            let id = owner.view().id();
            let truth = values(owner.view(), id);
            shown += truth.len();
            for observer in world.cast.running() {
                let (copy, by) = (values(observer.view(), id), observer.view().id());
                assert_eq!(copy, truth, "seed {seed}: what {by:?} shows of {id:?}");
                let versions =
                    [observer, owner].map(|node| node.view().map_version(id).map(|at| (at.epoch, at.version)));
                assert_eq!(versions[0], versions[1], "seed {seed}: how far {by:?} has come with {id:?}");
            }
        }
        assert!(shown >= 20, "seed {seed}: there is something to show: {shown}");
        let run = world.finish();
        let metric = |name: &str| &run.metrics[name];
        assert_eq!(metric("agreed").samples.count(), 1, "seed {seed}");
        assert_eq!(metric("delivery").missed, Some(0), "seed {seed}: {:?}", metric("delivery").summary());
        assert!(metric("delivery").samples.count() >= deliveries, "seed {seed}");
        assert_eq!(metric("writes.refused").samples.count(), 0, "seed {seed}");
    }
}

#[test]
fn when_nothing_goes_wrong() {
    settles("", "", 1..=2);
}

#[test]
fn with_losses_duplicates_and_overtaking() {
    settles("", LOSS, 1..=4);
}

#[test]
fn after_a_split() {
    let split = fault("split", "kind = \"partition\"\nshape = \"random-halves\"\nat = \"20s\"\nfor = \"20s\"");
    settles("", &format!("{LOSS}{split}"), 1..=4);
}

#[test]
fn after_a_split_in_which_deletions_were_forgotten() {
    let split = fault("split", "kind = \"partition\"\nshape = \"random-halves\"\nat = \"20s\"\nfor = \"25s\"");
    settles("state_grace = \"3s\"", &format!("{LOSS}{split}"), 1..=4);
}

#[test]
fn after_restarts_with_an_empty_memory() {
    let crash = crash("{ pick = \"random\", count = 6 }", "20s", "4s");
    settles("state_grace = \"3s\"", &format!("{LOSS}{crash}"), 1..=4);
}

#[test]
fn after_standstills_and_an_owner_that_stays_away() {
    let pause = fault("gc", "kind = \"pause\"\ntarget = { pick = \"random\", count = 4 }\nat = \"20s\"\nfor = \"15s\"");
    let gone = fault("gone", "kind = \"crash\"\ntarget = \"node:5\"\nat = \"50s\"");
    settles("", &format!("{LOSS}{pause}{gone}"), 1..=4);
}

#[test]
fn after_a_split_in_which_all_that_is_ever_deleted_was_forgotten() {
    let split = fault("split", "kind = \"partition\"\nshape = \"random-halves\"\nat = \"20s\"\nfor = \"30s\"");
    let load = "[[write]]\nid = \"load\"\nnodes = \"all\"\ninitial = true\nkeys = 3\nvalue = \"20B\"\n";
    let delete = "[[write]]\nid = \"delete\"\nnodes = \"all\"\nat = \"25s\"\nkeys = 2\nkind = \"delete\"\n";
    agrees("state_grace = \"5s\"", &format!("{load}{split}{delete}"), 760, 1..=4);
}
