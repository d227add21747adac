//! Does a valid file become exactly the data that it describes?

use quidnunc_sim::scenario::{
    Across, Anchor, Count, Damage, Delay, Direction, Distribution, Edge, Expect, Fault, FaultKind, Injected, Metric,
    Net, Nodes, Op, ProbeOrder, Profile, Protocol, Repeats, Run, Scenario, Scope, Selector, Shape, Share, StartAs,
    Stat, Stops, When, Write, Written, parse,
};

use super::FILE;

/// A valid file in which every key occurs.
pub(crate) const COMPLETE: &str = include_str!("complete.toml");

const MS: u64 = 1_000_000;
const S: u64 = 1_000 * MS;

fn read(text: &str) -> Scenario {
    parse("valid.toml", text).unwrap_or_else(|e| panic!("{e}"))
}

fn fault(id: &str, at_ns: u64, for_ns: Option<u64>, kind: FaultKind) -> Fault {
    Fault { id: id.to_owned(), at_ns, for_ns, kind }
}

/// An expectation that has every default; the cases change what they say otherwise.
fn expect(id: &str, metric: Metric, stat: Stat, op: Op, bound: u64) -> Expect {
    Expect {
        id: id.to_owned(),
        metric,
        fault: None,
        after: None,
        scope: Scope::All,
        nodes: Vec::new(),
        look: None,
        stat,
        op,
        bound,
        across: Across::Each,
    }
}

#[test]
fn every_table_but_the_lists() {
    let scenario = read(COMPLETE);
    assert_eq!(scenario.name, "complete");
    assert_eq!(scenario.about, "every key of the format, once at least");
    assert_eq!(
        scenario.run,
        Run { duration_ns: 180 * S, warmup_ns: 10 * S, seed_base: 100, seed_count: 64, steady: true }
    );
    let header = COMPLETE.find("[protocol]").expect("there is one");
    assert_eq!(
        scenario.protocol,
        Protocol {
            profile: Profile::Wan,
            period_ns: Some(S),
            probe_timeout_ns: Some(500 * MS),
            indirect_probes: Some(3),
            probe_order: Some(ProbeOrder::Random),
            suspicion_mult: Some(4),
            suspicion_max_mult: Some(5),
            local_health_max: Some(6),
            gossip_interval_ns: Some(200 * MS),
            gossip_fanout: Some(2),
            retransmit_mult: Some(5),
            repair_interval_ns: Some(250 * MS),
            reconnect_interval_ns: Some(20 * S),
            tombstone_life_ns: Some(600 * S),
            state_grace_ns: Some(120 * S),
            state_rate: Some(1 << 20),
            write_burst: Some(64 << 10),
            relay_interval_ns: None,
            relay_fanout: None,
            relay_rate: None,
            relay_targets: None,
            ring_interval_ns: None,
            ring_successors: None,
            info_interval_ns: None,
            infos_max: None,
            infos_bytes: None,
            quorum: None,
            streams: true,
            datagram_bytes: Some(1232),
            span: header..header + "[protocol]".len(),
        }
    );
    assert_eq!(
        scenario.nodes,
        Nodes { count: 1_000, contacts: 3, stagger_ns: 5 * MS, start: StartAs::Join, domains: 0, clusters: 1 }
    );
    assert_eq!(
        scenario.net,
        Net {
            delay: Delay { time_ns: 25 * MS, jitter_ns: 10 * MS, floor_ns: MS, distribution: Distribution::Normal },
            loss: Share(18_446_744_073_709_551),
            duplicate: Share(184_467_440_737_095_516),
            reorder: Share(1 << 63),
            reorder_by_ns: 50 * MS,
        }
    );
}

fn crash(target: Selector, stagger_ns: u64, restart_after_ns: Option<u64>) -> FaultKind {
    FaultKind::Crash { target, stagger_ns, restart_after_ns, says_goodbye: false }
}

/// Two pauses of the network, 5 s apart.
fn twice_mute(target: Selector) -> FaultKind {
    FaultKind::Pause { target, stops: Stops::Network, repeats: Repeats { every_ns: 5 * S, times: 2 } }
}

#[test]
fn every_fault() {
    let isolated = Selector::First(Count::Millionths(5_000));
    let random = |millionths| Selector::Random(Count::Millionths(millionths));
    let inject = |target, per_1000_s, what| FaultKind::Inject { target, per_1000_s, what };
    let noise = |corrupt, truncate| FaultKind::Noise { damage: Damage { corrupt, truncate } };
    let partition = |shape, direction| FaultKind::Partition { shape, direction, repeats: Repeats::ONCE };
    assert_eq!(
        read(COMPLETE).faults,
        [
            fault("stop", 20 * S, None, crash(Selector::Random(Count::Nodes(10)), 100 * MS, Some(30 * S))),
            fault("stop-again", 60 * S, None, crash(Selector::SameAs(0), 0, None)),
            fault(
                "lossy",
                60 * S,
                Some(20 * S),
                FaultKind::Link {
                    from: Selector::Random(Count::Millionths(10_000)),
                    to: Selector::All,
                    direction: Direction::AToB,
                    loss: Share(14_757_395_258_967_641_292),
                    delay: None,
                    damage: Damage::default(),
                    datagrams_only: true,
                }
            ),
            fault(
                "slow",
                60 * S,
                None,
                FaultKind::Link {
                    from: Selector::SameAs(2),
                    to: Selector::Node(17),
                    direction: Direction::Both,
                    loss: Share::NEVER,
                    delay: Some(Delay {
                        time_ns: 20_000,
                        jitter_ns: 0,
                        floor_ns: 20_000,
                        distribution: Distribution::Constant,
                    }),
                    damage: Damage { corrupt: Share(1 << 62), truncate: Share(1 << 60) },
                    datagrams_only: false,
                }
            ),
            fault("gc", 70 * S, Some(3 * S), twice_mute(Selector::SameAs(3))),
            fault("split", 90 * S, Some(30 * S), partition(Shape::Halves, Direction::Both)),
            fault("random-split", 90 * S, Some(90 * S), partition(Shape::RandomHalves, Direction::AToB)),
            fault("alone", 90 * S, None, partition(Shape::Isolate(isolated), Direction::BToA)),
            fault(
                "thirds",
                100 * S,
                None,
                partition(
                    Shape::Groups(vec![Selector::Node(5), Selector::Random(Count::Millionths(300_000))]),
                    Direction::Both
                )
            ),
            fault("noise", 110 * S, Some(20 * S), inject(random(100_000), 10_000, Injected::Noise)),
            fault("foreign", 110 * S, None, inject(Selector::SameAs(9), 500, Injected::Foreign)),
            fault("replay", 111 * S, None, inject(Selector::All, 1_000_000, Injected::Replay)),
            fault("net.corrupt", 10 * S, None, noise(Share(1 << 63), Share::NEVER)),
            fault("net.truncate", 10 * S, None, noise(Share::NEVER, Share(1 << 61))),
        ]
    );
}

#[test]
fn every_write() {
    let write = |id: &str, nodes, when, keys, what| Write { id: id.to_owned(), nodes, when, keys, what };
    let tenth = Selector::Random(Count::Millionths(100_000));
    let every = When::Every { at_ns: 15 * S, every_ns: 500 * MS, until_ns: 60 * S };
    assert_eq!(
        read(COMPLETE).writes,
        [
            write("load", Selector::All, When::AtStart, 3, Written::Put { bytes: 20, ttl_ns: None }),
            write("change", tenth, every, 5, Written::Put { bytes: 1024, ttl_ns: Some(30 * S) }),
            write("delete", Selector::SameAs(4), When::Once { at_ns: 100 * S }, 2, Written::Delete),
        ]
    );
}

#[test]
fn nodes_write_to_the_end_and_to_one_key_if_the_file_says_no_more() {
    let text = format!("{FILE}[[write]]\nid = \"w\"\nnodes = \"all\"\nat = \"0s\"\nevery = \"1s\"\nvalue = \"0B\"\n");
    let [write] = read(&text).writes.try_into().expect("there is one");
    let every = When::Every { at_ns: 0, every_ns: S, until_ns: 60 * S };
    assert_eq!((write.when, write.keys), (every, 1));
    assert_eq!(write.what, Written::Put { bytes: 0, ttl_ns: None });
}

#[test]
fn every_expectation() {
    assert_eq!(
        read(COMPLETE).expects,
        [
            Expect {
                fault: Some(0),
                across: Across::Pooled,
                ..expect("fast", Metric::DetectionObserver, Stat::P999, Op::Max, 8 * S)
            },
            expect("detection.dead.max#2", Metric::DetectionDead, Stat::Max, Op::Min, 1),
            expect("detection.full.count#3", Metric::DetectionFull, Stat::Count, Op::Equals, 20),
            Expect {
                scope: Scope::SameSide,
                ..expect("false_positive.count#4", Metric::FalsePositive, Stat::Count, Op::Max, 0)
            },
            expect("false_positive.healthy.count#5", Metric::FalsePositiveHealthy, Stat::Count, Op::Max, 0),
            Expect {
                after: Some(Anchor { fault: 5, edge: Edge::End }),
                ..expect("merges", Metric::Converged, Stat::Max, Op::Max, 60 * S)
            },
            Expect {
                after: Some(Anchor { fault: 0, edge: Edge::End }),
                ..expect("converged.max#7", Metric::Converged, Stat::Max, Op::Max, 90 * S)
            },
            Expect { fault: Some(1), ..expect("hops.p99#8", Metric::Hops, Stat::P99, Op::Max, 14) },
            expect("flaps.max#9", Metric::Flaps, Stat::Max, Op::Max, 2),
            expect("hops.last.p99#10", Metric::HopsLast, Stat::P99, Op::Max, 15),
            expect("bytes_per_node.mean#11", Metric::BytesPerNode, Stat::Mean, Op::Max, 8_192),
            expect("packets_per_node.p50#12", Metric::PacketsPerNode, Stat::P50, Op::Max, 3),
            expect("bytes_per_node.repair.mean#13", Metric::BytesPerNodeRepair, Stat::Mean, Op::Max, 1),
            expect("bytes_per_node.join.p99#14", Metric::BytesPerNodeJoin, Stat::P99, Op::Max, 2_000),
            expect("bytes_per_node.gossip.max#15", Metric::BytesPerNodeGossip, Stat::Max, Op::Max, 3 << 10),
            expect("bytes_per_node.probe.min#16", Metric::BytesPerNodeProbe, Stat::Min, Op::Min, 50),
            expect("bytes_per_node.state.max#17", Metric::BytesPerNodeState, Stat::Max, Op::Max, 1 << 10),
            expect("delivery.p99#18", Metric::Delivery, Stat::P99, Op::Max, 5 * S),
            expect("delivery.last.p50#19", Metric::DeliveryLast, Stat::P50, Op::Max, 8 * S),
            expect("staleness.max#20", Metric::Staleness, Stat::Max, Op::Max, 10 * S),
            Expect {
                after: Some(Anchor { fault: 5, edge: Edge::End }),
                ..expect("agreed.max#21", Metric::Agreed, Stat::Max, Op::Max, 20 * S)
            },
            expect("writes.refused.count#22", Metric::WritesRefused, Stat::Count, Op::Max, 0),
            expect("writes.skipped.count#23", Metric::WritesSkipped, Stat::Count, Op::Max, 9),
            expect("strangers.count#24", Metric::Strangers, Stat::Count, Op::Max, 0),
            expect("healings.min#25", Metric::Healings, Stat::Min, Op::Min, 10),
        ]
    );
}

#[test]
fn what_the_file_leaves_out_has_its_default() {
    let scenario =
        read("format = 1\nname = \"a\"\nabout = \"b\"\nrun = { duration = \"1s\" }\nnodes = { count = 1 }\n");
    let all = Run { duration_ns: S, warmup_ns: 0, seed_base: 1, seed_count: 1, steady: false };
    assert_eq!(scenario.run, all);
    assert_eq!(scenario.protocol, Protocol::default());
    assert_eq!(
        scenario.nodes,
        Nodes { count: 1, contacts: 1, stagger_ns: 10 * MS, start: StartAs::Join, domains: 0, clusters: 1 }
    );
    let uniform =
        Delay { time_ns: 27_500_000, jitter_ns: 22_500_000, floor_ns: MS, distribution: Distribution::Uniform };
    assert_eq!(scenario.net.delay, uniform);
    assert_eq!(scenario.net.loss, Share::NEVER);
    let delay = read(FILE).net.delay;
    assert_eq!(delay.distribution, Distribution::Uniform);
    assert_eq!(delay.floor_ns, 100_000);
}

#[test]
fn a_crash_is_over_when_its_last_target_is_back() {
    let scenario = read(COMPLETE);
    let ends: Vec<Option<u64>> = (0..9).map(|index| scenario.fault_end_ns(index)).collect();
    let last_back = 20 * S + 9 * 100 * MS + 30 * S;
    let (gc, split, random_split) = (Some(78 * S), Some(120 * S), Some(180 * S));
    assert_eq!(ends, [Some(last_back), None, Some(80 * S), None, gc, split, random_split, None, None]);
}

#[test]
fn every_metric_has_a_name_of_its_own() {
    for metric in Metric::ALL {
        let bound = match metric.name() {
            name if name.starts_with("bytes_per_node") => "\"1B/s\"",
            name if name.starts_with("detection") || name.starts_with("delivery") => "\"1s\"",
            "converged" | "agreed" | "staleness" | "links.joined" | "links.last_asked" => "\"1s\"",
            "infos.connected" | "infos.delivery" => "\"1s\"",
            "quorum.lost" | "quorum.gained" | "quorum.overlap" => "\"1s\"",
            _ => "1",
        };
        let write = "[[write]]\nid = \"w\"\nnodes = \"all\"\nat = \"20s\"\nvalue = \"9B\"\n";
        let file = FILE.replacen("[protocol]", "[protocol]\nprofile = \"infos\"\nquorum = {}", 1);
        let look = match metric.name() {
            "standing" => "nodes = \"all\"\nat = \"9s\"\nis = \"in-quorum\"\n",
            "loss" => "nodes = \"all\"\nof = \"all\"\nat = \"9s\"\nis = \"down\"\n",
            "who_goes" => "nodes = \"all\"\nof = \"all\"\nat = \"9s\"\nis = \"itself\"\n",
            "health" => "nodes = \"all\"\nof = \"all\"\nat = \"9s\"\nis = \"alive\"\n",
            _ => "",
        };
        let text = format!("{file}{write}[[expect]]\nmetric = \"{metric}\"\n{look}max = {bound}\n");
        assert_eq!(read(&text).expects[1].metric, *metric);
    }
}

#[test]
fn crashes_may_follow_one_another_or_miss_each_other() {
    let crash = |id, target, at, restart| {
        format!(
            "[[fault]]\nid = \"{id}\"\nkind = \"crash\"\ntarget = {target}\nat = \"{at}\"\nrestart = \"{restart}\"\n"
        )
    };
    let few = "{ pick = \"random\", count = 3 }";
    for (first, second) in [
        (crash("a", "\"node:3\"", "20s", "5s"), crash("b", "\"node:3\"", "25s", "5s")),
        (crash("a", "\"node:3\"", "30s", "5s"), crash("b", "\"node:3\"", "25s", "5s")),
        (crash("a", "\"node:3\"", "20s", "9s"), crash("b", "\"node:4\"", "25s", "5s")),
        (crash("a", few, "20s", "9s"), crash("b", few, "25s", "5s")),
    ] {
        let text = FILE.replacen("kind = \"crash\"\ntarget", "kind = \"crash\"\nrestart = \"1s\"\ntarget", 1);
        assert_eq!(read(&format!("{text}{first}{second}")).faults.len(), 4);
    }
}
