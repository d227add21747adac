//! Who takes part? The nodes, with identities, addresses and configuration made from the scenario.
//!
//! Identities are hashed, so that they cost 16 honest bytes each; addresses are private IPv4, counted up,
//! so that an address leads back to its node without a table.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use quidnunc_core::{
    Command, Config, Domain, Event, Identity, Input, Instant, KeyPattern, KeyRule, Node, NodeId, Purpose, Record,
    Snapshot, Stats, StreamId, StreamRequest, stable_hash,
};
use quidnunc_record::{Recorded, freeze, thaw};

use crate::engine::draws::{Draws, Purpose as Draw};
use crate::scenario::{Nodes, Scenario, StartAs};

use super::options::{Recording, RunOptions};
use super::streams::name_of;
use super::telling;

const PORT: u16 = 7946;

/// 10.0.0.0; node 0 has the address behind it.
const NETWORK: u32 = 10 << 24;

/// Wall-clock milliseconds at the start of every run: boot numbers have the length of real ones.
const EPOCH_MS: u64 = 1_790_000_000_000;

/// Where a node listens.
pub(crate) fn address_of(node: u32) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::from(NETWORK + 1 + node)), PORT)
}

/// Which node listens there.
pub(super) fn node_at(addr: SocketAddr) -> u32 {
    match addr.ip() {
        IpAddr::V4(ip) => u32::from(ip).wrapping_sub(NETWORK + 1),
        IpAddr::V6(_) => u32::MAX,
    }
}

/// Whom a node is given as seeds: earlier nodes at its first start, any others when it comes back.
pub(super) fn seeds(nodes: Nodes, node: u32, first: bool) -> impl Iterator<Item = u32> {
    let end = if first { node } else { nodes.count };
    (0..end).filter(move |&seed| seed != node).take(nodes.contacts as usize)
}

/// Everybody who takes part.
pub(super) struct Cast<'a> {
    nodes: Nodes,
    config: Config,
    draws: Draws,
    /// What nodes that start converged are shown.
    everybody: Vec<Record>,
    /// Side by side, so that a large cluster's hot state lies on few pages.
    actors: Vec<Option<Recorded>>,
    boots: Vec<u64>,
    /// Who has been told to leave and still says goodbye.
    leaving: Vec<bool>,
    ids: Vec<Option<NodeId>>,
    timers: Vec<TimerState>,
    hashes: Vec<u64>,
    /// See [`RunOptions::thaws_every`].
    thaws_every: u32,
    inputs: u32,
    recorded: Option<Recording<'a>>,
    /// Whether nodes report what becomes of all keys.
    watches: bool,
    /// Whose identities are whose, in order; empty when nobody watches.
    owners: Vec<(NodeId, u32)>,
    /// Which infos nodes report.
    infos: Vec<(KeyRule, String)>,
}

/// What is scheduled for a node, kept beside it so that a stale timer event touches no node.
#[derive(Debug, Clone, Copy)]
struct TimerState {
    /// The earliest timer event in the queue; `u64::MAX` when there is none that counts.
    scheduled: u64,
    /// When the node wants to be woken.
    due: u64,
    seq: u32,
}

impl<'a> Cast<'a> {
    pub(super) fn new(scenario: &Scenario, config: Config, draws: Draws, options: &RunOptions<'a>) -> Self {
        let (nodes, watches) = (scenario.nodes, !scenario.writes.is_empty());
        let count = nodes.count as usize;
        let mut cast = Self {
            nodes,
            config,
            draws,
            everybody: Vec::new(),
            actors: (0..count).map(|_| None).collect(),
            boots: vec![0; count],
            leaving: vec![false; count],
            ids: vec![None; count],
            timers: vec![TimerState { scheduled: u64::MAX, due: u64::MAX, seq: 0 }; count],
            hashes: vec![0; count],
            thaws_every: options.thaws_every,
            recorded: options.recorded,
            inputs: 0,
            watches,
            owners: Vec::new(),
            infos: scenario.infos.iter().map(telling::watched).collect(),
        };
        cast.infos.sort_unstable();
        cast.infos.dedup();
        if watches {
            cast.owners = (0..cast.nodes.count).map(|node| (cast.id_of(node), node)).collect();
            cast.owners.sort_unstable();
        }
        if nodes.start == StartAs::Converged {
            cast.everybody = cast.everybody();
        }
        cast
    }

    /// Whether a node is shown everybody when it is started now.
    pub(super) fn starts_converged(&self, node: u32) -> bool {
        self.nodes.start == StartAs::Converged && self.boots[node as usize] == 0
    }

    /// Starts a node, for the first time or again, and lets it join or shows it everybody. Returns its boot
    /// number.
    pub(super) fn start(&mut self, node: u32, now: u64) -> u64 {
        let place = node as usize;
        let first = self.boots[place] == 0;
        let converged = self.starts_converged(node);
        let boot = (EPOCH_MS + now / 1_000_000).max(self.boots[place] + 1);
        self.boots[place] = boot;
        let id = self.id_of(node);
        self.ids[place] = Some(id);
        let identity = Identity { id, boot, addr: address_of(node), domain: self.domain_of(node) };
        let seed = self.draws.draw(Draw::NodeSeed, u64::from(node), boot);
        let at = Instant::from_nanos(now);
        let snapshot = converged.then_some(Snapshot { members: &self.everybody, map: None });
        let state = Node::new(self.config_of(node), identity, seed, at, snapshot)
            .expect("the configuration was validated before");
        let mut state = Recorded::from(state);
        if let Some(recording) = self.recorded.filter(|recording| recording.node == node) {
            state.record((recording.recorder)());
            state.turn(at, || now / 1_000_000);
        }
        let seeds: Vec<SocketAddr> = seeds(self.nodes, node, first).map(address_of).collect();
        if !converged && !seeds.is_empty() {
            state.handle(at, Input::Command(Command::Join { seeds: &seeds })).expect("a new node may join");
        }
        if self.watches {
            state.handle(at, Input::Command(Command::Watch { prefix: b"" })).expect("a new node may watch");
        }
        for (rule, text) in &self.infos {
            let pattern = KeyPattern { rule: *rule, text: text.as_bytes() };
            state.handle(at, Input::Command(Command::WatchInfos { pattern, repeats: false })).expect("there are few");
        }
        self.actors[place] = Some(state);
        boot
    }

    /// Nodes of one cluster have one tag.
    fn config_of(&self, node: u32) -> Config {
        match node % self.nodes.clusters {
            0 => self.config.clone(),
            cluster => {
                Config { cluster: Config::cluster_tag(&format!("quidnunc-sim-{cluster}")), ..self.config.clone() }
            }
        }
    }

    /// The identity of a node.
    pub(super) fn id_of(&self, node: u32) -> NodeId {
        let half = |which| u128::from(self.draws.draw(Draw::NodeId, u64::from(node), which));
        NodeId::from_u128(half(0) << 64 | half(1))
    }

    /// What a node shares its fate with: its neighbours share it, in domains of about one size.
    pub(super) fn domain_of(&self, node: u32) -> Domain {
        let Nodes { count, domains, .. } = self.nodes;
        let domain = u64::from(node) * u64::from(domains) / u64::from(count);
        if domains == 0 { Domain::NONE } else { Domain::from_number(1 + domain) }
    }

    /// Everybody as they are when they start at t = 0.
    fn everybody(&self) -> Vec<Record> {
        let record = |node| {
            let domain = self.domain_of(node);
            Record { domain, ..Record::of_new_life(self.id_of(node), EPOCH_MS, address_of(node)) }
        };
        (0..self.nodes.count).map(record).collect()
    }

    /// Which node an identity is, wherever somebody believes that it listens; `None` for one that nobody
    /// ever had.
    pub(super) fn node_of(&self, id: NodeId, addr: SocketAddr) -> Option<u32> {
        let is = |node: u32| self.ids.get(node as usize).is_some_and(|known| *known == Some(id));
        Some(node_at(addr)).filter(|&node| is(node)).or_else(|| (0..self.nodes.count).find(|&node| is(node)))
    }

    /// Whose map it is that has this owner, if nodes report about maps.
    pub(super) fn owner_of(&self, id: NodeId) -> Option<u32> {
        let place = self.owners.binary_search_by_key(&id, |&(owner, _)| owner).ok()?;
        Some(self.owners[place].1)
    }

    /// Stops a node, in the middle of a goodbye or without a word. Returns its counters, or `None` when it did not run.
    pub(super) fn stop(&mut self, node: u32) -> Option<Stats> {
        let state = self.actors[node as usize].take()?;
        self.leaving[node as usize] = false;
        let timer = &mut self.timers[node as usize];
        (timer.scheduled, timer.due) = (u64::MAX, u64::MAX);
        Some(*state.view().stats())
    }

    pub(super) fn is_running(&self, node: u32) -> bool {
        self.actors[node as usize].is_some()
    }

    /// A node has begun to say goodbye.
    pub(super) fn set_leaving(&mut self, node: u32) {
        self.leaving[node as usize] = true;
    }

    pub(super) fn is_leaving(&self, node: u32) -> bool {
        self.leaving[node as usize]
    }

    pub(super) fn get(&self, node: u32) -> Option<&Node> {
        self.actors[node as usize].as_ref().map(Recorded::node)
    }

    /// Those that run, each with its number.
    pub(super) fn running_by_number(&self) -> impl Iterator<Item = (usize, &Node)> {
        self.actors.iter().enumerate().filter_map(|(number, node)| Some((number, node.as_ref()?.node())))
    }

    pub(super) fn running(&self) -> impl Iterator<Item = &Node> {
        self.actors.iter().flatten().map(Recorded::node)
    }

    /// The node that an input is for, if it runs; the input enters its fingerprint.
    pub(super) fn input(&mut self, node: u32, now: u64, bytes: &[u8]) -> Option<&mut Recorded> {
        let state = self.actors[node as usize].as_mut()?;
        let hash = &mut self.hashes[node as usize];
        *hash = stable_hash(*hash ^ now, bytes);
        self.inputs = self.inputs.wrapping_add(1);
        if self.thaws_every > 0 && self.inputs.is_multiple_of(self.thaws_every) {
            let frozen = freeze(state.node());
            let node = thaw(&frozen).expect("what was frozen just now is thawed");
            assert!(freeze(&node) == frozen, "what is thawed is what was frozen");
            *state = node.into();
        }
        if state.is_recorded() {
            state.turn(Instant::from_nanos(now), || now / 1_000_000);
        }
        Some(state)
    }

    /// The next datagram of a node: receiver, length, purpose.
    pub(super) fn poll(&mut self, node: u32, now: Instant, buffer: &mut [u8]) -> Option<(u32, usize, Purpose)> {
        let state = self.actors[node as usize].as_mut()?;
        let transmit = state.poll_transmit(now, buffer)?;
        let hash = &mut self.hashes[node as usize];
        *hash = stable_hash(hash.rotate_left(1), &buffer[..transmit.len]);
        Some((node_at(transmit.to), transmit.len, transmit.purpose))
    }

    /// The next thing that a node asks to be done with streams.
    pub(super) fn poll_stream_request(&mut self, node: u32) -> Option<StreamRequest> {
        let request = self.actors[node as usize].as_mut()?.poll_stream_request()?;
        let asked = match request {
            StreamRequest::Open { id, .. } => name_of(0, id),
            StreamRequest::Write { id } => name_of(1, id),
            StreamRequest::Close { id } => name_of(2, id),
        };
        let hash = &mut self.hashes[node as usize];
        *hash = stable_hash(hash.rotate_left(1), &asked);
        Some(request)
    }

    /// The next bytes of a node's stream: how many.
    pub(super) fn poll_stream(&mut self, node: u32, id: StreamId, now: Instant, buffer: &mut [u8]) -> usize {
        let len = self.actors[node as usize].as_mut().map_or(0, |state| state.poll_stream(now, id, buffer));
        let hash = &mut self.hashes[node as usize];
        *hash = stable_hash(hash.rotate_left(1), &buffer[..len]);
        len
    }

    pub(super) fn poll_event(&mut self, node: u32) -> Option<Event> {
        self.actors[node as usize].as_mut()?.poll_event()
    }

    /// Reads a node's deadline. Returns it when an event must be scheduled for it.
    pub(super) fn new_deadline(&mut self, node: u32, now: u64) -> Option<u64> {
        let state = self.actors[node as usize].as_ref()?;
        let due = state.poll_timeout().map_or(u64::MAX, |wakeup| wakeup.at.as_nanos());
        let timer = &mut self.timers[node as usize];
        timer.due = due.max(now);
        (timer.due < timer.scheduled && due != u64::MAX).then_some(timer.due)
    }

    /// An event for the node's deadline is put into the queue. Returns its number.
    pub(super) fn scheduled(&mut self, node: u32, at: u64) -> u32 {
        let timer = &mut self.timers[node as usize];
        timer.scheduled = at;
        timer.seq = timer.seq.checked_add(1).expect("a node has fewer than 2^32 timer events");
        timer.seq
    }

    /// Whether a timer event is the one that counts.
    pub(super) fn is_scheduled(&self, node: u32, at: u64) -> bool {
        self.timers[node as usize].scheduled == at
    }

    /// Takes the timer event that counts out of the books. Returns when to come back if it is too early.
    pub(super) fn due_later(&mut self, node: u32, at: u64) -> Option<u64> {
        let timer = &mut self.timers[node as usize];
        timer.scheduled = u64::MAX;
        (timer.due > at && timer.due != u64::MAX).then_some(timer.due)
    }

    /// The run's fingerprint: a sum, so that it does not depend on who comes first.
    pub(super) fn fingerprint(&self) -> u64 {
        self.hashes.iter().fold(0, |sum, &hash| sum.wrapping_add(stable_hash(hash, b"node")))
    }
}
