//! Is traffic from outside, which no node can take for its own cluster's, as if it had never come?

use quidnunc_sim::world::Damaged::Arrives;

use super::log::{CHANCE, Played, STANDSTILL, TROUBLE, assert_same_but_for_refusals, play};

/// A fault that injects into every node from `at` on.
fn inject(id: &str, what: &str, rate: &str, at: &str) -> String {
    format!(
        "[[fault]]\nid = \"{id}\"\nkind = \"inject\"\ntarget = \"all\"\nwhat = \"{what}\"\nrate = \"{rate}\"\nat = \"{at}\"\n"
    )
}

/// Plays a troubled cluster with these injections and without them, and returns the one with them.
fn nothing_comes_of(injections: &str, more: &str, seed: u64) -> Played {
    let calm = format!("[net]\n{CHANCE}\n{TROUBLE}{more}");
    let [flooded, calm] = [format!("{calm}{injections}"), calm].map(|rest| play(&rest, seed, Arrives));
    assert_same_but_for_refusals(&flooded, &calm, seed);
    assert_eq!(calm.run.packets.injected, None);
    let packets = flooded.run.packets;
    assert_eq!((packets.duplicated, packets.in_flight), (calm.run.packets.duplicated, calm.run.packets.in_flight));
    // Whatever was injected was refused, or came to a node that was down.
    let more = (flooded.refused() - calm.refused()) + (packets.dropped - calm.run.packets.dropped);
    assert_eq!(packets.injected, Some(more), "seed {seed}");
    flooded
}

#[test]
fn noise_changes_nothing_but_counters() {
    for seed in 1..=6 {
        let flooded = nothing_comes_of(&inject("flood", "noise", "20/s", "10s"), "", seed);
        assert_eq!(flooded.bit("flood"), 30 * 50 * 20, "each node gets its share, whether it runs or not");
    }
}

#[test]
fn datagrams_of_another_cluster_change_nothing_but_counters() {
    for seed in 1..=6 {
        let flooded = nothing_comes_of(&inject("flood", "foreign", "20/s", "10s"), "", seed);
        assert_eq!(flooded.bit("flood"), 30 * 50 * 20);
    }
}

#[test]
fn both_at_once_change_nothing_but_counters() {
    let both = inject("a", "noise", "7/s", "12s") + &inject("b", "foreign", "11.5/s", "18s");
    let flooded = nothing_comes_of(&both, "", 7);
    assert_eq!((flooded.bit("a"), flooded.bit("b")), (30 * 48 * 7, 30 * 483));
}

#[test]
fn a_process_that_stood_still_reads_over_noise() {
    for seed in 1..=6 {
        // So few that with them no more than 64 datagrams wait: beyond that overdue timers wait no longer, whatever
        // is in the socket.
        let flooded = nothing_comes_of(&inject("flood", "noise", "4/s", "10s"), STANDSTILL, seed);
        assert!(flooded.bit("gc") > 4 * 6, "noise waits in every socket");
    }
}

#[test]
fn a_replay_is_what_somebody_said_and_changes_no_truth() {
    for seed in 1..=6 {
        let played = play(&inject("echo", "replay", "10/s", "10s"), seed, Arrives);
        assert_eq!((played.bit("echo"), played.run.packets.injected), (30 * 50 * 10, Some(30 * 50 * 10)));
        assert_eq!(played.run.metrics["false_positive"].samples.count(), 0);
        assert!(played.run.stats["datagrams_received"] > played.run.packets.sent, "replays are taken in");
        assert!(played.run.stats["datagrams_rejected"] > 0, "a node does not listen to itself");
    }
}
