//! Three nodes of which an application wants everything that it can, over a network that loses datagrams and brings streams byte
//! by byte.

use core::net::SocketAddr;
use core::time::Duration;
use std::collections::VecDeque;

use quidnunc_core::{
    Command, Config, Domain, Event, GroupDef, GroupOrder, Identity, InfoSettings, InfoValue, Input, Instant,
    KeyPattern, Node, NodeId, Question, StreamId, StreamLimits, StreamRequest,
};

use crate::{Recorded, Recorder};

/// What stands in everything that is handed in.
pub(super) const SECRET: &str = "hidden";

/// One end of a stream: whose, and how it is called there.
type End = (usize, StreamId);

struct World {
    nodes: [Recorded; 3],
    now: Instant,
    /// What an end has said that the other end has not heard.
    pipes: Vec<[(End, VecDeque<u8>); 2]>,
    accepted: u64,
    sent: u64,
    questions: Vec<(usize, Question)>,
}

fn addr_of(node: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, u8::try_from(node + 1).expect("few")], 7946))
}

fn id_of(node: usize) -> NodeId {
    NodeId::from_u128(node as u128 + 1)
}

fn born(node: usize) -> Recorded {
    let streams = Some(StreamLimits::default());
    let config = Config { infos: Some(InfoSettings::default()), streams, events_max: 200, ..Config::lan() };
    let identity = Identity { id: id_of(node), boot: 1, addr: addr_of(node), domain: Domain::NONE };
    Recorded::from(Node::new(config, identity, 7, Instant::from_nanos(0), None).expect("the config is valid"))
}

/// Lets them live for so many ticks of ten milliseconds, and records one of them from some tick on. Between two ticks it is
/// frozen as often as the recorder wants.
pub(super) fn live(ticks: u64, (recorded, from): (usize, u64), recorder: Recorder) {
    let now = Instant::from_nanos(0);
    let nodes = [0, 1, 2].map(born);
    let mut world = World { nodes, now, pipes: Vec::new(), accepted: 0, sent: 0, questions: Vec::new() };
    let mut recorder = Some(recorder);
    for tick in 0..ticks {
        world.now = Instant::from_nanos(tick * 10_000_000);
        if tick == from {
            recorder.take().into_iter().for_each(|recorder| world.nodes[recorded].record(recorder));
        }
        for node in 0..3 {
            world.nodes[node].turn(world.now, || 1_700_000_000_000);
            world.want(node, tick);
            world.pass(node, tick);
        }
        world.carry();
    }
}

impl World {
    fn wants(&mut self, node: usize, command: Command<'_>) {
        // Some are refused: there is no such key any more, or too much waits.
        let _ = self.nodes[node].handle(self.now, Input::Command(command));
    }

    /// What an application wants at a time.
    fn want(&mut self, node: usize, tick: u64) {
        let seeds = [addr_of(0)];
        if tick == 5 && node > 0 {
            self.wants(node, Command::Join { seeds: &seeds });
        }
        if tick == 8 {
            self.wants(node, Command::Watch { prefix: b"hidden/" });
            self.wants(node, Command::Watch { prefix: b"sys/" });
            self.wants(node, Command::WatchInfos { pattern: KeyPattern::prefix(b"hidden-info"), repeats: true });
            self.wants(node, Command::WatchInfos { pattern: KeyPattern::dotted(b"hidden-info.x"), repeats: false });
            let pattern = KeyPattern::prefix(b"hidden-info.count");
            self.wants(node, Command::RegisterGroup(GroupDef { pattern, limit: 2, order: GroupOrder::Max }));
            let (pattern, limit) = (KeyPattern::prefix(b"hidden-info.text"), 1 + u32::try_from(node).unwrap_or(0));
            self.wants(node, Command::RegisterGroup(GroupDef { pattern, limit, order: GroupOrder::Min }));
            let name = format!("n{node}");
            self.wants(node, Command::Put { key: quidnunc_core::NAME_KEY, value: name.as_bytes() });
        }
        if !(tick + 7 * node as u64).is_multiple_of(40) {
            return;
        }
        let turn = tick / 40;
        let key = format!("hidden/{}/{}", turn % 5, node);
        let value = format!("{SECRET} value {turn} of {node} ").repeat(1 + usize::try_from(turn % 4 * 40).unwrap_or(0));
        let (key, value, ttl) = (key.as_bytes(), value.as_bytes(), Duration::from_secs(2));
        match turn % 7 {
            0 => self.wants(node, Command::PutWithTtl { key, value, ttl }),
            1 => self.wants(node, Command::Delete { key }),
            2 => self.wants(node, Command::PutAndWait { key, value, replicas: 1, domains: 1, timeout: ttl }),
            _ => self.wants(node, Command::Put { key, value }),
        }
        self.want_infos(node, turn);
        let to = id_of((node + 1) % 3);
        self.wants(node, Command::Send { to, number: turn, bytes: &value[..value.len().min(900)] });
        self.wants(node, Command::Note { to, bytes: &value[..value.len().min(200)] });
        if tick == 2000 {
            self.wants(node, Command::Unwatch { prefix: b"hidden/" });
            self.wants(node, Command::UnwatchInfos { pattern: KeyPattern::prefix(b"hidden-info") });
        }
    }

    fn want_infos(&mut self, node: usize, turn: u64) {
        let (ttl, number) = (Duration::from_secs(3), i64::try_from(turn).unwrap_or(0));
        let text = format!("{SECRET} text \u{fc}{}", turn % 9);
        let record = format!("{SECRET} record {turn}").into_bytes();
        let add = |key: &str, value: InfoValue<'_>, ttl, world: &mut Self| {
            let key = format!("hidden-info.{key}.{node}");
            world.wants(node, Command::AddInfo { key: key.as_bytes(), value, ttl });
        };
        add("count", InfoValue::Int(1_000 * number - 9_000), None, self);
        add("share", InfoValue::Float(0.1 - turn as f64), Some(ttl), self);
        add("text", InfoValue::Text(&text), None, self);
        add("x", InfoValue::Bytes(&record), Some(ttl), self);
        if turn % 6 == 3 {
            let key = format!("hidden-info.text.{node}");
            self.wants(node, Command::DeleteInfo { key: key.as_bytes() });
        }
        self.wants(node, Command::SendEvent { name: b"hidden event", payload: &record, ttl });
        self.wants(node, Command::Query { number: turn, name: b"hidden query", payload: text.as_bytes(), window: ttl });
        // Such a key is nobody's.
        self.wants(node, Command::AddInfo { key: b"event/hidden", value: InfoValue::Int(5), ttl: None });
        let asked = self.questions.iter().position(|&(at, _)| at == node).map(|place| self.questions.remove(place).1);
        if let Some(question) = asked {
            self.wants(node, Command::Answer { question, payload: &record });
        }
    }

    /// Time passes for a node, and what it says goes on its way.
    fn pass(&mut self, node: usize, tick: u64) {
        if self.nodes[node].poll_timeout().is_some_and(|wakeup| wakeup.at <= self.now) {
            self.nodes[node].handle(self.now, Input::Timeout).expect("time passes");
        }
        let mut buffer = [0; 1232];
        while let Some(transmit) = self.nodes[node].poll_transmit(self.now, &mut buffer) {
            self.sent += 1;
            let to = (0..3).find(|&to| addr_of(to) == transmit.to).filter(|_| !self.sent.is_multiple_of(11));
            let Some(to) = to else { continue };
            let mut bytes = buffer[..transmit.len].to_vec();
            if self.sent.is_multiple_of(97) {
                // The checksum shows it.
                let last = bytes.len() - 1;
                bytes[last] ^= 4;
            }
            let _ = self.nodes[to].handle(self.now, Input::Datagram { from: addr_of(node), bytes: &bytes });
        }
        while let Some(request) = self.nodes[node].poll_stream_request() {
            match request {
                StreamRequest::Open { id, to } => self.open((node, id), to),
                StreamRequest::Write { .. } => {}
                StreamRequest::Close { id } => self.close((node, id)),
            }
        }
        // Now and then an application is busy, so that events wait.
        if tick % 300 < 150 {
            self.nodes[node].retain_events(|event| !matches!(event, Event::Info(change) if change.ended));
            while let Some(event) = self.nodes[node].poll_event() {
                if let Event::User(event) = event {
                    self.questions.extend(event.question.map(|question| (node, question)));
                }
            }
        }
    }

    fn open(&mut self, opener: End, to: SocketAddr) {
        let to = (0..3).find(|&node| addr_of(node) == to).expect("nobody else was ever named");
        self.accepted += 1;
        let other = (to, StreamId::Accepted(self.accepted));
        for (node, id) in [opener, other] {
            self.nodes[node].handle(self.now, Input::StreamOpened { id }).expect("there is room");
        }
        self.pipes.push([(opener, VecDeque::new()), (other, VecDeque::new())]);
    }

    /// An end is closed: the other one hears of it.
    fn close(&mut self, end: End) {
        let Some(place) = self.pipes.iter().position(|ends| ends.iter().any(|(known, _)| *known == end)) else {
            return;
        };
        for ((node, id), _) in self.pipes.remove(place) {
            if (node, id) != end {
                // It may have forgotten it itself.
                let _ = self.nodes[node].handle(self.now, Input::StreamClosed { id });
            }
        }
    }

    /// Streams bring a few bytes at a time.
    fn carry(&mut self) {
        let (mut pipes, mut broken) = (core::mem::take(&mut self.pipes), Vec::new());
        for ends in &mut pipes {
            for ((node, id), said) in &mut *ends {
                let mut buffer = [0; 61];
                let len = self.nodes[*node].poll_stream(self.now, *id, &mut buffer);
                said.extend(&buffer[..len]);
            }
            let [(one, from_one), (other, from_other)] = ends;
            for (said, (node, id)) in [(from_one, *other), (from_other, *one)] {
                let bytes: Vec<u8> = said.drain(..said.len().min(47)).collect();
                let heard = Input::StreamBytes { id, bytes: &bytes };
                if !bytes.is_empty() && self.nodes[node].handle(self.now, heard).is_err() {
                    broken.push((node, id));
                }
            }
        }
        self.pipes.append(&mut pipes);
        broken.into_iter().for_each(|end| self.close(end));
    }
}
