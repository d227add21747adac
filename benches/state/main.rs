//! What do replicated maps cost? `cargo bench -p quidnunc-benches --bench state [-- SIZE…]`
//!
//! 1. An exchange in which nothing has changed: a ping and its ack between two members that hold the same maps of
//!    1000 and 10 000 owners, 20 keys each. Bytes, and processor time with encoding and decoding.
//! 2. The same two after one key has changed and every rumour was lost: bytes until they agree again.
//! 3. A newcomer gets 10 MB: datagrams, against those that the keys and values alone would fill.
//! 4. Memory per key beyond key and value, as asked of the allocator.

#![expect(clippy::print_stdout, reason = "a bench reports to whoever runs it")]

#[path = "../counting.rs"]
mod counting;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use quidnunc_benches::cluster::{address_of, fresh_identity};
use quidnunc_benches::cpu::process_nanos;
use quidnunc_benches::is_quick;
use quidnunc_core::{Command, Config, Input, Instant, Node, Purpose, Record, Snapshot, fit_checksum};

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
    state_packets: u64,
    state_bytes: u64,
    /// Whether every packet is lost.
    deaf: bool,
}

impl Net {
    /// Nodes of these numbers, each of which knows all `members`.
    fn new(numbers: &[u32], members: &[Record], now: Instant) -> Self {
        let node = |&number: &u32| (address_of(number), born(number, members, now));
        let nodes = numbers.iter().map(node).collect();
        Self { nodes, now, state_packets: 0, state_bytes: 0, deaf: false }
    }

    /// Two of so many nodes, which hold the maps of all others.
    fn with_maps_of(owners: u32) -> Self {
        let members: Vec<Record> = (0..owners).map(record).collect();
        let mut net = Self::new(&[0, 1], &members, EPOCH);
        for number in 2..owners {
            net.nodes.push((address_of(number), born(number, &[record(0), record(1), record(number)], net.now)));
            for key in 0..KEYS {
                let (key, value) = (key.to_le_bytes(), [7; 20]);
                net.command(2, Command::Put { key: &key, value: &value });
            }
            // Until both have everything.
            while net.lacks(0, 2) || net.lacks(1, 2) {
                net.tick(2);
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

    /// Lets a node's next deadline come, unless it is a probe far ahead.
    fn tick(&mut self, node: usize) {
        let soon = self.now.after(Duration::from_secs(1));
        let Some(wakeup) = self.nodes[node].1.poll_timeout().filter(|wakeup| wakeup.at < soon) else { return };
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
            self.state_packets += u64::from(purpose == Purpose::State);
            self.state_bytes += if purpose == Purpose::State { bytes.len() as u64 } else { 0 };
            if self.deaf {
                continue;
            }
            if let Some((_, node)) = self.nodes.iter_mut().find(|(addr, _)| *addr == to) {
                let _refused = node.handle(self.now, Input::Datagram { from, bytes: &bytes });
            }
        }
    }

    fn show_no_change(&mut self, size: u32) {
        let (ping, rounds) = (self.ping(), if is_quick() { 100 } else { 200_000 });
        let (from, node) = (self.nodes[0].0, &mut self.nodes[1].1);
        let mut buffer = [0; 1232];
        let mut samples = [0.0; 5];
        let mut bytes = 0;
        for sample in &mut samples {
            let before = process_nanos();
            for _ in 0..rounds {
                node.handle(self.now, Input::Datagram { from, bytes: &ping }).expect("a ping is taken");
                while let Some(ack) = node.poll_transmit(self.now, &mut buffer) {
                    bytes = ack.len;
                }
            }
            *sample = 2.0 * (process_nanos() - before) as f64 / f64::from(rounds);
        }
        samples.sort_by(f64::total_cmp);
        let [least, _, median, _, most] = samples;
        println!(
            "{size} owners, {KEYS} keys each, nothing changed: {median:.0} ns [{least:.0}..{most:.0}] per exchange of \
             two packets of {bytes} B (twice what one costs that is read and one that is written)"
        );
    }

    /// A ping of node 0, which holds what it holds, to node 1.
    fn ping(&self) -> Vec<u8> {
        let mut double = born(0, &[record(0), record(1)], self.now);
        let mut buffer = [0; 1232];
        let len = loop {
            let wakeup = double.poll_timeout().expect("it probes");
            double.handle(wakeup.at, Input::Timeout).expect("a timeout is taken");
            if let Some(ping) = double.poll_transmit(wakeup.at, &mut buffer) {
                break ping.len;
            }
        };
        // The sender's section ends with what it knows of members; behind that stands what it holds of maps.
        let view = self.nodes[0].1.view();
        let (head, tail) = buffer[..len].split_at(14 + usize::from(buffer[13]));
        let (head, _members) = head.split_at(head.len() - 8);
        let sums = [view.fingerprint().to_le_bytes(), view.state_fingerprint().to_le_bytes()].concat();
        let mut ping = [head, &sums, tail].concat();
        ping[13] += 8;
        fit_checksum(&mut ping);
        ping
    }

    fn show_one_change(&mut self, size: u32) {
        let ping = self.ping();
        self.deaf = true;
        self.command(1, Command::Put { key: b"changed", value: b"value" });
        self.calm_until_quiet();
        self.deaf = false;
        (self.state_packets, self.state_bytes) = (0, 0);
        while self.lacks(0, 1) {
            self.now = self.now.after(Duration::from_secs(1));
            let (from, node) = (self.nodes[0].0, &mut self.nodes[1].1);
            node.handle(self.now, Input::Datagram { from, bytes: &ping }).expect("a ping is taken");
            self.drain();
            assert!(self.now < Instant::from_nanos(u64::MAX / 2), "a repair finds one key");
        }
        println!(
            "{size} owners, one key changed, every rumour lost: {} B in {} packets until both agree",
            self.state_bytes, self.state_packets
        );
    }

    /// Lets time pass until node 1 has told its news as often as it does.
    fn calm_until_quiet(&mut self) {
        (0..100).for_each(|_| self.tick(1));
    }
}

fn record(number: u32) -> Record {
    let identity = fresh_identity(1, number);
    Record::of_new_life(identity.id, identity.boot, identity.addr)
}

fn born(number: u32, members: &[Record], now: Instant) -> Node {
    let snapshot = Snapshot { members, map: None };
    // Nobody is probed while a bench lasts, and news are told at once.
    let (period, gossip_interval) = (Duration::from_secs(600), Duration::from_millis(1));
    let tombstone_life = Duration::from_secs(86_400);
    // One length of suspicions, or none would be short enough for a day's memory of the dead.
    let base = Config { suspicion_max_mult: 1, members_max: 20_000, ..Config::lan() };
    let config = Config { period, gossip_interval, tombstone_life, ..base };
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
