//! The nodes, what is done to them, and what they say.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use quidnunc::std::{Handle, spawn};
use quidnunc::{Config, Event, Health, NodeId, Options};
use quidnunc_core::stable_hash;

use super::LOSS_PERCENT;
use super::common::LOOPBACK;
use super::figures::{Memory, processor_time};
use super::relay::Relay;

/// A net for a test that hangs: twice the longest suspicion of 200 nodes.
const PATIENCE: Duration = Duration::from_secs(120);

/// So often somebody writes, and goals are looked at.
const TICK: Duration = Duration::from_millis(50);
const TICKS_PER_SAMPLE: u64 = 20;

/// One node over all its lives.
struct Member {
    id: NodeId,
    /// The number of its present or latest life.
    boot: u64,
    handle: Option<Handle>,
    /// Who has heard that this life is over.
    mourners: BTreeSet<usize>,
}

/// All nodes.
pub(crate) struct Cluster {
    relay: Relay,
    members: Vec<Member>,
    news: Receiver<(usize, Event)>,
    news_in: Sender<(usize, Event)>,
    seed: u64,
    start: Instant,
    next_tick: Instant,
    ticks: u64,
    puts: bool,
    drawn: u64,
    deaths: u64,
    suspected: u64,
    refuted: u64,
    memory: Memory,
}

impl Cluster {
    /// So many nodes, all of which join the first.
    pub(crate) fn start(nodes: usize, seed: u64) -> Self {
        let member = |node: usize| {
            let id = NodeId::from_name(&format!("node-{node}"));
            Member { id, boot: 0, handle: None, mourners: BTreeSet::new() }
        };
        let (news_in, news) = mpsc::channel();
        let start = Instant::now();
        let mut cluster = Self {
            relay: Relay::start(nodes, seed, LOSS_PERCENT),
            members: (0..nodes).map(member).collect(),
            news,
            news_in,
            seed,
            start,
            next_tick: start,
            ticks: 0,
            puts: true,
            drawn: 0,
            deaths: 0,
            suspected: 0,
            refuted: 0,
            memory: Memory::default(),
        };
        (0..nodes).for_each(|node| cluster.begin_life(node));
        cluster.live_until("every node has written", |cluster| cluster.ticks >= nodes as u64);
        cluster.memory = Memory::default();
        cluster
    }

    pub(crate) fn age(&self) -> Duration {
        self.start.elapsed()
    }

    pub(crate) const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// So many nodes, drawn by chance; never the one that all others join.
    pub(crate) fn draw(&mut self, count: usize) -> Vec<usize> {
        let mut drawn = BTreeSet::new();
        while drawn.len() < count {
            self.drawn += 1;
            let chance = stable_hash(!self.seed, &self.drawn.to_le_bytes());
            drawn.insert(1 + usize::try_from(chance % (self.members.len() as u64 - 1)).unwrap());
        }
        drawn.into_iter().collect()
    }

    /// Stops nodes without a goodbye, and lives on until all others know. Returns when the first and the last did.
    pub(crate) fn kill(&mut self, nodes: &[usize]) -> String {
        for &node in nodes {
            // Before this, word of its death is a mistake.
            self.take_news();
            let handle = self.members[node].handle.take().unwrap();
            self.relay.place(node, None);
            handle.stop().unwrap();
        }
        let (begin, living) = (Instant::now(), self.members.len() - nodes.len());
        let mourners = |cluster: &Self| nodes.iter().map(|&node| cluster.members[node].mourners.len()).sum::<usize>();
        self.live_until("word of a death", |cluster| mourners(cluster) > 0);
        let first = begin.elapsed();
        self.live_until("word of all deaths", |cluster| mourners(cluster) == living * nodes.len());
        format!("to one after {first:.1?}, to all after {:.1?}", begin.elapsed())
    }

    /// Lets nodes come back: the same ones, at the same addresses, in a later life.
    pub(crate) fn restart(&mut self, nodes: &[usize]) {
        nodes.iter().for_each(|&node| self.begin_life(node));
    }

    fn begin_life(&mut self, node: usize) {
        let member = &mut self.members[node];
        member.boot += 1;
        member.mourners.clear();
        let options = Options {
            // Nobody lets events wait here, and room for them is memory that says nothing.
            config: Config { cluster: Config::cluster_tag("soak"), events_max: 1024, ..Config::lan() },
            boot: member.boot,
            advertise: Some(self.relay.addr(node)),
            seed: Some(stable_hash(self.seed, &[member.boot.to_le_bytes(), (node as u64).to_le_bytes()].concat())),
            ..Options::new(member.id, LOOPBACK)
        };
        let (handle, events) = spawn(options).unwrap();
        self.relay.place(node, Some(handle.local_addr()));
        if node > 0 {
            handle.join(&[self.relay.addr(0)]).unwrap();
        }
        member.handle = Some(handle);
        let news = self.news_in.clone();
        // It ends with the node.
        thread::spawn(move || events.iter().all(|event| news.send((node, event)).is_ok()));
    }

    /// Lives on until all have the same members, all of which live, and the same values. Nobody writes meanwhile.
    pub(crate) fn agree(&mut self) {
        self.puts = false;
        self.live_until("all agree", Self::is_agreed);
        self.puts = true;
    }

    fn is_agreed(&self) -> bool {
        let live = u32::try_from(self.members.len()).unwrap();
        let of = |handle: &Handle| {
            let sums = handle.read(|driver| {
                let view = driver.view();
                (view.live(), view.fingerprint(), view.state_fingerprint())
            });
            sums.unwrap()
        };
        let mut sums = self.running().map(of);
        let first = sums.next().unwrap();
        first.0 == live && sums.all(|sums| sums == first)
    }

    fn running(&self) -> impl Iterator<Item = &Handle> {
        self.members.iter().filter_map(|member| member.handle.as_ref())
    }

    /// Lives on until then.
    pub(crate) fn live_on(&mut self, until: Instant) {
        while Instant::now() < until {
            self.tick();
        }
    }

    fn live_until(&mut self, goal: &str, reached: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !reached(self) {
            assert!(Instant::now() < deadline, "waited in vain until {goal}; {}", self.report());
            self.tick();
        }
    }

    /// Takes what the nodes say until the next tick, then writes a value.
    fn tick(&mut self) {
        while let Ok((node, event)) = self.news.recv_timeout(self.next_tick.saturating_duration_since(Instant::now())) {
            self.take(node, &event);
        }
        self.next_tick = Instant::now() + TICK;
        self.ticks += 1;
        if self.ticks.is_multiple_of(TICKS_PER_SAMPLE) {
            self.memory.sample();
        }
        let writer = usize::try_from(self.ticks % self.members.len() as u64).unwrap();
        if let Some(handle) = self.members[writer].handle.as_ref().filter(|_| self.puts) {
            handle.put(b"ticks", &self.ticks.to_le_bytes(), None).unwrap();
        }
    }

    fn take_news(&mut self) {
        while let Ok((node, event)) = self.news.try_recv() {
            self.take(node, &event);
        }
    }

    fn take(&mut self, node: usize, event: &Event) {
        if let Event::Member(change) = event {
            let of = self.members.iter_mut().find(|member| member.id == change.id).unwrap();
            self.suspected += u64::from(change.health == Health::Suspect);
            // Late word of an earlier life is true, and no news.
            if change.health == Health::Dead && change.incarnation.boot == of.boot {
                assert!(of.handle.is_none(), "node {node} took a node that runs for dead: {change:?}");
                self.deaths += u64::from(of.mourners.insert(node));
            }
        } else if let Event::Refuted { .. } = event {
            self.refuted += 1;
        } else if let Event::EventsLost { count } = event {
            panic!("node {node} lost {count} events, and deaths perhaps among them");
        }
    }

    /// So many were lost as should be, and nothing came from elsewhere.
    pub(crate) fn check_relay(&self) {
        let counts = self.relay.counts();
        let read = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        let (passed, dropped) = (read(&counts.passed), read(&counts.dropped));
        let percent = dropped as f64 * 100.0 / (passed + dropped) as f64;
        let wanted = LOSS_PERCENT as f64;
        assert!((wanted - 1.0..=wanted + 1.0).contains(&percent), "{percent} % were dropped: {counts:?}");
        assert_eq!(read(&counts.strangers), 0, "{counts:?}");
    }

    pub(crate) fn report(&self) -> String {
        let age = self.age();
        let cpu = processor_time().map_or(0.0, |spent| spent.as_secs_f64() * 100.0 / age.as_secs_f64());
        let (deaths, suspected, refuted) = (self.deaths, self.suspected, self.refuted);
        format!(
            "{age:.1?}: {deaths} reports of deaths, all true; {suspected} of suspicions, {refuted} contradictions\n\
             {:?}\n{}\nprocessor time: {cpu:.1} % of one core",
            self.relay.counts(),
            self.memory,
        )
    }
}
