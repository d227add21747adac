//! Six nodes whose packets are lost now and then, and which put values all the time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use quidnunc::Health;
use quidnunc_real::clock::now_ns;
use quidnunc_real::namespaces::Namespaces;
use quidnunc_real::troupe::{Heard, Playbill, Troupe};
use quidnunc_real::words::{Report, Request};

pub(crate) const NODES: u32 = 6;

/// The key with which all seal at their start, if they do.
pub(crate) const KEY: u8 = 1;

/// So many values each node puts between two steps.
const VALUES: u64 = 3;

/// By then whoever is silent is dead: every member is probed at least once in 2n - 1 periods, and has one suspicion's length to
/// contradict, which is the file's `suspicion_mult` periods.
const PERIODS_TO_DEATH: u32 = (2 * NODES - 1) + 1 + 4;
const PERIOD: Duration = Duration::from_millis(500);

/// A net for a test that hangs; far beyond what it takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a node is asked what it shows.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// A cluster whose nodes are asked one thing at a time, and what all of them said of each other meanwhile.
pub(crate) struct Cluster {
    pub(crate) troupe: Troupe,
    running: Vec<u32>,
    values: u64,
    /// Who was said to be dead, and by whom.
    pub(crate) deaths: Vec<String>,
    /// Where a node holds another one to be.
    pub(crate) places: BTreeMap<(u32, u32), SocketAddr>,
}

impl Cluster {
    /// Starts all nodes, those with odd numbers by another program if one is given, and waits until they have met.
    pub(crate) fn start(namespaces: Namespaces, odd: Option<PathBuf>, seal: Option<u8>) -> Self {
        let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/real/rotation.toml"));
        let program = env!("CARGO_BIN_EXE_quidnunc-real").into();
        let mut troupe = Troupe::new(Playbill { program, odd, file, seed: 1, seal }, namespaces);
        troupe.start_relay(now_ns(), false).unwrap_or_else(|why| panic!("{why}"));
        for node in 0..NODES {
            let seeds: Vec<u32> = (0..node).take(2).collect();
            troupe.start(node, &seeds).unwrap_or_else(|why| panic!("node {node}: {why}"));
        }
        let (running, deaths, places) = ((0..NODES).collect(), Vec::new(), BTreeMap::new());
        let mut cluster = Self { troupe, running, values: 0, deaths, places };
        cluster.until_met();
        cluster
    }

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
                Heard::Ended(_) if !self.running.contains(&of) => {}
                Heard::Ended(why) => panic!("node {of} ended by itself: {why}"),
                Heard::Said(_, Report::Member { subject, change }) => {
                    self.places.insert((of, subject), change.addr);
                    if change.health == Health::Dead {
                        self.deaths.push(format!("node {of} holds node {subject} dead"));
                    }
                }
                Heard::Said(_, Report::Started { .. }) => {}
                Heard::Said(_, answer) => return Some(answer),
            }
        }
    }

    /// Hears nodes until so many deaths were reported: what a node reports may come after what it shows.
    pub(crate) fn hear_deaths(&mut self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.deaths.len() < count {
            assert!(Instant::now() < deadline, "waited in vain for {count} deaths: {:?}", self.deaths);
            assert_eq!(self.hear(BETWEEN_LOOKS), None);
        }
    }

    /// Every node does something, and all put values in front of each.
    pub(crate) fn each(&mut self, request: &Request) {
        for node in self.running.clone() {
            self.all_put();
            assert_eq!(self.ask(node, request), Report::Done, "node {node}: {request}");
        }
    }

    fn all_put(&mut self) {
        self.running.clone().into_iter().for_each(|node| self.put(node));
    }

    pub(crate) fn put(&mut self, node: u32) {
        for _ in 0..VALUES {
            self.values += 1;
            let put = Request::Put { key: format!("v/{}", self.values), value: "x".repeat(100) };
            assert_eq!(self.ask(node, &put), Report::Done);
        }
    }

    /// Waits until all that run hold just those live who do.
    pub(crate) fn until_met(&mut self) {
        self.until("all to know who runs", |own, live, _| live == own.running.len() as u64);
    }

    /// Asks again until all nodes show what they should.
    fn until(&mut self, what: &str, is_so: impl Fn(&Self, u64, u64) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut place = 0;
        while let Some(&node) = self.running.get(place) {
            let Report::Shows { live, values, .. } = self.ask(node, &Request::Show) else {
                panic!("node {node} shows nothing");
            };
            if is_so(self, live, values) {
                place += 1;
            } else {
                assert!(Instant::now() < deadline, "waited in vain for {what}: node {node} shows {live}, {values}");
                // It is asked again in a moment; until then nobody is asked anything.
                assert_eq!(self.hear(BETWEEN_LOOKS), None);
            }
        }
    }

    /// Values are put, and told to everybody, for as long as it would take to give up those who cannot be understood.
    pub(crate) fn go_on(&mut self) {
        let end = Instant::now() + PERIOD * PERIODS_TO_DEATH;
        while Instant::now() < end {
            self.all_put();
            self.until_all_show();
        }
    }

    /// Waits until all that run show all values, and hold all of them live.
    pub(crate) fn until_all_show(&mut self) {
        self.until("all values", |own, live, values| (live, values) == (own.running.len() as u64, own.values));
    }

    /// Asks nobody anything for as long as it takes to give somebody up.
    pub(crate) fn look_on(&mut self) {
        assert_eq!(self.hear(PERIOD * PERIODS_TO_DEATH), None);
    }

    /// Kills a node.
    pub(crate) fn kill(&mut self, node: u32) {
        self.running.retain(|&other| other != node);
        self.troupe.kill(node).unwrap_or_else(|why| panic!("node {node} cannot be killed: {why}"));
    }

    /// That packets were lost, and that nobody's were refused for what they are; that there was traffic.
    pub(crate) fn end(mut self, values_min: u64) {
        assert!(self.values > values_min, "there was traffic: {}", self.values);
        let carried = self.troupe.end_relay().unwrap_or_else(|why| panic!("{why}"));
        assert!(carried.lost > 0 && carried.refused == 0, "{carried:?}");
    }
}
