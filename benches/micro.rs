//! What does one step of a node cost? `cargo bench -p quidnunc-benches --bench micro`
//!
//! * `ping_ack/N` — a ping comes in, its ack goes out, in a settled cluster of N, everything warm;
//! * `gossip_full/known` — one datagram full of rumours that the node has heard before;
//! * `gossip_full/new` — the same datagram at a node of 100 that has heard of none of it, without an answer;
//! * `decode/…` — the decoder alone, on those datagrams;
//! * `join_100` — 100 nodes from nothing until everybody knows everybody, core and a bare event loop;
//! * `simulator/quickstart` — one run of `scenarios/quickstart.toml` in the simulator.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use quidnunc_benches::cluster::{Captured, Cluster, address_of};
use quidnunc_core::{Config, Input, Instant, Node, Purpose, probe_decoder};
use quidnunc_sim::scenario::parse;
use quidnunc_sim::world::{RunOptions, run};

fn unmetered() -> u64 {
    0
}

/// Lets a node take a packet in and say all it has to say. Returns how many bytes it says.
fn deliver(node: &mut Node, now: Instant, packet: &Captured, buffer: &mut [u8]) -> usize {
    let input = Input::Datagram { from: address_of(packet.from), bytes: &packet.bytes };
    node.handle(now, input).expect("it comes from a node");
    let mut bytes = 0;
    while let Some(transmit) = node.poll_transmit(now, buffer) {
        bytes += transmit.len;
    }
    while let Some(event) = node.poll_event() {
        black_box(event);
    }
    black_box(node.poll_timeout());
    bytes
}

fn ping_ack(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ping_ack");
    for nodes in [100, 1000] {
        let mut cluster = Cluster::new(1, nodes, unmetered);
        cluster.run_for(30);
        assert!(cluster.is_converged(), "{nodes} nodes settle within 30 s");
        let ping = cluster.capture(Purpose::Probe, 1).expect("somebody probes within a period");
        let mut node = cluster.nodes()[ping.to as usize].clone();
        let (now, mut buffer) = (cluster.now(), [0; 1232]);
        group.bench_function(BenchmarkId::from_parameter(nodes), |bencher| {
            bencher.iter(|| deliver(&mut node, now, black_box(&ping), &mut buffer));
        });
    }
    group.finish();
}

/// A cluster that has settled, and the fullest datagram of rumours that was sent on the way there.
fn settled(family: u64) -> (Cluster, Captured) {
    let mut cluster = Cluster::new(family, 100, unmetered);
    let gossip = cluster.capture(Purpose::Gossip, 30).expect("joining makes rumours");
    assert!(cluster.is_converged(), "100 nodes settle within 30 s");
    assert!(gossip.bytes.len() > 1100, "it is full: {} bytes", gossip.bytes.len());
    (cluster, gossip)
}

fn gossip_full(criterion: &mut Criterion) {
    let (cluster, gossip) = settled(1);
    let (stranger, _) = settled(2);
    let mut buffer = [0; 1232];
    let mut group = criterion.benchmark_group("gossip_full");
    let now = cluster.now();
    group.throughput(Throughput::Bytes(gossip.bytes.len() as u64));
    let mut known = cluster.nodes()[gossip.to as usize].clone();
    group.bench_function("known", |bencher| {
        bencher.iter(|| deliver(&mut known, now, black_box(&gossip), &mut buffer));
    });
    // Every time a fresh copy, because rumours are new only once; what it says to them is not in the figure.
    let (stranger, now) = (&stranger.nodes()[50], stranger.now());
    group.bench_function("new", |bencher| {
        let handle = |node: &mut Node| {
            let input = Input::Datagram { from: address_of(gossip.from), bytes: &gossip.bytes };
            node.handle(now, input)
        };
        bencher.iter_batched_ref(|| stranger.clone(), handle, BatchSize::SmallInput);
    });
    group.finish();
}

fn decode(criterion: &mut Criterion) {
    let (mut cluster, gossip) = settled(1);
    let ping = cluster.capture(Purpose::Probe, 1).expect("somebody probes within a period");
    let tag = Config::lan().cluster;
    let mut group = criterion.benchmark_group("decode");
    for (name, packet) in [("ping", ping), ("gossip_full", gossip)] {
        group.throughput(Throughput::Bytes(packet.bytes.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| probe_decoder(black_box(&packet.bytes), tag)));
    }
    group.finish();
}

fn join_100(criterion: &mut Criterion) {
    criterion.bench_function("join_100", |bencher| {
        bencher.iter(|| {
            let mut cluster = Cluster::new(1, 100, unmetered);
            while !cluster.nodes().iter().all(|node| node.view().live() == 100) {
                assert!(cluster.step() && cluster.now() < Instant::from_nanos(20_000_000_000), "joining takes seconds");
            }
            cluster.packets()
        });
    });
}

fn quickstart(criterion: &mut Criterion) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/quickstart.toml");
    let text = std::fs::read_to_string(path).expect("the scenario is part of the repository");
    let scenario = parse(path, &text).map_err(|diagnostic| format!("{diagnostic:?}")).expect("it is well formed");
    let mut group = criterion.benchmark_group("simulator");
    group.sample_size(20);
    group.bench_function("quickstart", |bencher| {
        bencher.iter(|| run(&scenario, scenario.run.seed_base, &RunOptions::default()).expect("it is valid"));
    });
    group.finish();
}

criterion_group!(benches, ping_ack, gossip_full, decode, join_100, quickstart);
criterion_main!(benches);
