//! What do the nodes of the model say to each other, and what becomes of it on the way?

use std::vec::Vec;

use core::net::SocketAddr;

use super::knowledge::Mark;
use super::{INTERVAL, Node, Time, World, node_at, peer_of};
use crate::overlay::{Accepted, Act, Gain, Outlook as _, Overlay, Peer, Request, Scene, Speaker};
use crate::vocab::{Instant, Link, LinkEnd, Nonce};

/// What travels.
#[derive(Debug, Clone)]
pub(super) enum Message {
    Request { nonce: Nonce, urgent: bool, mark: Mark, nodes: u32 },
    Accept { nonce: Nonce, theirs: Nonce },
    Refuse { nonce: Nonce, nodes: u32, alternates: Vec<Peer> },
    Duplicate { nonce: Nonce },
    KeepAlive { nonce: Nonce, asks: bool },
    Marks { nonce: Nonce, marks: Vec<Mark> },
    Close { nonce: Nonce },
}

#[derive(Debug, Clone)]
pub(super) enum What {
    Start(usize),
    Wake(usize),
    Tell(usize),
    Deliver { to: usize, from: Speaker, message: Message },
}

pub(super) struct Event {
    pub(super) at: Time,
    pub(super) number: u64,
    pub(super) what: What,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl World {
    pub(super) fn act(&mut self, node: usize, act: Act) {
        let Some(Node { overlay, knowledge, rng, .. }) = self.nodes[node].as_mut() else { return };
        let way = |link: Link, overlay: &Overlay| overlay.way(link).map(|way| (way.peer.addr, way.theirs, way.own));
        let now = Instant::from_nanos(self.now);
        let (to, message) = match act {
            Act::Request { to, nonce } => {
                let known = knowledge.known[node].expect("it knows itself");
                let incoming = u8::try_from(overlay.incoming().count()).expect("few links");
                let mark = Mark { origin: node, stamp: known.stamp, hops: 0, incoming };
                (to, Message::Request { nonce, urgent: overlay.is_urgent(), mark, nodes: knowledge.nodes() })
            }
            Act::Accept { link } => match way(link, overlay) {
                Some((to, nonce, theirs)) => (to, Message::Accept { nonce, theirs }),
                None => return,
            },
            Act::Refuse { to, nonce } => {
                let alternates = overlay.alternates(to.id, &mut Scene { now, rng, outlook: &*knowledge });
                (to.addr, Message::Refuse { nonce, nodes: knowledge.nodes(), alternates })
            }
            Act::Duplicate { to, nonce } => (to, Message::Duplicate { nonce }),
            Act::Confirm { link } => match way(link, overlay) {
                Some((to, nonce, _)) => (to, Message::KeepAlive { nonce, asks: false }),
                None => return,
            },
            Act::KeepAlive { link, asks } => match way(link, overlay) {
                Some((to, nonce, _)) => (to, Message::KeepAlive { nonce, asks }),
                None => return,
            },
            Act::Close { to, nonce } => (to, Message::Close { nonce }),
            Act::Mark => return self.mark(node),
            Act::Up { link, peer, .. } => {
                knowledge.links.push((link, node_at(peer.addr)));
                let all = (0..knowledge.known.len()).collect::<Vec<_>>();
                return self.tell_over(node, link, &all);
            }
            Act::Down { link, peer, why, .. } => {
                knowledge.links.retain(|(known, _)| *known != link);
                let is_there = self.nodes[node_at(peer.addr)].is_some();
                self.lost_links += u64::from(why == LinkEnd::Silent && is_there);
                return;
            }
            Act::Refused { .. } | Act::Stands(_) => return,
        };
        self.send(node, to, message);
    }

    pub(super) fn send(&mut self, from: usize, to: SocketAddr, message: Message) {
        let Some(node) = self.nodes[from].as_ref() else { return };
        let from = Speaker { peer: peer_of(from), boot: self.boots[from], links: node.overlay.degree() };
        let latency = self.network.latency * INTERVAL / 1000;
        let mut delay = crate::vocab::nanos(self.rng.nanos_in(latency * 4 / 5..latency * 6 / 5));
        if self.rng.below(1000) < self.network.loss {
            if !matches!(message, Message::Marks { .. }) {
                return;
            }
            delay += (INTERVAL / 5).max(3 * latency);
        }
        let sides = [node_at(from.peer.addr), node_at(to)].map(|node| self.cut.is_some_and(|cut| node < cut));
        if sides[0] == sides[1] {
            self.push(self.now + delay, What::Deliver { to: node_at(to), from, message });
        }
    }

    pub(super) fn deliver(&mut self, to: usize, from: Speaker, message: Message) {
        let (sender, peer) = (node_at(from.peer.addr), from.peer);
        if self.nodes[to].is_none() {
            return;
        }
        match message {
            Message::Request { nonce, urgent, mark, nodes } => {
                self.report(to, nodes);
                self.take(to, &[mark], None);
                let request = Request { from, nonce, urgent };
                self.with(to, |overlay, scene| overlay.on_request(&request, scene));
            }
            Message::Accept { nonce, theirs } => {
                let ends = [to, sender].map(|node| self.nodes[node].as_ref().map(|node| &node.knowledge));
                let gain = if let [Some(own), Some(other)] = ends { own.gain(other) } else { Gain::default() };
                let accepted = Accepted { from, nonce, theirs, gain };
                self.with(to, |overlay, scene| overlay.on_accept(&accepted, scene));
            }
            Message::Refuse { nonce, nodes, alternates } => {
                self.report(to, nodes);
                self.with(to, |overlay, scene| overlay.on_refused(peer, nonce, &alternates, scene));
            }
            Message::Duplicate { nonce } => self.with(to, |overlay, scene| overlay.on_duplicate(peer.id, nonce, scene)),
            Message::Close { nonce } => self.with(to, |overlay, scene| overlay.on_close(peer.id, nonce, scene)),
            Message::KeepAlive { nonce, asks } => self.with(to, |overlay, scene| {
                overlay.on_keep_alive(&from, nonce, asks, scene);
            }),
            Message::Marks { nonce, marks } => {
                let mut link = None;
                self.with(to, |overlay, scene| link = overlay.on_frame(peer, nonce, scene));
                if link.is_some() {
                    self.take(to, &marks, Some(sender));
                    self.with(to, |overlay, scene| overlay.on_outlook(scene));
                }
            }
        }
    }
}
