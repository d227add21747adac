//! Does a cluster of real nodes lose a value, or take anybody for dead, while it goes over from one key to another?

#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use quidnunc::Health;
use quidnunc_real::clock::now_ns;
use quidnunc_real::namespaces::{Family, Namespaces, is_skipped};
use quidnunc_real::troupe::{Heard, Playbill, Troupe};
use quidnunc_real::words::{Report, Request};

const NODES: u32 = 6;

/// The keys before and after.
const OLD: u8 = 1;
const NEW: u8 = 2;

/// So many values each node puts between two steps of the rotation.
const VALUES: u64 = 3;

/// By then whoever is silent is dead: every member is probed at least once in 2n - 1 periods, and has one suspicion's length to
/// contradict, which is the file's `suspicion_mult` periods.
const PERIODS_TO_DEATH: u32 = (2 * NODES - 1) + 1 + 4;
const PERIOD: Duration = Duration::from_millis(500);

/// A net for a test that hangs; far beyond what it takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a node is asked what it shows.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// A cluster whose nodes are asked one thing at a time, and what all of them said about somebody's death meanwhile.
struct Cluster {
    troupe: Troupe,
    values: u64,
    deaths: Vec<String>,
}

impl Cluster {
    /// Asks a node, and waits for its answer.
    fn ask(&mut self, node: u32, request: &Request) -> Report {
        self.troupe.ask(node, request).unwrap_or_else(|why| panic!("node {node} cannot be asked: {why}"));
        self.hear(PATIENCE).unwrap_or_else(|| panic!("node {node} does not answer `{request}`"))
    }

    /// Hears what nodes say until one answers; `None` when none does for so long.
    fn hear(&mut self, wait_max: Duration) -> Option<Report> {
        let deadline = Instant::now() + wait_max;
        loop {
            let wait = deadline.saturating_duration_since(Instant::now());
            let (of, _, heard) = self.troupe.heard().recv_timeout(wait).ok()?;
            match heard {
                Heard::Ended(why) => panic!("node {of} ended by itself: {why}"),
                Heard::Said(_, Report::Member { subject, change }) if change.health == Health::Dead => {
                    self.deaths.push(format!("node {of} holds node {subject} dead"));
                }
                Heard::Said(_, Report::Member { .. } | Report::Started { .. }) => {}
                Heard::Said(_, answer) => return Some(answer),
            }
        }
    }

    /// Every node does something, and all put values in front of each.
    fn each(&mut self, request: &Request) {
        for node in 0..NODES {
            (0..NODES).for_each(|node| self.put(node));
            assert_eq!(self.ask(node, request), Report::Done, "node {node}: {request}");
        }
    }

    fn put(&mut self, node: u32) {
        for _ in 0..VALUES {
            self.values += 1;
            let put = Request::Put { key: format!("v/{}", self.values), value: "x".repeat(100) };
            assert_eq!(self.ask(node, &put), Report::Done);
        }
    }

    /// Asks again until all nodes show what they should.
    fn until(&mut self, what: &str, is_so: impl Fn(&Self, u64, u64) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut node = 0;
        while node < NODES {
            let Report::Shows { live, values, .. } = self.ask(node, &Request::Show) else {
                panic!("node {node} shows nothing");
            };
            if is_so(self, live, values) {
                node += 1;
            } else {
                assert!(Instant::now() < deadline, "waited in vain for {what}: node {node} shows {live}, {values}");
                // It is asked again in a moment; until then nobody is asked anything.
                assert_eq!(self.hear(BETWEEN_LOOKS), None);
            }
        }
    }

    /// Values are put, and told to everybody, for as long as it would take to give up those who cannot be understood.
    fn go_on(&mut self) {
        let end = Instant::now() + PERIOD * PERIODS_TO_DEATH;
        while Instant::now() < end {
            (0..NODES).for_each(|node| self.put(node));
            self.until("all values", |own, live, values| (live, values) == (u64::from(NODES), own.values));
        }
    }
}

#[test]
fn no_value_is_lost_and_nobody_dies_while_keys_change_under_traffic() {
    if is_skipped("no_value_is_lost_and_nobody_dies_while_keys_change_under_traffic") {
        return;
    }
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/real/rotation.toml"));
    let program = env!("CARGO_BIN_EXE_quidnunc-real").into();
    let namespaces = Namespaces::new(NODES, Family::Six).unwrap_or_else(|why| panic!("{why}"));
    let mut troupe = Troupe::new(Playbill { program, file, seed: 1, seal: Some(OLD) }, namespaces);
    troupe.start_relay(now_ns()).unwrap_or_else(|why| panic!("{why}"));
    for node in 0..NODES {
        let seeds: Vec<u32> = (0..node).take(2).collect();
        troupe.start(node, &seeds).unwrap_or_else(|why| panic!("node {node}: {why}"));
    }
    let mut cluster = Cluster { troupe, values: 0, deaths: Vec::new() };
    cluster.until("all to meet", |_, live, _| live == u64::from(NODES));
    for step in [Request::Install(NEW), Request::Use(NEW), Request::Remove(OLD)] {
        cluster.each(&step);
        cluster.go_on();
    }
    assert_eq!(cluster.deaths, [""; 0]);
    assert!(cluster.values > 300, "there was traffic: {}", cluster.values);
    let carried = cluster.troupe.end_relay().unwrap_or_else(|why| panic!("{why}"));
    assert!(carried.lost > 0 && carried.refused == 0, "{carried:?}");
}
