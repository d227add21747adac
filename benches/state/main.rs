//! What do replicated maps cost? `cargo bench -p quidnunc-benches --bench state [-- SIZE…]`
//!
//! 1. An exchange in which nothing has changed: a ping and its ack between two members that hold the same maps of
//!    1000 and 10 000 owners, 20 keys each. Bytes, and processor time with encoding and decoding.
//! 2. The same two after one key has changed and every rumour was lost: bytes until they agree again.
//! 3. A newcomer gets 10 MB: datagrams, against those that the keys and values alone would fill.
//! 4. Memory per key beyond key and value, as asked of the allocator.

#![expect(clippy::print_stdout, reason = "a bench reports to whoever runs it")]

mod counting;

use std::collections::VecDeque;
use std::net::SocketAddr;

use quidnunc_benches::cluster::{address_of, fresh_identity};
use quidnunc_benches::cpu::process_nanos;
use quidnunc_benches::is_quick;
use quidnunc_core::{Command, Config, Health, Incarnation, Input, Instant, Node, Purpose, Record, Snapshot};

const KEYS: u32 = 20;
const EPOCH: Instant = Instant::from_nanos(0);

fn main() {
    let named: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = match (named.is_empty(), is_quick()) {
        (false, _) => named,
        (true, true) => vec![50],
        (true, false) => vec![1000, 10_000],
    };
    for &size in &sizes {
        let mut pair = Net::with_maps_of(size);
        pair.show_no_change(size);
        pair.show_one_change(size);
    }
    let keys = if is_quick() { 2000 } else { 90_000 };
    show_join(keys);
    show_memory(keys);
}

/// A few nodes that know each other, and a network without delay.
struct Net {
    nodes: Vec<(SocketAddr, Node)>,
    now: Instant,
    packets: u64,
    bytes: u64,
    state_packets: u64,
    state_bytes: u64,
    /// Packets that are dropped: all with heads of maps but the answers of repairs.
    deaf: bool,
}

impl Net {
    /// Nodes of these numbers, each of which knows all `members`.
    fn new(numbers: &[u32], members: &[Record], now: Instant) -> Self {
        let node = |&number: &u32| (address_of(number), born(number, members, now));
        let nodes = numbers.iter().map(node).collect();
        Self { nodes, now, packets: 0, bytes: 0, state_packets: 0, state_bytes: 0, deaf: false }
    }

    /// Two nodes that hold the maps of so many owners, themselves included.
    fn with_maps_of(owners: u32) -> Self {
        let members: Vec<Record> = (0..owners).map(record).collect();
        let mut net = Self::new(&[0, 1], &members, EPOCH);
        for number in 0..owners {
            if number > 1 {
                net.nodes.push((address_of(number), born(number, &[record(0), record(1), record(number)], net.now)));
            }
            let owner = (number as usize).min(2);
            for key in 0..KEYS {
                let (key, value) = (key.to_le_bytes(), [7; 20]);
                net.command(owner, Command::Put { key: &key, value: &value });
            }
            // Until both have everything.
            while net.lacks(0, owner) || net.lacks(1, owner) {
                net.tick(owner);
            }
            net.nodes.truncate(2);
        }
        net.calm();
        net
    }

    fn lacks(&self, node: usize, owner: usize) -> bool {
        let (owner, node) = (self.nodes[owner].1.view(), self.nodes[node].1.view());
        node.map_version(owner.id()) != owner.map_version(owner.id())
    }

    /// Lets time pass until no news wait and both agree.
    fn calm(&mut self) {
        for _ in 0..400 {
            self.tick(0);
            self.tick(1);
        }
        let [one, other] = [0, 1].map(|node| self.nodes[node].1.view().state_fingerprint());
        assert_eq!(one, other, "both hold the same");
    }

    fn command(&mut self, node: usize, command: Command<'_>) {
        self.nodes[node].1.handle(self.now, Input::Command(command)).expect("a command is taken");
        self.drain();
    }

    /// Lets a node's next deadline come.
    fn tick(&mut self, node: usize) {
        let Some(wakeup) = self.nodes[node].1.poll_timeout() else { return };
        self.now = self.now.max(wakeup.at);
        self.nodes[node].1.handle(self.now, Input::Timeout).expect("a timeout is taken");
        self.drain();
    }

    /// Delivers until nobody has anything to send.
    fn drain(&mut self) {
        let mut buffer = [0; 1232];
        let mut flying: VecDeque<(SocketAddr, SocketAddr, Purpose, Vec<u8>)> = VecDeque::new();
        loop {
            for (from, node) in &mut self.nodes {
                while let Some(transmit) = node.poll_transmit(self.now, &mut buffer) {
                    flying.push_back((*from, transmit.to, transmit.purpose, buffer[..transmit.len].to_vec()));
                }
                while node.poll_event().is_some() {}
            }
            let Some((from, to, purpose, bytes)) = flying.pop_front() else { return };
            self.packets += 1;
            self.bytes += bytes.len() as u64;
            self.state_packets += u64::from(purpose == Purpose::State);
            self.state_bytes += if purpose == Purpose::State { bytes.len() as u64 } else { 0 };
            if self.deaf && purpose != Purpose::State && bytes.len() > 80 {
                continue;
            }
            if let Some((_, node)) = self.nodes.iter_mut().find(|(addr, _)| *addr == to) {
                let _refused = node.handle(self.now, Input::Datagram { from, bytes: &bytes });
            }
        }
    }

    fn show_no_change(&mut self, size: u32) {
        let rounds = if is_quick() { 100 } else { 20_000 };
        let mut samples: Vec<f64> = (0..5).map(|_| self.exchange_nanos(rounds)).collect();
        samples.sort_by(f64::total_cmp);
        let bytes = self.bytes as f64 / self.packets as f64;
        println!(
            "{size} owners, {KEYS} keys each: nothing changed: {:.0} ns [{:.0}..{:.0}] per exchange of two packets, {bytes:.0} B each",
            samples[2], samples[0], samples[4]
        );
    }

    /// Probes of one member by the other and back.
    fn exchange_nanos(&mut self, rounds: u32) -> f64 {
        (self.packets, self.bytes) = (0, 0);
        let mut buffer = [0; 1232];
        let before = process_nanos();
        let mut pairs = 0_u32;
        while pairs < rounds {
            let [(a_addr, a), (b_addr, b)] = &mut self.nodes[..] else { unreachable_pair() };
            let Some(wakeup) = a.poll_timeout() else { break };
            self.now = self.now.max(wakeup.at);
            let _taken = a.handle(self.now, Input::Timeout);
            while let Some(ping) = a.poll_transmit(self.now, &mut buffer) {
                self.packets += 1;
                self.bytes += ping.len as u64;
                // Whoever is probed is played by the other: both hold the same.
                let _taken = b.handle(self.now, Input::Datagram { from: *a_addr, bytes: &buffer[..ping.len] });
                while let Some(ack) = b.poll_transmit(self.now, &mut buffer) {
                    self.packets += 1;
                    self.bytes += ack.len as u64;
                    let _taken = a.handle(self.now, Input::Datagram { from: *b_addr, bytes: &buffer[..ack.len] });
                }
                pairs += 1;
            }
        }
        (process_nanos() - before) as f64 / f64::from(rounds)
    }

    fn show_one_change(&mut self, size: u32) {
        self.deaf = true;
        self.command(1, Command::Put { key: b"changed", value: b"value" });
        (self.state_packets, self.state_bytes) = (0, 0);
        let mut ticks = 0;
        while self.lacks(0, 1) {
            self.tick(0);
            self.tick(1);
            ticks += 1;
            assert!(ticks < 100_000, "a repair finds one key");
        }
        println!(
            "{size} owners: one key, every rumour lost: {} B in {} packets until both agree",
            self.state_bytes, self.state_packets
        );
        self.deaf = false;
    }
}

fn unreachable_pair() -> ! {
    panic!("there are two nodes")
}

fn record(number: u32) -> Record {
    let identity = fresh_identity(1, number);
    let incarnation = Incarnation::first(identity.boot);
    Record { id: identity.id, incarnation, health: Health::Alive, hops: 0, age_ms: 0, addr: identity.addr }
}

fn born(number: u32, members: &[Record], now: Instant) -> Node {
    let snapshot = Snapshot { members, map: None };
    let config = Config { map_bytes_max: 64 << 20, ..Config::lan() };
    Node::new(config, fresh_identity(1, number), u64::from(number), now, Some(snapshot)).expect("the profile is valid")
}

/// A map of so many keys of 12 bytes with values of 100 at node 0, and node 1 that knows it but has nothing.
fn long_map(keys: u32) -> (Net, u64) {
    let members = [record(0), record(1)];
    let mut net = Net::new(&[0], &members, EPOCH);
    let mut content = 0;
    for number in 0..keys {
        let (key, value) = (format!("key/{number:08}"), [number.to_le_bytes()[0]; 100]);
        content += (key.len() + value.len()) as u64;
        net.command(0, Command::Put { key: key.as_bytes(), value: &value });
    }
    net.nodes.push((address_of(1), born(1, &members, net.now)));
    (net, content)
}

fn show_join(keys: u32) {
    let (mut net, content) = long_map(keys);
    (net.state_packets, net.state_bytes) = (0, 0);
    let before = process_nanos();
    while net.lacks(1, 0) {
        net.tick(0);
        net.tick(1);
    }
    let ideal = content.div_ceil(1232);
    println!(
        "{:.1} MB to a newcomer: {} datagrams, {:.2} of the {ideal} that keys and values fill, {:.2} s of processor time",
        content as f64 / 1e6,
        net.state_packets,
        net.state_packets as f64 / ideal as f64,
        (process_nanos() - before) as f64 / 1e9
    );
}

fn show_memory(keys: u32) {
    let before = counting::bytes();
    let (net, content) = long_map(keys);
    let held = counting::bytes() - before;
    println!("memory: {:.1} B per key beyond key and value", (held.saturating_sub(content)) as f64 / f64::from(keys));
    drop(net);
}
