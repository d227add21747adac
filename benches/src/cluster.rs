//! What do real nodes cost without the simulator? Nodes in memory, virtual time, a network that only delays.
//!
//! Every call into a node is metered by itself, so that nothing the harness does is charged to the core.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use quidnunc_core::{
    Command, Config, Domain, Identity, Input, Instant, Node, NodeId, Purpose, QuorumSettings, Transmit, Voter, Voters,
};
use quidnunc_sim::engine::delay::DelaySampler;
use quidnunc_sim::engine::draws::{Draws, Purpose as Draw};
use quidnunc_sim::engine::wheel::{Class, Event, Wheel, order_key};

use crate::arena::Arena;

/// 10.0.0.0; node 0 has the address behind it.
const NETWORK: u32 = 10 << 24;
const SECOND: u64 = 1_000_000_000;

/// Where a node listens.
#[must_use]
pub const fn address_of(node: u32) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::from_bits(NETWORK + 1 + node)), 7946)
}

fn node_at(addr: SocketAddr) -> u32 {
    match addr.ip() {
        IpAddr::V4(ip) => u32::from(ip).wrapping_sub(NETWORK + 1),
        IpAddr::V6(_) => u32::MAX,
    }
}

/// Who a node is. Nodes of different `family` have different identities.
#[must_use]
pub fn fresh_identity(family: u64, number: u32) -> Identity {
    let half = |which| u128::from(Draws::new(family).draw(Draw::NodeId, u64::from(number), which));
    let id = NodeId::from_u128(half(0) << 64 | half(1));
    Identity { id, boot: 1_790_000_000_000, addr: address_of(number), domain: Domain::NONE }
}

/// A node that knows only itself. Nodes of different `family` have different identities.
///
/// # Panics
/// Never: the profile is valid.
#[must_use]
pub fn fresh_node(family: u64, number: u32, now: Instant) -> Node {
    configured_node(Config::lan(), family, number, now)
}

fn configured_node(config: Config, family: u64, number: u32, now: Instant) -> Node {
    let identity = fresh_identity(family, number);
    let seed = Draws::new(family).draw(Draw::NodeSeed, u64::from(number), 0);
    Node::new(config, identity, seed, now, None).expect("the config is valid")
}

/// A packet that somebody sent.
#[derive(Debug, Clone)]
pub struct Captured {
    /// Who sent it.
    pub from: u32,
    /// To whom.
    pub to: u32,
    /// What for.
    pub purpose: Purpose,
    /// Its payload.
    pub bytes: Vec<u8>,
}

/// Some nodes and the network between them.
pub struct Cluster {
    nodes: Vec<Node>,
    /// Per node: the earliest timer event in the queue that counts.
    scheduled: Vec<u64>,
    /// Per node: how many events it caused.
    seq: Vec<u32>,
    wheel: Wheel,
    arena: Arena,
    delays: DelaySampler,
    draws: Draws,
    now: u64,
    buffer: Vec<u8>,
    packets: u64,
    bytes: u64,
    meter: fn() -> u64,
    metered: u64,
    /// The longest packet of the wanted purpose so far, if one is wanted.
    captured: Option<Captured>,
    wanted: Option<Purpose>,
}

impl Cluster {
    /// So many nodes that begin to join the first one within a second. `meter` is read before and after
    /// every call into a node.
    ///
    /// # Panics
    /// When a new node does not want to join.
    #[must_use]
    pub fn new(family: u64, nodes: u32, meter: fn() -> u64) -> Self {
        Self::with(&Config::lan(), family, nodes, meter)
    }

    /// The same with a quorum: all nodes vote, and are told so first.
    ///
    /// # Panics
    /// When a new node does not want to join.
    #[must_use]
    pub fn of_voters(family: u64, nodes: u32, meter: fn() -> u64) -> Self {
        let config = Config { quorum: Some(QuorumSettings::native()), ..Config::lan() };
        let mut cluster = Self::with(&config, family, nodes, meter);
        let voter = |number| Voter { id: fresh_identity(family, number).id, votes: 1, domain: Domain::NONE };
        let voters: Vec<Voter> = (0..nodes).map(voter).collect();
        for number in 0..nodes {
            cluster.command(number, Command::Configure { epoch: 1, voters: Voters::All(&voters), domains: None });
        }
        cluster
    }

    fn with(config: &Config, family: u64, nodes: u32, meter: fn() -> u64) -> Self {
        let mut cluster = Self {
            nodes: Vec::with_capacity(nodes as usize),
            scheduled: vec![u64::MAX; nodes as usize],
            seq: vec![0; nodes as usize],
            wheel: Wheel::new(),
            arena: Arena::default(),
            delays: crate::delays(),
            draws: Draws::new(family),
            now: 0,
            buffer: vec![0; 1232],
            packets: 0,
            bytes: 0,
            meter,
            metered: 0,
            captured: None,
            wanted: None,
        };
        for number in 0..nodes {
            let start = u64::from(number) * (SECOND / u64::from(nodes));
            let now = Instant::from_nanos(start);
            let mut node = configured_node(config.clone(), family, number, now);
            if number > 0 {
                let join = Command::Join { seeds: &[address_of(0)] };
                node.handle(now, Input::Command(join)).expect("a new node may join");
            }
            cluster.nodes.push(node);
            cluster.now = start;
            cluster.after(number);
        }
        cluster.now = 0;
        cluster
    }

    /// Virtual time in nanoseconds.
    #[must_use]
    pub const fn now(&self) -> Instant {
        Instant::from_nanos(self.now)
    }

    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Packets sent so far.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Payload of those.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// By how much the meter moved inside nodes so far.
    #[must_use]
    pub const fn metered(&self) -> u64 {
        self.metered
    }

    /// Whether everybody knows the same, and everybody.
    #[must_use]
    pub fn is_converged(&self) -> bool {
        let sum = self.nodes.first().map(|node| node.view().fingerprint());
        self.nodes
            .iter()
            .all(|node| node.view().live() as usize == self.nodes.len() && Some(node.view().fingerprint()) == sum)
    }

    /// Tells a node to do something now.
    ///
    /// # Panics
    /// When it refuses.
    pub fn command(&mut self, node: u32, command: Command<'_>) {
        let now = self.now();
        self.metered_call(node, |state| state.handle(now, Input::Command(command))).expect("a command is taken");
        self.after(node);
    }

    /// Goes on for so many virtual seconds.
    pub fn run_for(&mut self, seconds: u64) {
        self.run_until(Instant::from_nanos(self.now + seconds * SECOND));
    }

    /// Goes on until the first thing at or after that instant has happened.
    pub fn run_until(&mut self, end: Instant) {
        while self.now() < end && self.step() {}
    }

    /// Goes on for so many virtual seconds and returns the longest packet of that purpose that was sent.
    pub fn capture(&mut self, purpose: Purpose, seconds: u64) -> Option<Captured> {
        self.wanted = Some(purpose);
        self.run_for(seconds);
        self.wanted = None;
        self.captured.take()
    }

    /// Lets the next thing happen. Returns whether there was one.
    pub fn step(&mut self) -> bool {
        let Some(event) = self.wheel.pop() else { return false };
        self.now = event.at;
        let (node, now) = (event.dst, self.now());
        if event.order < order_key(Class::Timer, 0, 0) {
            let packet = self.arena.take(event.what);
            let from = address_of(packet.from);
            let input = Input::Datagram { from, bytes: &packet.bytes };
            // A refusal is the node's business and counted there.
            let _ = self.metered_call(node, |state| state.handle(now, input));
            self.arena.give_back(event.what, packet);
        } else if self.scheduled[node as usize] == event.at {
            self.scheduled[node as usize] = u64::MAX;
            let _ = self.metered_call(node, |state| state.handle(now, Input::Timeout));
        } else {
            return true;
        }
        self.after(node);
        true
    }

    fn metered_call<T>(&mut self, node: u32, call: impl FnOnce(&mut Node) -> T) -> T {
        let before = (self.meter)();
        let result = call(&mut self.nodes[node as usize]);
        self.metered += (self.meter)() - before;
        result
    }

    fn after(&mut self, node: u32) {
        let now = self.now();
        let mut buffer = core::mem::take(&mut self.buffer);
        while let Some(transmit) = self.metered_call(node, |state| state.poll_transmit(now, &mut buffer)) {
            self.send(node, transmit, &buffer[..transmit.len]);
        }
        self.buffer = buffer;
        while self.metered_call(node, Node::poll_event).is_some() {}
        if let Some(wakeup) = self.metered_call(node, |state| state.poll_timeout()) {
            let at = wakeup.at.as_nanos().max(self.now);
            if at < self.scheduled[node as usize] {
                self.scheduled[node as usize] = at;
                let order = self.order(Class::Timer, node);
                self.wheel.push(Event { at, order, dst: node, what: 0 });
            }
        }
    }

    fn send(&mut self, from: u32, transmit: Transmit, bytes: &[u8]) {
        let (to, purpose) = (node_at(transmit.to), transmit.purpose);
        let longest = self.captured.as_ref().map_or(0, |captured| captured.bytes.len());
        if self.wanted == Some(purpose) && bytes.len() > longest {
            self.captured = Some(Captured { from, to, purpose, bytes: bytes.to_vec() });
        }
        let at = self.now + self.delays.sample(self.draws.draw(Draw::LinkDelay, u64::from(from), self.packets));
        self.packets += 1;
        self.bytes += bytes.len() as u64;
        let what = self.arena.store(from, bytes);
        let order = self.order(Class::Packet, from);
        self.wheel.push(Event { at, order, dst: to, what });
    }

    fn order(&mut self, class: Class, node: u32) -> u64 {
        let seq = &mut self.seq[node as usize];
        *seq += 1;
        order_key(class, node, *seq)
    }
}
