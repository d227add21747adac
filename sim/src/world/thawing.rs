//! Does a node that goes on from its frozen bytes do what it would have done, to the byte?
//!
//! Every room has something to freeze, so these scenarios have all of them: each is run with and without, and what every
//! node says and hears must be the same.

use super::{RunOptions, run_with};
use crate::scenario::parse;

/// The fingerprint of a run of one of the repository's scenarios.
fn fingerprint(file: &str, thaws_every: u32) -> u64 {
    let text = std::fs::read_to_string(format!("{}/../scenarios/{file}", env!("CARGO_MANIFEST_DIR"))).expect(file);
    let scenario = parse(file, &text).unwrap_or_else(|mistake| panic!("{mistake}"));
    let options = RunOptions { thaws_every, ..RunOptions::default() };
    run_with(&scenario, 1, &options, &mut ()).expect("the scenario is valid").fingerprint
}

#[test]
fn a_thawed_node_goes_on_as_if_nothing_had_been() {
    for file in [
        "hostile.toml",
        "heartbeat.toml",
        "ring-island.toml",
        "stream-fallback.toml",
        "state-partition-delete.toml",
        "infos-10.toml",
        "quorum/store-up-and-down.toml",
        "quorum/domains-two-reactivated.toml",
    ] {
        // Prime, so that nobody's rhythm hides from it.
        assert_eq!(fingerprint(file, 307), fingerprint(file, 0), "{file}");
    }
}
