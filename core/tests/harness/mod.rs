//! A few nodes, a network with a fixed delay, and virtual time.
//!
//! What holds always is asserted here, after every single input: the node's own [`Node::check`], that a
//! drain ends and stays ended (L1), that a deadline moves (L2), that nothing exceeds its budget (L6).

#![allow(dead_code, unused_imports, reason = "every test binary uses its own part")]

pub(crate) mod cases;
mod disturb;
mod log;
mod script;
mod wires;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) use disturb::{Chance, Options};
pub(crate) use log::{Line, Out, assert_same};
use quidnunc_core::{Command, Config, Domain, Health, Identity, Input, Instant, Node, NodeId, Rejected, Snapshot};
pub(crate) use script::Step;
pub(crate) use wires::Wires;

/// No drain after one input is longer; a longer one never ends.
const DRAIN_MAX: usize = 3000;

/// How many received datagrams a peer keeps, to be replayed and mutated.
const HEARD_MAX: usize = 32;

/// A datagram under way.
#[derive(Debug, Clone)]
struct Flight {
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

/// One node with what belongs to its driver.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) node: Node,
    pub(crate) addr: SocketAddr,
    /// Bytes of the buffer that is polled into.
    pub(crate) buffer: usize,
    /// The process stands still until then.
    pub(crate) frozen_until: Duration,
    pub(crate) runs: bool,
    /// Packets between different sides of a partition are lost.
    pub(crate) side: u8,
    pub(crate) heard: Vec<(SocketAddr, Vec<u8>)>,
}

/// The nodes, the network between them and what came out of it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) options: Options,
    pub(crate) config: Config,
    pub(crate) delay: Duration,
    /// So many of a hundred packets are lost.
    pub(crate) loss_percent: usize,
    pub(crate) now: Duration,
    pub(crate) peers: Vec<Peer>,
    pub(crate) log: Vec<Line>,
    /// The domains of the first peers; the others have none.
    pub(crate) domains: Vec<Domain>,
    /// Peers whose datagrams are lost, to and from them.
    pub(crate) deaf: BTreeSet<usize>,
    pub(crate) wires: Wires,
    flights: BTreeMap<(Duration, u64), Flight>,
    flights_sent: u64,
    puts: u64,
    chance: Chance,
}

/// The address of a peer; peers are numbered from 0 and called from 1.
pub(crate) fn addr_of(peer: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, u8::try_from(peer + 1).expect("a small world")], 7946))
}

/// The identity of a peer.
pub(crate) fn id_of(peer: usize) -> NodeId {
    NodeId::from_u128(peer as u128 + 1)
}

impl World {
    /// So many nodes that do not know each other.
    pub(crate) fn new(count: usize, config: Config, options: Options) -> Self {
        let config = Config { hash_seed: options.hash_seed, ..config };
        let mut world = Self {
            chance: Chance::new(options.seed),
            options,
            config,
            delay: Duration::from_millis(10),
            loss_percent: 0,
            now: Duration::ZERO,
            peers: Vec::new(),
            log: Vec::new(),
            domains: Vec::new(),
            deaf: BTreeSet::new(),
            wires: Wires::new(),
            flights: BTreeMap::new(),
            flights_sent: 0,
            puts: 0,
        };
        for peer in 0..count {
            let node = world.born(peer, 1000);
            let (addr, buffer) = (addr_of(peer), world.config.datagram_bytes_max);
            let heard = Vec::new();
            world.peers.push(Peer { node, addr, buffer, frozen_until: Duration::ZERO, runs: true, side: 0, heard });
        }
        world
    }

    fn born(&self, peer: usize, boot: u64) -> Node {
        let identity = Identity { id: id_of(peer), boot, addr: addr_of(peer), domain: self.domain_of(peer) };
        let node = Node::new(self.config.clone(), identity, self.options.seed, self.instant(), None);
        let mut node = node.expect("the config is valid");
        node.handle(self.instant(), Input::Command(Command::Watch { prefix: b"" })).expect("one prefix");
        node
    }

    /// So many nodes that know each other, with a clock that begins at zero.
    pub(crate) fn met(count: usize, config: Config, seed: u64) -> Self {
        let mut world = Self::new(count, config, Options::plain(seed, Instant::from_nanos(0)));
        world.meet();
        world
    }

    /// One node per domain, that know each other.
    pub(crate) fn met_in(domains: &[Domain], config: Config, seed: u64) -> Self {
        let mut world = Self::new(domains.len(), config, Options::plain(seed, Instant::from_nanos(0)));
        world.domains = domains.to_vec();
        for peer in 0..domains.len() {
            world.peers[peer].node = world.born(peer, 1000);
        }
        world.meet();
        world
    }

    pub(crate) fn domain_of(&self, peer: usize) -> Domain {
        self.domains.get(peer).copied().unwrap_or_default()
    }

    /// Everybody joins through the first peer; runs until all know all.
    pub(crate) fn meet(&mut self) {
        let count = u32::try_from(self.peers.len()).expect("a small world");
        for peer in 1..self.peers.len() {
            self.command(peer, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
        }
        let patience = self.now + Duration::from_secs(60);
        while self.peers.iter().any(|peer| peer.node.view().live() != count) {
            assert!(self.now < patience, "everybody knows everybody within a minute");
            self.run(Duration::from_millis(100));
        }
    }

    /// The present in the nodes' time.
    pub(crate) fn instant(&self) -> Instant {
        self.options.epoch.after(self.now)
    }

    pub(crate) fn node(&self, peer: usize) -> &Node {
        &self.peers[peer].node
    }

    /// What one peer believes of another.
    pub(crate) fn belief(&self, of: usize, about: usize) -> Option<Health> {
        self.node(of).view().health(id_of(about))
    }

    /// The peer's process ends, its socket with it.
    pub(crate) fn kill(&mut self, peer: usize) {
        self.peers[peer].runs = false;
    }

    /// The peer's process starts again, knowing nothing.
    pub(crate) fn restart(&mut self, peer: usize) {
        let boot = self.node(peer).view().incarnation().boot + 1;
        self.restart_with(peer, boot);
    }

    /// The same, with this boot.
    pub(crate) fn restart_with(&mut self, peer: usize, boot: u64) {
        self.peers[peer].node = self.born(peer, boot);
        self.peers[peer].runs = true;
    }

    /// The same, with what was kept of an earlier life.
    pub(crate) fn restart_from(&mut self, peer: usize, boot: u64, kept: Snapshot<'_>) {
        let identity = Identity { id: id_of(peer), boot, addr: addr_of(peer), domain: self.domain_of(peer) };
        let node = Node::new(self.config.clone(), identity, self.options.seed, self.instant(), Some(kept));
        self.peers[peer].node = node.expect("the config is valid");
        self.peers[peer].runs = true;
    }

    pub(crate) fn command(&mut self, peer: usize, command: Command<'_>) -> Result<(), Rejected> {
        self.feed(peer, Input::Command(command))
    }

    pub(crate) fn say(&mut self, peer: usize, key: &[u8], value: &[u8]) {
        self.command(peer, Command::Put { key, value }).expect("a put is taken");
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, wait: Duration) {
        let end = self.now + wait;
        let mut at_once = 0;
        while let Some(at) = self.next_at().filter(|&at| at <= end) {
            at_once = if at > self.now { 0 } else { at_once + 1 };
            assert!(at_once < 10_000, "time stands still at {:?}", self.now);
            self.pass_to(at.max(self.now));
            self.happen();
        }
        self.pass_to(end);
    }

    fn next_at(&self) -> Option<Duration> {
        let flight = self.flights.keys().next().map(|&(at, _)| at);
        let timers = (0..self.peers.len()).filter_map(|peer| self.timer_at(peer));
        flight.into_iter().chain(self.wires.next_at()).chain(timers).min()
    }

    /// When a peer's driver hands in its next timeout.
    pub(crate) fn timer_at(&self, peer: usize) -> Option<Duration> {
        let Peer { node, frozen_until, runs, .. } = &self.peers[peer];
        let wakeup = node.poll_timeout().filter(|_| *runs)?;
        Some(wakeup.at.since(self.options.epoch).max(*frozen_until))
    }

    fn pass_to(&mut self, at: Duration) {
        if at > self.now && self.options.spurious {
            self.now += (at - self.now) / 2;
            (0..self.peers.len()).for_each(|peer| self.disturb(peer));
        }
        self.now = at;
    }

    /// Hands in whatever is due now: a datagram before a timeout.
    fn happen(&mut self) {
        if self.wires.next_at().is_some_and(|at| at <= self.now) {
            return self.deliver_stream();
        }
        let Some(timer) = (0..self.peers.len()).find(|&peer| self.timer_at(peer).is_some_and(|at| at <= self.now))
        else {
            return self.deliver();
        };
        if self.flights.keys().next().is_some_and(|&(at, _)| at <= self.now) {
            return self.deliver();
        }
        let late = self.node(timer).poll_timeout().is_some_and(|wakeup| wakeup.at < self.instant());
        self.feed(timer, Input::Timeout).expect("a timeout is never refused");
        let moved = self.node(timer).poll_timeout().is_none_or(|wakeup| wakeup.at > self.instant());
        assert!(moved || late, "the deadline moves beyond the present (L2)");
    }

    fn deliver(&mut self) {
        let Some(((_, number), flight)) = self.flights.pop_first() else { return };
        let Some(peer) = self.peers.iter().position(|peer| peer.addr == flight.to && peer.runs) else { return };
        let Peer { frozen_until: thaw, side, .. } = self.peers[peer];
        if self.peers.iter().any(|other| other.addr == flight.from && other.side != side) {
            return;
        }
        let from = self.peers.iter().position(|other| other.addr == flight.from);
        if self.deaf.contains(&peer) || from.is_some_and(|from| self.deaf.contains(&from)) {
            return;
        }
        if self.loss_percent > 0 && self.chance.below(100) < self.loss_percent {
            return;
        }
        if thaw > self.now {
            self.flights.insert((thaw, number), flight);
            return;
        }
        let heard = &mut self.peers[peer].heard;
        heard.insert(0, (flight.from, flight.bytes.clone()));
        heard.truncate(HEARD_MAX);
        // A datagram from a peer may be refused for good reasons: its cookie may have grown stale.
        let _ = self.feed(peer, Input::Datagram { from: flight.from, bytes: &flight.bytes });
    }

    /// Hands one input to a node and drains it.
    pub(crate) fn feed(&mut self, peer: usize, input: Input<'_>) -> Result<(), Rejected> {
        self.disturb(peer);
        let now = self.instant();
        let before = self.node(peer).poll_timeout().map_or(now, |wakeup| wakeup.at.min(now));
        let result = self.peers[peer].node.handle(now, input);
        self.peers[peer].node.check();
        self.drain(peer);
        let after = self.node(peer).poll_timeout().map_or(now, |wakeup| wakeup.at);
        assert!(after >= before, "no input sets a deadline in the past: {after:?} at {now:?}");
        self.disturb(peer);
        result
    }

    fn drain(&mut self, peer: usize) {
        let mut drained = 0;
        loop {
            let mut any = self.drain_event(peer);
            while !self.options.one_by_one && self.drain_event(peer) {}
            any |= self.drain_transmit(peer);
            while !self.options.one_by_one && self.drain_transmit(peer) {
                drained += 1;
                assert!(drained < DRAIN_MAX, "a drain ends");
            }
            any |= self.drain_streams(peer);
            drained += 1;
            assert!(drained < DRAIN_MAX, "a drain ends");
            if !any {
                break;
            }
            if self.options.one_by_one {
                self.disturb(peer);
            }
        }
        assert!(!self.drain_event(peer), "a drained queue of events stays empty (L1)");
        assert!(!self.drain_transmit(peer), "a drained queue of packets stays empty (L1)");
        self.peers[peer].node.check();
    }

    fn drain_event(&mut self, peer: usize) -> bool {
        let Some(event) = self.peers[peer].node.poll_event() else { return false };
        self.log.push(Line { at: self.now, peer, out: Out::Event(event) });
        true
    }

    fn drain_transmit(&mut self, peer: usize) -> bool {
        let (now, at) = (self.instant(), self.now + self.delay);
        let Peer { node, buffer, addr, .. } = &mut self.peers[peer];
        let mut bytes = vec![0xee; *buffer];
        let Some(transmit) = node.poll_transmit(now, &mut bytes) else { return false };
        let most = self.config.datagram_bytes_max.min(*buffer);
        assert!(transmit.len <= most, "{} bytes, {most} were allowed (L6)", transmit.len);
        bytes.truncate(transmit.len);
        let flight = Flight { from: *addr, to: transmit.to, bytes: bytes.clone() };
        self.flights.insert((at, self.flights_sent), flight);
        self.flights_sent += 1;
        let out = Out::Packet { to: transmit.to, purpose: transmit.purpose, bytes };
        self.log.push(Line { at: self.now, peer, out });
        true
    }

    /// What one peer holds of another's map: keys, values, versions, by key.
    pub(crate) fn map(&self, of: usize, owner: usize) -> Vec<(Vec<u8>, Vec<u8>, u64)> {
        let values = self.node(of).view().values(id_of(owner), b"");
        values.map(|value| (value.key.to_vec(), value.value.to_vec(), value.version)).collect()
    }

    /// The events of one peer, in order.
    pub(crate) fn events(&self, peer: usize) -> impl Iterator<Item = (Duration, quidnunc_core::Event)> + '_ {
        self.log.iter().filter(move |line| line.peer == peer).filter_map(|line| match &line.out {
            Out::Event(event) => Some((line.at, event.clone())),
            Out::Packet { .. } => None,
        })
    }
}
