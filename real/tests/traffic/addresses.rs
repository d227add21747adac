//! A real node loses the address by which all know it: does anybody take it for dead, and do all find it at its other one?

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use quidnunc::Health;
use quidnunc_real::clock::now_ns;
use quidnunc_real::namespaces::{Family, Namespaces, is_skipped};
use quidnunc_real::troupe::{Heard, Playbill, Troupe};
use quidnunc_real::words::{Report, Request};

/// As in the file.
const NODES: u32 = 6;
const PERIOD: Duration = Duration::from_millis(500);

/// Whose address is lost.
const OWNER: u32 = 2;

/// By then whoever is silent is dead: every member is probed at least once in 2n - 1 periods, and has one suspicion's length to
/// contradict, which is the file's `suspicion_mult` periods.
const PERIODS_TO_DEATH: u32 = (2 * NODES - 1) + 1 + 4;

/// A net for a test that hangs; far beyond what it takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at what a node shows.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// The nodes, and what they have said of each other.
struct Cluster {
    troupe: Troupe,
    deaths: Vec<String>,
    /// Where each holds the owner to be.
    places: BTreeMap<u32, SocketAddr>,
}

impl Cluster {
    fn ask(&mut self, node: u32, request: &Request) -> Report {
        self.troupe.ask(node, request).unwrap_or_else(|why| panic!("node {node} cannot be asked: {why}"));
        self.hear(Instant::now() + PATIENCE).unwrap_or_else(|| panic!("node {node} does not answer `{request}`"))
    }

    /// Hears what nodes say until one answers; `None` when none does by then.
    fn hear(&mut self, deadline: Instant) -> Option<Report> {
        loop {
            let wait = deadline.saturating_duration_since(Instant::now());
            let (of, _, heard) = self.troupe.heard().recv_timeout(wait).ok()?;
            match heard {
                Heard::Ended(why) => panic!("node {of} ended by itself: {why}"),
                Heard::Said(_, Report::Member { subject, change }) => {
                    if change.health == Health::Dead {
                        self.deaths.push(format!("node {of} holds node {subject} dead"));
                    }
                    if subject == OWNER {
                        self.places.insert(of, change.addr);
                    }
                }
                Heard::Said(_, Report::Started { .. }) => {}
                Heard::Said(_, answer) => return Some(answer),
            }
        }
    }

    /// Asks each node in turn until it shows all nodes and so many values. A value of the owner's comes behind the list of its
    /// addresses, so that whoever has the one has the other.
    fn until_all_show(&mut self, wanted: u64) {
        let deadline = Instant::now() + PATIENCE;
        for node in 0..NODES {
            loop {
                let Report::Shows { live, values, .. } = self.ask(node, &Request::Show) else {
                    panic!("node {node} shows nothing");
                };
                if (live, values) == (u64::from(NODES), wanted) {
                    break;
                }
                assert!(Instant::now() < deadline, "node {node} shows {live} nodes and {values} values");
                // It is asked again in a moment; until then nobody is asked anything.
                assert_eq!(self.hear(Instant::now() + BETWEEN_LOOKS), None);
            }
        }
    }

    fn put(&mut self, number: u32) {
        let put = Request::Put { key: format!("v/{number}"), value: "x".into() };
        assert_eq!(self.ask(OWNER, &put), Report::Done);
    }
}

fn start(family: Family) -> Cluster {
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/real/rotation.toml"));
    let program = env!("CARGO_BIN_EXE_quidnunc-real").into();
    let mut namespaces = Namespaces::new(NODES, family).unwrap_or_else(|why| panic!("{why}"));
    namespaces.double(OWNER).unwrap_or_else(|why| panic!("{why}"));
    let mut troupe = Troupe::new(Playbill { program, odd: None, file, seed: 1, seal: None }, namespaces);
    troupe.start_relay(now_ns(), false).unwrap_or_else(|why| panic!("{why}"));
    for node in 0..NODES {
        let seeds: Vec<u32> = (0..node).take(2).collect();
        troupe.start(node, &seeds).unwrap_or_else(|why| panic!("node {node}: {why}"));
    }
    Cluster { troupe, deaths: Vec::new(), places: BTreeMap::new() }
}

#[test]
fn a_node_that_loses_an_address_is_found_at_its_other_one_and_taken_for_dead_by_nobody() {
    if is_skipped("a_node_that_loses_an_address_is_found_at_its_other_one_and_taken_for_dead_by_nobody") {
        return;
    }
    for family in [Family::Four, Family::Six] {
        let mut cluster = start(family);
        cluster.put(1);
        cluster.until_all_show(1);
        let second = cluster.troupe.namespaces.second_addr(OWNER).expect("it has one");
        let first = cluster.troupe.namespaces.socket_addr(OWNER);
        assert!(cluster.places.values().all(|&addr| addr == first), "{family}: {:?}", cluster.places);

        let lost = Instant::now();
        cluster.troupe.namespaces.lose_first(OWNER).unwrap_or_else(|why| panic!("{why}"));
        // Until then nobody is asked anything, so that nobody answers.
        assert_eq!(cluster.hear(lost + PERIOD * PERIODS_TO_DEATH), None);
        cluster.put(2);
        cluster.until_all_show(2);
        assert_eq!(cluster.deaths, [""; 0], "{family}");
        let expected: BTreeMap<u32, SocketAddr> = (0..NODES).filter(|&of| of != OWNER).map(|of| (of, second)).collect();
        assert_eq!(cluster.places, expected, "{family}");
    }
}
