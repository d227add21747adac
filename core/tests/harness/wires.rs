//! Streams between the peers of a world: bytes in order, with the network's delay and nothing lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use quidnunc_core::{Input, StreamId, StreamRequest};

use super::World;

/// What happens at one end of a wire.
#[derive(Debug, Clone)]
enum What {
    Opened,
    Bytes(Vec<u8>),
    Closed,
}

/// One stream: the peers at its ends and what they call it, while they have it.
type Wire = [Option<(usize, StreamId)>; 2];

/// All streams of a world.
#[derive(Debug, Clone)]
pub(crate) struct Wires {
    /// How long anything takes from one end to the other.
    pub(crate) delay: Duration,
    /// How many bytes a driver polls for at a time.
    pub(crate) piece: usize,
    /// Peers whose drivers cannot open any.
    pub(crate) closed: BTreeSet<usize>,
    /// Everything that drivers were asked to do.
    pub(crate) requests: Vec<(Duration, usize, StreamRequest)>,
    /// Everything that was written, by whom and on what.
    pub(crate) written: Vec<(usize, StreamId, Vec<u8>)>,
    wires: Vec<Wire>,
    due: BTreeMap<(Duration, u64), (usize, usize, What)>,
    count: u64,
}

impl Wires {
    pub(super) const fn new() -> Self {
        Self {
            delay: Duration::from_millis(10),
            piece: 700,
            closed: BTreeSet::new(),
            requests: Vec::new(),
            written: Vec::new(),
            wires: Vec::new(),
            due: BTreeMap::new(),
            count: 0,
        }
    }

    pub(super) fn next_at(&self) -> Option<Duration> {
        self.due.keys().next().map(|&(at, _)| at)
    }

    fn push(&mut self, at: Duration, wire: usize, end: usize, what: What) {
        self.due.insert((at, self.count), (wire, end, what));
        self.count += 1;
    }

    /// The wire that a peer calls so, and which end of it is the peer's.
    fn find(&self, peer: usize, id: StreamId) -> Option<(usize, usize)> {
        let is = |wire: &Wire| wire.iter().position(|end| *end == Some((peer, id)));
        self.wires.iter().enumerate().find_map(|(number, wire)| Some((number, is(wire)?)))
    }
}

impl World {
    /// Does what a peer asks to be done with streams.
    pub(super) fn drain_streams(&mut self, peer: usize) -> bool {
        let Some(request) = self.peers[peer].node.poll_stream_request() else { return false };
        let at = self.now + self.wires.delay;
        self.wires.requests.push((self.now, peer, request));
        match request {
            StreamRequest::Open { id, to } => {
                let other = self.peers.iter().position(|other| other.addr == to).expect("members have addresses");
                let number = self.wires.wires.len();
                self.wires.wires.push([Some((peer, id)), Some((other, StreamId::Accepted(number as u64)))]);
                if self.wires.closed.contains(&peer) {
                    self.wires.push(at, number, 0, What::Closed);
                } else {
                    self.wires.push(at, number, 1, What::Opened);
                }
            }
            StreamRequest::Write { id } => {
                let now = self.instant();
                let (wire, end) = self.wires.find(peer, id).expect("only open streams are written to");
                loop {
                    let mut bytes = vec![0xee; self.wires.piece];
                    let len = self.peers[peer].node.poll_stream(now, id, &mut bytes);
                    if len == 0 {
                        break;
                    }
                    bytes.truncate(len);
                    self.wires.written.push((peer, id, bytes.clone()));
                    self.wires.push(at, wire, 1 - end, What::Bytes(bytes));
                }
            }
            StreamRequest::Close { id } => {
                // It may be that the other side was faster.
                if let Some((wire, end)) = self.wires.find(peer, id) {
                    self.hang_up(wire, end);
                }
            }
        }
        true
    }

    /// One end of a wire has it no more, and the other one hears of that.
    fn hang_up(&mut self, wire: usize, end: usize) {
        self.wires.wires[wire][end] = None;
        self.wires.push(self.now + self.wires.delay, wire, 1 - end, What::Closed);
    }

    /// Something between the peers ends all streams that there are.
    pub(crate) fn cut_wires(&mut self) {
        for wire in 0..self.wires.wires.len() {
            (0..2).for_each(|end| self.wires.push(self.now + self.wires.delay, wire, end, What::Closed));
        }
    }

    pub(super) fn deliver_stream(&mut self) {
        let Some((key, (wire, end, what))) = self.wires.due.pop_first() else { return };
        let [near, far] = [end, 1 - end].map(|end| self.wires.wires[wire][end]);
        let Some((peer, id)) = near else { return };
        if self.peers[peer].frozen_until > self.now {
            self.wires.due.insert((self.peers[peer].frozen_until, key.1), (wire, end, what));
            return;
        }
        if far.is_some_and(|(far, _)| self.peers[far].side != self.peers[peer].side) {
            return;
        }
        if !self.peers[peer].runs {
            return self.hang_up(wire, end);
        }
        let taken = match &what {
            What::Opened => self.feed(peer, Input::StreamOpened { id }),
            What::Bytes(bytes) => self.feed(peer, Input::StreamBytes { id, bytes }),
            What::Closed => self.feed(peer, Input::StreamClosed { id }),
        };
        match what {
            What::Opened if taken.is_ok() && end == 1 => {
                self.wires.push(self.now + self.wires.delay, wire, 0, What::Opened);
            }
            What::Closed => self.wires.wires[wire][end] = None,
            What::Opened | What::Bytes(_) if taken.is_err() => self.hang_up(wire, end),
            What::Opened | What::Bytes(_) => {}
        }
    }
}
