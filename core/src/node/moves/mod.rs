//! Does a node that can be reached at several addresses move when it must, and never when it must not?

mod others;
mod owner;

use alloc::vec::Vec;
use alloc::{format, vec};
use core::net::SocketAddr;
use core::time::Duration;

use super::Node;
use super::hazards::{addr, record, written};
use super::io::{Command, Event, Identity, Input, MemberChange, Rejected, Snapshot};
use crate::config::{Config, Network, Networks};
use crate::vocab::{Content, Domain, Head, Health, Incarnation, Instant, Item, NodeId, Nonce, Record, Slot};
use crate::wire::{ADDRESSES_BYTES_MAX, ADDRESSES_KEY, Addresses, Body, Datagram, HeadOf, RecordKind, Sender, Writer};

const START: Instant = Instant::from_nanos(0);
const BOOT: u64 = 1 << 40;
const NONCE: Nonce = Nonce([7; 8]);
/// The other addresses of the node here.
const OTHERS: [u16; 2] = [101, 102];

fn at(millis: u64) -> Instant {
    START.after(Duration::from_millis(millis))
}

/// A datagram that a node sent, and when.
struct Sent {
    at: Instant,
    to: SocketAddr,
    bytes: Vec<u8>,
}

impl Sent {
    fn read(&self) -> Datagram<'_> {
        Datagram::decode(&self.bytes, 0).expect("it is valid")
    }
}

/// One node with a clock that never stands still.
struct Alone {
    node: Node,
    sent: Vec<Sent>,
    events: Vec<Event>,
}

impl Alone {
    /// It knows so many others, by the numbers from 2 on.
    fn new(config: Config, others: u16) -> Self {
        let members: Vec<Record> = (2..2 + others).map(record).collect();
        let identity = Identity { id: NodeId::from_u128(1), boot: BOOT, addr: addr(1), domain: Domain::NONE };
        let snapshot = Snapshot { members: &members, map: None };
        let node = Node::new(config, identity, 1, START, Some(snapshot)).expect("valid");
        Self { node, sent: Vec::new(), events: Vec::new() }
    }

    /// The same with other addresses of its own.
    fn with_others() -> Self {
        let mut alone = Self::new(Config::lan(), 8);
        alone.command(START, Command::Addresses { also: &OTHERS.map(addr) }).expect("taken");
        alone
    }

    fn command(&mut self, now: Instant, command: Command<'_>) -> Result<(), Rejected> {
        self.feed(now, Input::Command(command))
    }

    /// Somebody's datagram arrives.
    fn hear(&mut self, now: Instant, from: u16, write: impl FnOnce(&mut Writer<'_>)) {
        let bytes = written(from, write);
        self.feed(now, Input::Datagram { from: addr(from), bytes: &bytes }).expect("taken");
    }

    /// Somebody pings the node, at that one of its addresses.
    fn ping(&mut self, now: Instant, from: u16, asked_at: Option<u16>) {
        self.hear(now, from, |writer| {
            assert!(asked_at.is_none_or(|last| writer.asked_at(addr(last))));
            assert!(writer.body(&Body::Ping { nonce: NONCE }));
        });
    }

    /// Somebody tells records.
    fn tell(&mut self, now: Instant, from: u16, records: &[Record]) {
        self.hear(now, from, |writer| {
            writer.open_records(RecordKind::Rumours);
            records.iter().for_each(|record| assert!(writer.record(record)));
        });
    }

    fn feed(&mut self, now: Instant, input: Input<'_>) -> Result<(), Rejected> {
        self.run(now);
        let result = self.node.handle(now, input);
        self.drain(now);
        result
    }

    fn run(&mut self, until: Instant) {
        while let Some(due) = self.node.poll_timeout().map(|wakeup| wakeup.at).filter(|&due| due <= until) {
            self.node.handle(due, Input::Timeout).expect("taken");
            self.drain(due);
        }
    }

    fn drain(&mut self, now: Instant) {
        self.node.check();
        let mut buffer = [0; 1232];
        while let Some(transmit) = self.node.poll_transmit(now, &mut buffer) {
            self.sent.push(Sent { at: now, to: transmit.to, bytes: buffer[..transmit.len].to_vec() });
        }
        self.events.extend(core::iter::from_fn(|| self.node.poll_event()));
    }

    fn own(&self) -> Record {
        self.node.membership.record(Slot::SELF)
    }

    fn others(&self) -> Vec<SocketAddr> {
        self.node.view().addresses(self.node.id).collect()
    }

    /// All that it has said of having moved.
    fn moves(&self) -> Vec<(SocketAddr, SocketAddr, Incarnation)> {
        let moved = |event: &Event| {
            if let Event::Moved { from, to, incarnation } = *event { Some((from, to, incarnation)) } else { None }
        };
        self.events.iter().filter_map(moved).collect()
    }

    /// Whether it asks anybody whether it is this node.
    fn doubts(&self) -> bool {
        self.sent.iter().any(|sent| matches!(sent.read().body, Body::Claim(_)))
    }
}

const fn incarnation(counter: u32) -> Incarnation {
    Incarnation { boot: BOOT, counter }
}

/// A member's map with a list of addresses.
fn with_list(alone: &mut Alone, owner: u16, list: &[u16]) {
    let (mut addresses, mut value) = (Addresses::default(), [0; ADDRESSES_BYTES_MAX]);
    list.iter().for_each(|&last| assert!(addresses.add(addr(last))));
    let len = addresses.encode(&mut value);
    let slot = alone.node.membership.find(NodeId::from_u128(owner.into())).expect("a member");
    let id_hash = alone.node.membership.id_hash(slot);
    alone.hear(START, owner, |writer| {
        writer.open_changes();
        let content = Content::Value { bytes: &value[..len], left_ms: None };
        let items = [Item { key: ADDRESSES_KEY, version: 1, content }];
        let head = Head { epoch: 1, watermark: 0, version: 1, sum: 0 };
        assert!(writer.span(HeadOf { id_hash, head }, 0, items.into_iter(), 1000).is_some(), "it fits");
    });
}
