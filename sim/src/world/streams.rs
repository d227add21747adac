//! What becomes of a stream? Segments that are sent again until they arrive, in order.
//!
//! A connection takes one way of each kind: a request, and its answer. Every segment (a connection, its answer, some
//! bytes, an end) has the network's delay and chance of loss, and the faults' on it. One that is lost is sent again
//! 200 ms later, and each time after twice as long; after six times its sender's stream breaks. What was said after it
//! waits for it. Damage does nothing: a real stream finds it out. Nobody accepts at an address where no process runs,
//! and a process that ends hangs up. Whoever sends to an end that has broken hears of it.
//!
//! Streams of a node that stands still stand still too: what it has to send, or to send again, and what arrives at it
//! wait for the end of the pause, however long that is, and none of it is lost. So a pause breaks no stream.
//!
//! Invariant: an end hears what the other one said in order, each segment once and none left out, until the stream ends.

use std::collections::{BTreeMap, VecDeque};

use quidnunc_core::{Input, Instant, StreamId, StreamRequest};

use crate::engine::wheel::{Class, Event, order_key};

use super::cast::node_at;
use super::{Witness, World};

/// Marks an event's or a queue's number as that of a job of a stream, and not of a packet.
pub(super) const STREAM: u32 = 1 << 31;

/// How long after a loss a segment is sent again, for the first time.
const AGAIN_NS: u64 = 200_000_000;
/// How often it is sent again.
const AGAIN_MAX: u32 = 6;

/// Something that travels.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Connect,
    Accept,
    Bytes(Vec<u8>),
    End,
}

/// One end of a stream.
#[derive(Debug)]
struct End {
    node: u32,
    id: StreamId,
    /// Whether its process has it.
    open: bool,
    /// What it sends, the first of which is sent again if `again` is not 0.
    queue: VecDeque<Segment>,
    again: u32,
    /// Nothing that it sends arrives before this.
    clear_at: u64,
    /// How many segments got through, and how many of the other end's have arrived.
    sent: u64,
    heard: u64,
    /// It was given up without a word to the other end.
    broken: bool,
}

impl End {
    const fn new(node: u32, id: StreamId, open: bool) -> Self {
        Self { node, id, open, queue: VecDeque::new(), again: 0, clear_at: 0, sent: 0, heard: 0, broken: false }
    }
}

/// Something that is due: a segment of the end is sent again, or arrives.
#[derive(Debug)]
struct Job {
    stream: u64,
    end: usize,
    /// With its place among those of its end.
    arrives: Option<(u64, Segment)>,
}

/// All streams of a run.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// The one that opened it, and the one that accepted.
    all: BTreeMap<u64, [End; 2]>,
    /// Which is which, by those who opened them.
    opened: BTreeMap<(u32, StreamId), u64>,
    count: u64,
    jobs: Vec<Option<Job>>,
    free: Vec<u32>,
}

impl Streams {
    fn find(&self, node: u32, id: StreamId) -> Option<(u64, usize)> {
        match id {
            StreamId::Opened(_) => self.opened.get(&(node, id)).map(|&stream| (stream, 0)),
            StreamId::Accepted(stream) => Some((stream, 1)),
        }
    }

    fn end(&mut self, stream: u64, end: usize) -> Option<&mut End> {
        self.all.get_mut(&stream)?.get_mut(end)
    }

    fn keep(&mut self, job: Job) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.jobs.push(None);
            u32::try_from(self.jobs.len() - 1).expect("fewer than 2^31 segments under way")
        });
        self.jobs[place as usize] = Some(job);
        assert!(place < STREAM, "fewer than 2^31 segments under way");
        place
    }

    fn take(&mut self, number: u32) -> Option<Job> {
        self.free.push(number);
        self.jobs[number as usize].take()
    }

    /// A process has a stream no longer. Returns whether it had.
    fn close(&mut self, stream: u64, end: usize) -> bool {
        let Some(found) = self.end(stream, end).filter(|found| found.open) else { return false };
        found.open = false;
        let key = (found.node, found.id);
        self.opened.remove(&key);
        if self.all.get(&stream).is_some_and(|ends| ends.iter().all(|end| !end.open)) {
            self.all.remove(&stream);
        }
        true
    }

    /// Asserts that whatever got through has arrived or is under way, and that of what waits to be sent again each end has
    /// one job that does it.
    pub(super) fn check(&self) {
        let mut jobs: BTreeMap<(u64, usize), (u64, u32)> = BTreeMap::new();
        for job in self.jobs.iter().flatten() {
            let (under_way, again) = jobs.entry((job.stream, job.end)).or_default();
            match job.arrives {
                Some(_) => *under_way += 1,
                None => *again += 1,
            }
        }
        for (&stream, ends) in &self.all {
            for (end, sender) in (0..).zip(ends) {
                let receiver = &ends[1 - end];
                let (under_way, again) = jobs.get(&(stream, end)).copied().unwrap_or_default();
                let waits = !sender.queue.is_empty();
                assert_eq!((again, sender.again > 0), (waits.into(), waits), "no end of a stream falls silent");
                // Who has hung up hears nothing; who is still to accept will.
                if receiver.open || (end == 0 && receiver.heard == 0) {
                    assert_eq!(receiver.heard + under_way, sender.sent, "nothing that got through is lost");
                }
            }
        }
    }

    /// The ends that a node has.
    fn of(&self, node: u32) -> Vec<(u64, usize)> {
        let ends =
            self.all.iter().flat_map(|(&stream, ends)| (0..).zip(ends).map(move |(end, found)| (stream, end, found)));
        ends.filter(|(.., found)| found.open && found.node == node).map(|(stream, end, _)| (stream, end)).collect()
    }
}

impl<W: Witness> World<'_, W> {
    /// Does what a node asks to be done with streams.
    // Few nodes offer any, and every packet comes by here.
    #[cold]
    pub(super) fn serve_streams(&mut self, node: u32) {
        while let Some(request) = self.cast.poll_stream_request(node) {
            match request {
                StreamRequest::Open { id, to } => self.connect((node, id), node_at(to)),
                StreamRequest::Write { id } => {
                    let Some((stream, end)) = self.streams.find(node, id) else { continue };
                    let now = Instant::from_nanos(self.now);
                    loop {
                        let len = self.cast.poll_stream(node, id, now, &mut self.buffer);
                        if len == 0 {
                            break;
                        }
                        self.measure.on_stream_bytes(node, len);
                        let bytes = self.buffer[..len].to_vec();
                        self.say(stream, end, Segment::Bytes(bytes));
                    }
                }
                StreamRequest::Close { id } => {
                    if let Some((stream, end)) = self.streams.find(node, id) {
                        self.hang_up(stream, end);
                    }
                }
            }
        }
    }

    fn connect(&mut self, (node, id): (u32, StreamId), to: u32) {
        // Where nobody ever lived nothing answers; the node gives up by itself.
        if to >= self.scenario.nodes.count {
            return;
        }
        let stream = self.streams.count;
        self.streams.count += 1;
        let accepted = End::new(to, StreamId::Accepted(stream), false);
        self.streams.all.insert(stream, [End::new(node, id, true), accepted]);
        self.streams.opened.insert((node, id), stream);
        self.say(stream, 0, Segment::Connect);
    }

    /// A process ends: all its streams do.
    pub(super) fn hang_up_all(&mut self, node: u32) {
        for (stream, end) in self.streams.of(node) {
            self.hang_up(stream, end);
        }
    }

    /// One side ends a stream, and the other one will hear of it.
    fn hang_up(&mut self, stream: u64, end: usize) {
        if self.streams.close(stream, end) {
            self.say(stream, end, Segment::End);
        }
    }

    /// One side of a stream, if it is still there, sends something behind what it has sent before.
    fn say(&mut self, stream: u64, end: usize, segment: Segment) {
        let Some(from) = self.streams.end(stream, end) else { return };
        from.queue.push_back(segment);
        if from.again == 0 {
            self.send_segments(stream, end);
        }
    }

    /// Sends what waits, up to the first segment that is lost.
    fn send_segments(&mut self, stream: u64, end: usize) {
        loop {
            let Some(ends) = self.streams.all.get_mut(&stream) else { return };
            let (from, to) = (ends[end].node, ends[1 - end].node);
            let sender = &mut ends[end];
            let Some(segment) = sender.queue.pop_front() else {
                sender.again = 0;
                return;
            };
            let Some(takes_ns) = self.network.send_segment(from, to, self.now) else {
                sender.queue.push_front(segment);
                sender.again += 1;
                let again = sender.again;
                if again > AGAIN_MAX {
                    return self.break_off(stream, end);
                }
                let at = self.now + (AGAIN_NS << (again - 1));
                return self.push_job(Job { stream, end, arrives: None }, (from, from), at);
            };
            sender.again = 0;
            sender.clear_at = sender.clear_at.max(self.now + takes_ns);
            let (at, arrives) = (sender.clear_at, Some((sender.sent, segment)));
            sender.sent += 1;
            self.push_job(Job { stream, end, arrives }, (from, to), at);
        }
    }

    fn push_job(&mut self, job: Job, (from, to): (u32, u32), at: u64) {
        let order = order_key(Class::Packet, from, self.network.next_order(from));
        let number = self.streams.keep(job);
        self.wheel.push(Event { at, order, dst: to, what: number | STREAM });
    }

    /// One side gives a stream up because nothing gets through; the other one has to find out by itself, or is told when
    /// it sends something.
    fn break_off(&mut self, stream: u64, end: usize) {
        let Some(from) = self.streams.end(stream, end) else { return };
        from.queue.clear();
        (from.again, from.broken) = (0, true);
        let (node, id) = (from.node, from.id);
        if self.streams.close(stream, end) {
            self.tell(node, Input::StreamClosed { id });
        }
    }

    /// A job is due at a node that does not stand still.
    pub(super) fn do_job(&mut self, number: u32) {
        let Some(Job { stream, end, arrives }) = self.streams.take(number) else { return };
        let Some((place, segment)) = arrives else { return self.send_segments(stream, end) };
        let near = 1 - end;
        let Some(receiver) = self.streams.end(stream, near) else { return };
        let (node, id) = (receiver.node, receiver.id);
        receiver.open |= segment == Segment::Connect;
        if !receiver.open {
            // Whoever hung up has said so.
            if receiver.broken && receiver.queue.is_empty() && segment != Segment::End {
                self.say(stream, near, Segment::End);
            }
            return;
        }
        assert_eq!(place, receiver.heard, "of a stream nothing is left out, and nothing comes twice");
        receiver.heard += 1;
        if segment == Segment::Connect && !self.cast.is_running(node) {
            return self.hang_up(stream, near);
        }
        let taken = match &segment {
            Segment::Connect | Segment::Accept => self.hand(node, Input::StreamOpened { id }),
            Segment::Bytes(bytes) => self.hand(node, Input::StreamBytes { id, bytes }),
            Segment::End => {
                self.streams.close(stream, near);
                self.hand(node, Input::StreamClosed { id })
            }
        };
        if !taken {
            self.hang_up(stream, near);
        } else if segment == Segment::Connect {
            self.say(stream, near, Segment::Accept);
        }
        self.after(node);
    }

    fn tell(&mut self, node: u32, input: Input<'_>) {
        self.hand(node, input);
        self.after(node);
    }

    /// Hands a node something about a stream. Returns whether it takes it.
    fn hand(&mut self, node: u32, input: Input<'_>) -> bool {
        let (kind, id, bytes) = match input {
            Input::StreamOpened { id } => (0, id, &[][..]),
            Input::StreamBytes { id, bytes } => (1, id, bytes),
            Input::StreamClosed { id } => (2, id, &[][..]),
            Input::Datagram { .. } | Input::Timeout | Input::Command(_) => return true,
        };
        let heard = [&name_of(kind, id)[..], bytes].concat();
        let state = self.cast.input(node, self.now, &heard);
        state.is_some_and(|state| state.handle(Instant::from_nanos(self.now), input).is_ok())
    }
}

/// Something about a stream as bytes of a fingerprint.
pub(super) fn name_of(kind: u8, id: StreamId) -> [u8; 10] {
    let (side, number) = match id {
        StreamId::Opened(number) => (0, number),
        StreamId::Accepted(number) => (1, number),
    };
    let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
    [kind, side, a, b, c, d, e, f, g, h]
}
