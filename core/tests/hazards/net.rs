//! What takes thousands of members, lives or datagrams: how are nodes run without a walk over everything after each
//! input?

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use quidnunc_core::{Command, Config, Domain, Identity, Input, Instant, Node, NodeId, Purpose, Record, Snapshot};

/// A datagram that was sent, by whom and to whom.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) purpose: Purpose,
    pub(crate) bytes: Vec<u8>,
}

/// A few nodes, their time, and everything that they sent.
pub(crate) struct Net {
    pub(crate) config: Config,
    /// How long a datagram takes.
    pub(crate) delay: Duration,
    flights: BTreeMap<(Instant, u64), Sent>,
    flights_sent: u64,
    pub(crate) now: Instant,
    pub(crate) nodes: Vec<Node>,
    pub(crate) sent: Vec<Sent>,
}

pub(crate) fn addr(number: u32) -> SocketAddr {
    SocketAddr::from(((0x0b00_0000 + number).to_be_bytes(), 7946))
}

pub(crate) fn id(number: u32) -> NodeId {
    NodeId::from_name(&format!("node {number}"))
}

/// Somebody who lives, in its life of this boot.
pub(crate) fn member(number: u32, boot: u64) -> Record {
    Record::of_new_life(id(number), boot, addr(number))
}

impl Net {
    pub(crate) fn new(config: Config) -> Self {
        let (delay, flights, flights_sent) = (Duration::ZERO, BTreeMap::new(), 0);
        Self { config, delay, flights, flights_sent, now: Instant::from_nanos(0), nodes: Vec::new(), sent: Vec::new() }
    }

    pub(crate) fn born(&self, number: u32, boot: u64, members: &[Record]) -> Node {
        let identity = Identity { id: id(number), boot, addr: addr(number), domain: Domain::NONE };
        let snapshot = Some(Snapshot { members, map: None });
        Node::new(self.config.clone(), identity, u64::from(number), self.now, snapshot).expect("valid")
    }

    pub(crate) fn say(&mut self, place: usize, key: &[u8], value: &[u8]) {
        self.command(place, Command::Put { key, value });
    }

    pub(crate) fn command(&mut self, place: usize, command: Command<'_>) {
        self.nodes[place].handle(self.now, Input::Command(command)).expect("a command is taken");
        self.drain();
    }

    /// Hands in a datagram, as far as it is valid, and whatever follows from it.
    pub(crate) fn hear(&mut self, place: usize, from: SocketAddr, bytes: &[u8]) {
        self.nodes[place].handle(self.now, Input::Datagram { from, bytes }).expect("it is valid");
        self.drain();
    }

    /// Lets so much time pass.
    pub(crate) fn run(&mut self, wait: Duration) {
        let end = self.now.after(wait);
        loop {
            let due = self.nodes.iter().enumerate().filter_map(|(place, node)| Some((node.poll_timeout()?.at, place)));
            let Some((at, place)) = due.min() else { break };
            let flight = self.flights.keys().next().map_or(Instant::from_nanos(u64::MAX), |&(at, _)| at);
            if at.min(flight) > end {
                break;
            }
            self.now = self.now.max(at.min(flight));
            if flight > at {
                self.nodes[place].handle(self.now, Input::Timeout).expect("a timeout is taken");
            }
            self.drain();
        }
        self.now = end;
    }

    /// Sends what is to be sent and delivers what has arrived, until there is nothing more of either. What nobody
    /// here listens for is lost.
    pub(crate) fn drain(&mut self) {
        loop {
            (0..self.nodes.len()).for_each(|place| self.send(place));
            let Some(flight) = self.flights.first_entry().filter(|flight| flight.key().0 <= self.now) else { return };
            let Sent { from, to, bytes, .. } = flight.remove();
            if let Some(node) = self.nodes.iter_mut().find(|node| addr_of(node) == to) {
                // It may be refused: a cookie of an earlier life.
                let _ = node.handle(self.now, Input::Datagram { from, bytes: &bytes });
            }
        }
    }

    fn send(&mut self, place: usize) {
        let (node, mut buffer) = (&mut self.nodes[place], [0; 2000]);
        while node.poll_event().is_some() {}
        while let Some(transmit) = node.poll_transmit(self.now, &mut buffer) {
            assert!(transmit.len <= self.config.datagram_bytes_max, "{} bytes", transmit.len);
            let bytes = buffer[..transmit.len].to_vec();
            let sent = Sent { from: addr_of(node), to: transmit.to, purpose: transmit.purpose, bytes };
            self.flights_sent += 1;
            self.flights.insert((self.now.after(self.delay), self.flights_sent), sent.clone());
            self.sent.push(sent);
        }
    }
}

fn addr_of(node: &Node) -> SocketAddr {
    node.view().member(node.view().id()).expect("everybody knows itself").addr
}

/// The contents of a datagram's sections of one kind.
pub(crate) fn sections(datagram: &[u8], wanted: u8) -> Vec<&[u8]> {
    let (mut rest, mut found) = (&datagram[12..], Vec::new());
    while let [kind, tail @ ..] = rest {
        let digits = tail.iter().take_while(|&&byte| byte & 0x80 != 0).count() + 1;
        let len = tail[..digits].iter().rev().fold(0, |len, &byte| len << 7 | usize::from(byte & 0x7f));
        let (content, after) = tail[digits..].split_at(len);
        if *kind == wanted {
            found.push(content);
        }
        rest = after;
    }
    found
}

/// The kind of the section with changes of maps.
pub(crate) const CHANGES: u8 = 0x44;
