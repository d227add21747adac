//! A cluster of nodes that have nothing but the overlay, and a network between them.
//!
//! Requests, answers, signs of life and farewells are datagrams, and lost ones are lost. Markers travel over open links
//! and come late instead: that they come is somebody else's care. One interval is one second.

mod knowledge;
mod measure;
mod traffic;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::vec;
use std::vec::Vec;

use core::net::SocketAddr;
use core::time::Duration;

use crate::overlay::requests::Why;
use crate::overlay::{Act, Counts, Limits, Overlay, Peer, Scene};
use crate::vocab::{Instant, Link, NodeId, Rng, mix};
use knowledge::{Knowledge, Mark, addr_of};
use traffic::{Event, Message, What};

/// Nanoseconds.
pub(super) type Time = u64;

pub(super) const INTERVAL: Time = 1_000_000_000;

/// Markers wait for so long, to go together.
const SPACING: Time = INTERVAL / 10;

/// How the network is, in thousandths: the latency of one interval, the loss of all datagrams.
#[derive(Debug, Clone, Copy)]
pub(super) struct Network {
    pub(super) latency: u64,
    pub(super) loss: u32,
}

struct Node {
    overlay: Overlay,
    knowledge: Knowledge,
    rng: Rng,
    stamp: u32,
    /// What it has not told yet, and when it told last.
    untold: BTreeSet<usize>,
    told: Time,
    is_telling: bool,
    /// When it last began a request, and how many there were.
    dialled: Time,
    dials: u64,
}

pub(super) struct World {
    pub(super) now: Time,
    network: Network,
    limits: Limits,
    bootstraps: Vec<SocketAddr>,
    nodes: Vec<Option<Node>>,
    /// How often each node has started.
    boots: Vec<u64>,
    queue: BinaryHeap<Reverse<Event>>,
    number: u64,
    rng: Rng,
    sentinel: u32,
    next_sentinel: Time,
    /// Whom nodes ask when they start.
    pairs: Vec<(usize, usize)>,
    /// Nothing passes between the nodes before this one and the others.
    cut: Option<usize>,
    /// Links that ended by silence although both nodes were there.
    lost_links: u64,
}

/// A node of the model: where it is says which one it is, its identity does not say when it came.
pub(super) fn peer_of(node: usize) -> Peer {
    let id = NodeId::from_u128(u128::from(mix([node as u64, 1, 2, 3])));
    Peer { id, addr: addr_of(node) }
}

fn node_at(addr: SocketAddr) -> usize {
    let SocketAddr::V4(addr) = addr else { panic!("all are of version 4") };
    (addr.ip().to_bits() & 0xff_ffff) as usize
}

impl World {
    /// So many nodes that start within a thousandth of an interval and know the first three.
    pub(super) fn new(count: usize, network: Network, seed: u64) -> Self {
        Self::growing((count, 0), 0, network, seed)
    }

    /// So many nodes that start like this, and so many that start at another time.
    pub(super) fn growing((count, later): (usize, usize), at: Time, network: Network, seed: u64) -> Self {
        let mut world = Self::empty(count + later, network, seed);
        world.bootstraps = (0..3.min(count)).map(addr_of).collect();
        for node in 0..count + later {
            let at = crate::vocab::nanos(world.rng.nanos_in(0..INTERVAL / 1000)) + if node < count { 0 } else { at };
            world.push(at, What::Start(node));
        }
        world
    }

    /// So many nodes, of which each asks those who are paired with it.
    pub(super) fn linked(count: usize, pairs: &[(usize, usize)], network: Network, seed: u64) -> Self {
        let mut world = Self::empty(count, network, seed);
        world.pairs = pairs.to_vec();
        for node in 0..count {
            world.push(0, What::Start(node));
        }
        world
    }

    fn empty(count: usize, network: Network, seed: u64) -> Self {
        Self {
            now: 0,
            network,
            limits: Limits::new(Duration::from_nanos(INTERVAL)),
            bootstraps: Vec::new(),
            nodes: (0..count).map(|_| None).collect(),
            boots: vec![0; count],
            queue: BinaryHeap::new(),
            number: 0,
            rng: Rng::new(seed, NodeId::from_u128(u128::MAX), 0),
            sentinel: 0,
            next_sentinel: INTERVAL / 1000,
            pairs: Vec::new(),
            cut: None,
            lost_links: 0,
        }
    }

    /// Nothing passes any more between the nodes before this one and the others.
    pub(super) fn cut_at(&mut self, node: usize) {
        self.cut = Some(node);
    }

    /// Everything passes again.
    pub(super) fn heal(&mut self) {
        self.cut = None;
    }

    fn push(&mut self, at: Time, what: What) {
        self.number += 1;
        self.queue.push(Reverse(Event { at, number: self.number, what }));
    }

    /// Lets it run until this instant.
    pub(super) fn run_until(&mut self, end: Time) {
        while let Some(at) = self.queue.peek().map(|Reverse(event)| event.at).filter(|&at| at <= end) {
            if self.next_sentinel <= at {
                self.now = self.next_sentinel;
                self.issue_sentinel();
                continue;
            }
            self.now = at;
            if let Some(Reverse(event)) = self.queue.pop() {
                self.happen(event.what);
            }
        }
        self.now = end;
    }

    /// The first node that is there issues the sentinel.
    fn issue_sentinel(&mut self) {
        self.next_sentinel += INTERVAL;
        self.sentinel += 1;
        let origin = self.nodes.len();
        if let Some(node) = self.nodes.iter().position(Option::is_some) {
            self.issue(node, Mark { origin, stamp: self.sentinel, hops: 0, incoming: 0 });
        }
    }

    /// A node stops without a word.
    pub(super) fn crash(&mut self, node: usize) {
        self.nodes[node] = None;
    }

    /// A node stops without a word and starts again, knowing nothing, after this time.
    pub(super) fn restart(&mut self, node: usize, after: Time) {
        self.crash(node);
        self.push(self.now + after, What::Start(node));
    }

    /// So many of so many nodes, at random, stop without a word.
    pub(super) fn crash_some(&mut self, share: usize, of: usize) {
        let mut living = self.living();
        for _ in 0..living.len() * share / of {
            let place = self.rng.below(u32::try_from(living.len()).expect("few nodes")) as usize;
            self.crash(living.swap_remove(place));
        }
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Start(node) => self.start(node),
            What::Wake(node) => self.with(node, |overlay, scene| {
                overlay.on_deadline(scene);
                assert!(overlay.next_deadline() > scene.now, "what was due was done");
            }),
            What::Tell(node) => self.tell(node),
            What::Deliver { to, from, message } => self.deliver(to, from, message),
        }
    }

    fn start(&mut self, node: usize) {
        let (me, now) = (peer_of(node), Instant::from_nanos(self.now));
        self.boots[node] += 1;
        let mut rng = Rng::new(self.rng.next(), me.id, self.boots[node]);
        let overlay = Overlay::new(me, self.limits, &self.bootstraps, now, &mut rng);
        let rtt = Duration::from_nanos(2 * self.network.latency * INTERVAL / 1000);
        let mut knowledge = Knowledge::new(node, self.nodes.len(), self.limits, rtt);
        knowledge.now = self.now;
        // Stamps go on where the last life ended, as they would with lives of their own.
        let stamp = u32::try_from(self.boots[node]).expect("few lives") * 1000;
        knowledge.take(Mark { origin: node, stamp, hops: 0, incoming: 0 }, None);
        let untold = BTreeSet::new();
        let (told, dialled) = (0, 0);
        let is_telling = false;
        self.nodes[node] = Some(Node { overlay, knowledge, rng, stamp, untold, told, is_telling, dialled, dials: 0 });
        let paired: Vec<usize> = self.pairs.iter().filter(|pair| pair.0 == node).map(|pair| pair.1).collect();
        self.with(node, |overlay, scene| {
            for to in paired {
                assert!(overlay.dial((addr_of(to), Some(peer_of(to).id)), Why::Fill, 0, scene), "it has room");
            }
            overlay.on_deadline(scene);
        });
    }

    /// Calls the overlay of a node, does what it wants done, and wakes it when it wants to be woken.
    fn with(&mut self, node: usize, call: impl FnOnce(&mut Overlay, &mut Scene<'_>)) {
        let Some(Node { overlay, knowledge, rng, .. }) = self.nodes[node].as_mut() else { return };
        knowledge.now = self.now;
        let before = overlay.next_deadline();
        let now = Instant::from_nanos(self.now);
        call(overlay, &mut Scene { now, rng, outlook: &*knowledge });
        let acts: Vec<Act> = core::iter::from_fn(|| overlay.poll_act()).collect();
        if !acts.is_empty() {
            overlay.check();
        }
        let next = overlay.next_deadline();
        let Counts { dials, dropped, .. } = overlay.counts();
        assert_eq!(dropped, 0, "there is room for all acts");
        if let Some(node) = self.nodes[node].as_mut().filter(|node| node.dials < dials) {
            (node.dials, node.dialled) = (dials, self.now);
        }
        acts.into_iter().for_each(|act| self.act(node, act));
        assert!(next >= now, "it was woken when it wanted");
        if next != before {
            self.push(next.as_nanos(), What::Wake(node));
        }
    }

    fn mark(&mut self, node: usize) {
        let Some(Node { overlay, stamp, .. }) = self.nodes[node].as_mut() else { return };
        *stamp += 1;
        let incoming = u8::try_from(overlay.incoming().count()).expect("few links");
        let mark = Mark { origin: node, stamp: *stamp, hops: 0, incoming };
        self.issue(node, mark);
    }

    fn issue(&mut self, node: usize, mark: Mark) {
        if let Some(Node { knowledge, untold, .. }) = self.nodes[node].as_mut() {
            knowledge.now = self.now;
            knowledge.take(mark, None);
            untold.insert(mark.origin);
            self.tell_soon(node);
        }
    }

    fn tell_soon(&mut self, node: usize) {
        let now = self.now;
        if let Some(node) = self.nodes[node].as_mut().filter(|node| !node.untold.is_empty() && !node.is_telling) {
            node.is_telling = true;
        } else {
            return;
        }
        let told = self.nodes[node].as_ref().map_or(0, |node| node.told);
        self.push(now.max(told + SPACING), What::Tell(node));
    }

    fn tell(&mut self, node: usize) {
        let Some(state) = self.nodes[node].as_mut() else { return };
        (state.told, state.is_telling) = (self.now, false);
        let origins: Vec<usize> = core::mem::take(&mut state.untold).into_iter().collect();
        for (link, _) in state.knowledge.links.clone() {
            self.tell_over(node, link, &origins);
        }
    }

    fn tell_over(&mut self, node: usize, link: Link, origins: &[usize]) {
        let Some(Node { overlay, knowledge, .. }) = self.nodes[node].as_mut() else { return };
        let Some(way) = overlay.way(link) else { return };
        let to = node_at(way.peer.addr);
        let marks: Vec<Mark> = origins.iter().filter_map(|&origin| knowledge.told(origin, to)).collect();
        if !marks.is_empty() {
            overlay.on_sent(link, Instant::from_nanos(self.now));
            self.send(node, way.peer.addr, Message::Marks { nonce: way.theirs, marks });
        }
    }

    fn report(&mut self, node: usize, nodes: u32) {
        if let Some(node) = self.nodes[node].as_mut() {
            node.knowledge.reported = node.knowledge.reported.max(nodes);
        }
    }

    /// Takes markers in; one that came with a request came over one hop, from its origin.
    fn take(&mut self, node: usize, marks: &[Mark], from: Option<usize>) {
        let Some(Node { knowledge, untold, .. }) = self.nodes[node].as_mut() else { return };
        knowledge.now = self.now;
        for &mark in marks {
            if knowledge.take(mark, from.or(Some(mark.origin))) {
                untold.insert(mark.origin);
            }
        }
        self.tell_soon(node);
    }
}
