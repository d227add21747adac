//! Do faults do what the contract says, seen from what nodes send and report?

use quidnunc_core::{Event as NodeEvent, Health};

use super::{RunOptions, Sent, Witness, run_with};
use crate::result::RunResult;
use crate::scenario::parse;

const S: u64 = 1_000_000_000;

/// Keeps everything that nodes say.
#[derive(Default)]
struct Log {
    sent: Vec<Sent>,
    events: Vec<(u64, u32, NodeEvent)>,
}

impl Witness for Log {
    fn on_sent(&mut self, sent: Sent, _bytes: &[u8]) {
        self.sent.push(sent);
    }

    fn on_event(&mut self, at_ns: u64, node: u32, event: &NodeEvent) {
        self.events.push((at_ns, node, event.clone()));
    }
}

/// Runs 20 nodes for a minute, the first 10 s of them lossless, with this in the file besides.
fn play(more: &str, seed: u64) -> (RunResult, Log) {
    let text = format!(
        "format = 1\nname = \"t\"\nabout = \"t\"\nrun = {{ duration = \"60s\", warmup = \"10s\" }}\n\
         nodes = {{ count = 20 }}\n{more}"
    );
    let scenario = parse("test.toml", &text).unwrap_or_else(|mistake| panic!("{mistake}"));
    let mut log = Log::default();
    let run = run_with(&scenario, seed, &RunOptions::default(), &mut log).expect("the defaults are valid");
    assert_eq!(run.packets.entered(), run.packets.left(), "{:?}", run.packets);
    (run, log)
}

fn pause(id: &str, target: &str, at: &str, length: &str) -> String {
    format!("[[fault]]\nid = \"{id}\"\nkind = \"pause\"\ntarget = {target}\nat = \"{at}\"\nfor = \"{length}\"\n")
}

fn sent_by(log: &Log, node: u32, from: u64, to: u64) -> usize {
    log.sent.iter().filter(|sent| sent.from == node && (from..to).contains(&sent.at_ns)).count()
}

fn count(run: &RunResult, metric: &str) -> u64 {
    run.metrics[metric].samples.count()
}

#[test]
fn a_paused_node_is_silent_and_then_answers_everything_at_once() {
    let (run, log) = play(&pause("gc", "\"node:3\"", "20s", "3s"), 1);
    assert_eq!(sent_by(&log, 3, 20 * S, 23 * S), 0);
    assert!(sent_by(&log, 3, 19 * S, 20 * S) > 0);
    assert!(sent_by(&log, 3, 23 * S, 23 * S + 1) > 1, "the answers to what lay in the socket");
    assert!(run.faults[0].bit > 1 && run.stats["freezes"] == 1, "{:?}", run.stats);
    assert_eq!((count(&run, "false_positive"), run.packets.dropped), (0, 0));
    let accused = |event: &NodeEvent| matches!(event, NodeEvent::Member(change) if change.health != Health::Alive);
    let by_it = log.events.iter().filter(|(at, node, event)| *node == 3 && *at >= 20 * S && accused(event));
    assert_eq!(by_it.count(), 0, "nobody is accused by a process that stood still");
}

#[test]
fn a_long_pause_is_a_false_death_that_is_taken_back() {
    let (run, _) = play(&pause("gc", "\"node:3\"", "20s", "20s"), 1);
    assert_eq!((count(&run, "false_positive.nodes"), count(&run, "false_positive.healthy")), (1, 0));
    let flaps = run.metrics["flaps"].summary().stats.expect("19 observers changed their minds");
    assert!(flaps.min >= 1 && flaps.max <= 3 && count(&run, "flaps") == 19, "{flaps:?}");
    let (all, last) = (run.metrics["hops"].summary(), run.metrics["hops.last"].summary());
    assert!((1..all.count).contains(&last.count));
    assert_eq!(last.stats.map(|stats| stats.max), all.stats.map(|stats| stats.max));
    let agreed = run.metrics["converged"].summary().stats.expect("everybody agrees again").max;
    assert!((40 * S..50 * S).contains(&agreed), "{agreed}");
}

#[test]
fn pauses_that_meet_by_chance_hold_until_the_last_one_ends() {
    let random = "{ pick = \"random\", count = 10 }";
    let both = pause("a", random, "20s", "4s") + &pause("b", random, "22s", "4s");
    let (_, log) = play(&both, 2);
    let silent = |from, to| (0..20).filter(|&node| sent_by(&log, node, from * S, to * S) == 0).count();
    let (first, second, throughout) = (silent(20, 24), silent(22, 26), silent(20, 26));
    assert_eq!((first, second), (10, 10));
    assert!((1..10).contains(&throughout), "{throughout} nodes are held by both");
}

#[test]
fn a_crash_during_a_pause_empties_the_socket_and_the_next_life_is_free() {
    let crash = "[[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = \"node:3\"\nat = \"25s\"\nrestart = \"1s\"\n";
    let (run, log) = play(&(pause("gc", "\"node:3\"", "20s", "30s") + crash), 1);
    assert!(run.packets.dropped > 0);
    assert_eq!(sent_by(&log, 3, 20 * S, 26 * S), 0);
    assert!(sent_by(&log, 3, 26 * S, 30 * S) > 0);
    assert!(count(&run, "converged") == 1);
}

#[test]
fn whoever_stands_still_observes_no_crash() {
    let crash = "[[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = \"node:3\"\nat = \"25s\"\n";
    let (run, _) = play(&(pause("gc", "\"node:4\"", "26s", "2s") + crash), 1);
    let observer = &run.metrics["detection.observer"];
    assert_eq!((observer.samples.count(), observer.missed), (18, Some(0)));
}

#[test]
fn flipped_bits_are_delivered_and_survived() {
    let (run, _) = play("net = { corrupt = { random = \"2%\" }, duplicate = \"50%\" }", 3);
    let delivered = run.packets.delivered;
    assert_eq!((run.faults[0].id.as_str(), run.packets.dropped), ("net.corrupt", 0));
    assert!((1..delivered / 20).contains(&run.faults[0].bit), "{} of {delivered}", run.faults[0].bit);
    assert!(run.stats["datagrams_rejected"] > 0 && run.stats["datagrams_received"] <= delivered);
    assert_eq!(run.stats["datagrams_received"] + run.stats["datagrams_rejected"], delivered, "{:?}", run.stats);
}

#[test]
fn short_packets_are_delivered_and_survived() {
    let (run, _) = play("net = { truncate = { random = \"2%\" }, duplicate = \"50%\" }", 3);
    let delivered = run.packets.delivered;
    assert_eq!((run.faults[0].id.as_str(), run.packets.dropped), ("net.truncate", 0));
    assert!((1..delivered / 20).contains(&run.faults[0].bit), "{} of {delivered}", run.faults[0].bit);
    assert!((1..=run.faults[0].bit).contains(&run.stats["datagrams_rejected"]), "{:?}", run.stats);
    assert_eq!(run.stats["datagrams_received"] + run.stats["datagrams_rejected"], delivered, "{:?}", run.stats);
}

#[test]
fn a_link_that_cuts_every_packet_is_a_link_that_loses_every_packet() {
    let link = |harm| {
        format!(
            "[[fault]]\nid = \"bad\"\nkind = \"link\"\nfrom = \"node:3\"\nat = \"20s\"\n{harm} = {{ random = \"100%\" }}\n"
        )
    };
    let ((cut, cut_log), (lost, lost_log)) = (play(&link("truncate"), 1), play(&link("loss"), 1));
    assert!(cut.faults[0].bit > 0);
    assert_eq!((cut_log.sent, cut.faults), (lost_log.sent, lost.faults));
}

#[test]
fn a_link_that_flips_every_packet_harms_no_other_link() {
    let link = "[[fault]]\nid = \"dirty\"\nkind = \"link\"\nfrom = \"node:3\"\nto = \"node:4\"\nat = \"20s\"\n\
                corrupt = { random = \"100%\" }\n";
    let (run, log) = play(link, 1);
    let on_it = log.sent.iter().filter(|sent| (sent.from, sent.to) == (3, 4) && sent.at_ns >= 20 * S).count();
    assert_eq!(run.faults[0].bit, on_it as u64);
    assert!(run.stats["datagrams_rejected"] <= on_it as u64);
}

/// Sends noise to a node, ten datagrams a second.
fn noise(target: &str, at: &str, length: &str) -> String {
    format!(
        "[[fault]]\nid = \"flood\"\nkind = \"inject\"\ntarget = {target}\nat = \"{at}\"\nfor = \"{length}\"\n\
         rate = \"10/s\"\nwhat = \"noise\"\n"
    )
}

#[test]
fn what_comes_from_outside_waits_for_a_paused_node() {
    let (calm, _) = play(&pause("gc", "\"node:3\"", "20s", "10s"), 1);
    let both = pause("gc", "\"node:3\"", "20s", "10s") + &noise("\"node:3\"", "22s", "5s");
    let (run, _) = play(&both, 1);
    assert_eq!((run.packets.injected, run.faults[1].bit), (Some(50), 50));
    assert_eq!(run.faults[0].bit, calm.faults[0].bit + 50, "each is an input that has to wait");
    assert_eq!(run.stats["datagrams_rejected"], calm.stats["datagrams_rejected"] + 50, "and is handed over");
}

#[test]
fn what_comes_from_outside_is_lost_on_a_dead_node() {
    let crash = "[[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = \"node:3\"\nat = \"20s\"\n";
    let (calm, _) = play(crash, 1);
    let (run, _) = play(&format!("{crash}{}", noise("\"fault:stop.target\"", "20s", "5s")), 1);
    assert_eq!((run.packets.injected, run.faults[1].bit), (Some(50), 50));
    assert_eq!(run.packets.dropped, calm.packets.dropped + 50);
}

#[test]
fn groups_hear_nobody_else_and_the_rest_is_a_group() {
    // Whoever is alone probes once per period all the same; it convicts nobody, but suspects everybody.
    let split = "[protocol]\nlocal_health_max = 0\n[[fault]]\nid = \"split\"\nkind = \"partition\"\nshape = \"groups\"\nat = \"11s\"\n\
                 groups = [{ pick = \"random\", count = 9 }, { pick = \"random\", count = \"25%\" }, \"node:3\"]\n";
    let (run, log) = play(split, 1);
    assert!(run.faults[0].bit > 0 && run.packets.dropped >= run.faults[0].bit);
    let missed = log.events.iter().filter_map(|(_, node, event)| {
        let NodeEvent::Member(change) = event else { return None };
        (change.health != Health::Alive).then_some((*node, change.id))
    });
    let missed: std::collections::BTreeSet<_> = missed.collect();
    let mut given_up = [0; 20];
    missed.iter().for_each(|(node, _)| given_up[*node as usize] += 1);
    let mut sizes: Vec<usize> = given_up.iter().map(|others| 20 - others).collect();
    assert_eq!(sizes[3], 1, "node 3 is alone");
    sizes.sort_unstable();
    let expected: Vec<usize> = [1, 5, 5, 9].iter().flat_map(|&size| std::iter::repeat_n(size, size)).collect();
    assert_eq!(sizes, expected);
}

#[test]
fn taking_a_fault_out_moves_nothing_before_it() {
    let (_, with) = play(&pause("gc", "\"node:3\"", "20s", "3s"), 7);
    let (_, without) = play("", 7);
    let before = |log: &Log| log.sent.iter().copied().take_while(|sent| sent.at_ns < 20 * S).collect::<Vec<_>>();
    assert_eq!(before(&with), before(&without));
}

const WRITE: &str = "[[write]]\nid = \"late\"\nnodes = { pick = \"random\", count = 5 }\nat = \"30s\"\nevery = \"1s\"\n\
                     until = \"40s\"\nkeys = 2\nvalue = \"20B\"\n";

#[test]
fn adding_a_write_moves_nothing_before_it_and_no_other_write() {
    let early = "[[write]]\nid = \"early\"\nnodes = \"all\"\nat = \"12s\"\nkeys = 2\nvalue = \"20B\"\n";
    let (_, alone) = play(early, 7);
    let (_, both) = play(&format!("{WRITE}{early}"), 7);
    let before = |log: &Log| log.sent.iter().copied().take_while(|sent| sent.at_ns < 30 * S).collect::<Vec<_>>();
    assert_eq!(before(&alone), before(&both));
    let written = |log: &Log| {
        let value = |(at, node, event): &(u64, u32, NodeEvent)| {
            let is_early = matches!(event, NodeEvent::Value(_)) && *at < 30 * S;
            is_early.then(|| (*at, *node, event.clone()))
        };
        log.events.iter().filter_map(value).collect::<Vec<_>>()
    };
    assert_eq!(written(&alone), written(&both));
    assert!(written(&alone).len() >= 20 * 20 * 2, "everybody reports every key");
}

#[test]
fn nodes_that_are_down_or_stand_still_do_not_write_and_that_is_counted() {
    let stop = "[[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = \"node:3\"\nat = \"20s\"\n";
    let write =
        |nodes: &str| format!("[[write]]\nid = \"w\"\nnodes = {nodes}\nat = \"25s\"\nkeys = 3\nvalue = \"9B\"\n");
    let (run, _) = play(&format!("{stop}{}{}", pause("gc", "\"node:4\"", "24s", "3s"), write("\"all\"")), 1);
    assert_eq!((count(&run, "writes.skipped"), count(&run, "writes.refused")), (6, 0));
    // Three keys of 18 nodes, each with 17 observers: the one that stands still is none.
    assert_eq!((count(&run, "delivery"), run.metrics["delivery"].missed), (18 * 3 * 17, Some(0)));
    assert_eq!(count(&run, "delivery.last"), 18 * 3);
    let (run, _) = play(&format!("{stop}{}", write("\"fault:stop.target\"")), 1);
    assert_eq!((count(&run, "writes.skipped"), count(&run, "delivery"), count(&run, "agreed")), (3, 0, 0));
}

#[test]
fn a_write_beyond_the_burst_is_refused_and_that_is_counted() {
    let burst = "[protocol]\nwrite_burst = \"2KiB\"\n";
    let write = "[[write]]\nid = \"w\"\nnodes = \"node:1\"\nat = \"25s\"\nkeys = 2\nvalue = \"2KiB\"\n";
    let (run, _) = play(&format!("{burst}{write}"), 1);
    assert_eq!((count(&run, "writes.refused"), count(&run, "delivery")), (1, 19));
}

#[test]
fn a_write_on_the_far_side_of_a_cut_is_missed_and_stale() {
    let split =
        "[[fault]]\nid = \"split\"\nkind = \"partition\"\nshape = \"isolate\"\ntarget = \"node:3\"\nat = \"29s\"\n";
    let write = "[[write]]\nid = \"w\"\nnodes = \"node:1\"\nat = \"30s\"\nvalue = \"9B\"\n";
    let (run, _) = play(&format!("{split}{write}"), 1);
    assert_eq!((count(&run, "delivery"), run.metrics["delivery"].missed), (18, Some(1)));
    assert_eq!((count(&run, "delivery.last"), run.metrics["delivery.last"].missed), (0, Some(1)));
    let stale = run.metrics["staleness"].summary().stats.expect("there is one sample per second");
    assert_eq!((stale.max, count(&run, "agreed")), (30 * S, 0));
}

#[test]
fn agreement_is_counted_from_the_first_write_and_values_that_end_disturb_nobody() {
    let write = "[[write]]\nid = \"w\"\nnodes = \"all\"\nat = \"30s\"\nvalue = \"9B\"\nttl = \"5s\"\n";
    let (run, log) = play(write, 1);
    let agreed = run.metrics["agreed"].summary().stats.expect("they agree").max;
    let slowest = run.metrics["delivery"].summary().stats.expect("all are told").max;
    assert_eq!(agreed, slowest, "all write at once, and the last delivery is the last that was wrong");
    let ended = |event: &NodeEvent| matches!(event, NodeEvent::Value(change) if change.value.is_none());
    assert_eq!(log.events.iter().filter(|(_, _, event)| ended(event)).count(), 400);
}

/// Node 3 stands still five times for 2 s, 1 s apart; without `more` the whole process does.
fn five_pauses(more: &str) -> (RunResult, Log) {
    let every = "every = \"3s\"\nuntil = \"35s\"\n";
    play(&(pause("gc", "\"node:3\"", "20s", "2s") + every + more), 1)
}

#[test]
fn a_pause_that_repeats_begins_and_ends_so_often() {
    let (_, log) = five_pauses("");
    let silent = |second: u64| !log.sent.iter().any(|sent| sent.from == 3 && sent.at_ns / S == second);
    let still: Vec<u64> = (18..35).filter(|&second| silent(second)).collect();
    assert_eq!(still, [20, 21, 23, 24, 26, 27, 29, 30, 32, 33]);
}

#[test]
fn a_node_whose_network_stands_still_has_its_time_and_judges_nobody_unasked() {
    let (_, log) = five_pauses("stops = \"network\"\n");
    assert_eq!(sent_by(&log, 3, 20 * S, 22 * S), 0);
    assert!(sent_by(&log, 3, 22 * S, 22 * S + 1) > 1, "what it had to say, and the answers to what lay in the socket");
    let (run, log) = play(&(pause("cut", "\"node:3\"", "20s", "10s") + "stops = \"network\"\n"), 1);
    assert_eq!(run.stats["freezes"], 0, "its timers run");
    let doubts = |node: u32| {
        let doubt = |event: &NodeEvent| matches!(event, NodeEvent::Member(change) if change.health == Health::Suspect);
        let during = |at: u64| (20 * S..30 * S).contains(&at);
        log.events.iter().filter(|(at, by, event)| *by == node && during(*at) && doubt(event)).count()
    };
    assert!(doubts(4) > 0, "it is found silent");
    assert_eq!(doubts(3), 0, "a probe that has not left asks nobody");
}

const STREAMS: &str = "[protocol]\nstreams = true\n";

/// All datagrams to and from node 3 vanish from 20 s on; with `more` its streams may be spared.
fn firewall(more: &str) -> String {
    format!(
        "[[fault]]\nid = \"wall\"\nkind = \"link\"\nfrom = \"node:3\"\nto = \"all\"\ndirection = \"both\"\nat = \"20s\"\n\
         loss = {{ random = \"100%\" }}\n{more}"
    )
}

/// Who holds somebody dead at some time.
fn deaths(log: &Log) -> usize {
    let died = |event: &NodeEvent| matches!(event, NodeEvent::Member(change) if change.health == Health::Dead);
    log.events.iter().filter(|(_, _, event)| died(event)).count()
}

#[test]
fn streams_pass_where_only_datagrams_are_stopped() {
    let (run, log) = play(&format!("{STREAMS}{}", firewall("datagrams_only = true\n")), 1);
    assert_eq!((deaths(&log), run.stats["suspicions"]), (0, 0));
    assert!(run.stats["answers_by_stream"] > 30 && run.stats["stream_bytes_sent"] > 1000, "{:?}", run.stats);
    let told = |event: &NodeEvent| matches!(event, NodeEvent::StreamOnly { .. });
    assert!(log.events.iter().any(|(_, node, event)| *node == 3 && told(event)));
    let (run, log) = play(&firewall("datagrams_only = true\n"), 1);
    assert!(deaths(&log) > 0 && count(&run, "false_positive") > 0, "a way was open that nobody took");
}

#[test]
fn what_stops_everything_stops_streams() {
    let cut = "[[fault]]\nid = \"cut\"\nkind = \"partition\"\nshape = \"isolate\"\ntarget = \"node:3\"\nat = \"20s\"\n";
    for stopped in [firewall(""), cut.to_owned()] {
        let (run, log) = play(&format!("{STREAMS}{stopped}"), 1);
        assert!(deaths(&log) >= 19 && run.stats["streams_opened"] > 0, "{:?}", run.stats);
        assert_eq!((run.stats["answers_by_stream"], run.stats["stream_bytes_sent"]), (0, 0));
        assert_eq!(count(&run, "false_positive"), 0, "no way was open");
    }
}

/// With three segments of ten lost, a connection, a ping and an answer take long, and most are there in time.
#[test]
fn lost_segments_are_sent_again() {
    let net = "[net]\nloss = { random = \"30%\" }\n";
    let (run, _) = play(&format!("{STREAMS}{net}{}", firewall("datagrams_only = true\n")), 1);
    let (opened, expired) = (run.stats["streams_opened"], run.stats["streams_expired"]);
    assert!(expired > 0 && expired * 2 < opened, "some of {opened} come too late: {expired}");
    assert!(run.stats["answers_by_stream"] > 30, "{:?}", run.stats);
    assert_eq!(count(&run, "false_positive"), 0);
}

#[test]
fn streams_survive_crashes_and_pauses() {
    let more = "datagrams_only = true\n[[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = { pick = \"random\", count = 5 }\n\
                at = \"30s\"\nrestart = \"10s\"\n";
    let (run, log) = play(&format!("{STREAMS}{}{}", firewall(more), pause("gc", "\"node:3\"", "25s", "2s")), 1);
    assert!(run.stats["answers_by_stream"] > 0 && deaths(&log) > 0);
    assert_eq!(
        run.fingerprint,
        play(&format!("{STREAMS}{}{}", firewall(more), pause("gc", "\"node:3\"", "25s", "2s")), 1).0.fingerprint
    );
}

/// The world asserts that of a stream nothing is left out and that no end of one falls silent. Here datagrams fill the
/// buffer of whoever stands still, three segments of ten are lost, and it crashes while some wait.
#[test]
fn a_full_buffer_takes_nothing_from_streams() {
    let net = "[net]\nloss = { random = \"30%\" }\n";
    let noise = "[[fault]]\nid = \"noise\"\nkind = \"inject\"\ntarget = \"node:3\"\nat = \"20s\"\nrate = \"5000/s\"\nwhat = \"noise\"\n";
    let stop = "[[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = \"node:3\"\nat = \"43s\"\nrestart = \"2s\"\n";
    for seed in 1..4 {
        let pauses = pause("gc", "\"node:3\"", "22s", "2s") + "every = \"4s\"\nuntil = \"56s\"\n";
        let (run, _) =
            play(&format!("{STREAMS}{net}{}{noise}{stop}{pauses}", firewall("datagrams_only = true\n")), seed);
        assert!(run.packets.dropped > 10_000 && run.stats["answers_by_stream"] > 0, "{:?}", run.packets);
    }
}

#[test]
fn streams_that_nobody_needs_move_nothing() {
    assert_eq!(play(STREAMS, 1).0.fingerprint, play("", 1).0.fingerprint);
}
