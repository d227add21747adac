//! What does the engine cost by itself? The real queue, packet store and network, and nodes that do next
//! to nothing.
//!
//! Invariant: so many timers and so many packets wait at any time. A node that gets a packet sends one of
//! the same size to some other node; a node whose timer expires sets it again. Two events of three are
//! packets (1 to 100 ms), the third is a timer (0.2 to 5 s), as in a gossip protocol; hence of the events
//! that wait nearly all are timers. Nothing is measured and no fingerprint is taken.

use core::hint::black_box;

use crate::engine::draws::{Draws, Purpose, below};
use crate::engine::wheel::{Class, Event, Wheel, order_key};
use crate::scenario;

use super::network::Network;
use super::packets::Packets;

/// A ping with nothing to tell.
const PACKET: [u8; 51] = [0x5a; 51];
/// Of so many events that wait one is a packet: packets live 50.5 ms, timers 2.6 s, and there shall be two
/// packets for each timer that expires.
const WAITING_PER_PACKET: u32 = 27;
/// A timer runs for at least this long, in nanoseconds.
const TIMER_NS: u64 = 200_000_000;
/// And for less than so many steps more: 4.8 s.
const TIMER_STEPS: u32 = 300_000_000;
/// A step, in nanoseconds; single nanoseconds would not fit 32 bits.
const TIMER_STEP_NS: u64 = 16;

/// A world of nodes that do next to nothing.
pub struct NullWorld {
    wheel: Wheel,
    network: Network,
    packets: Packets,
    draws: Draws,
    /// Per node: timers set, which numbers its draws and orders simultaneous timers.
    timers: Vec<u32>,
    counts: NullCounts,
}

/// What happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NullCounts {
    /// Packets that arrived.
    pub packets: u64,
    /// Timers that expired.
    pub timers: u64,
}

impl NullCounts {
    /// All events.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.packets + self.timers
    }
}

impl NullWorld {
    /// A world of `nodes` nodes in which `pending` events wait.
    ///
    /// # Panics
    /// When `nodes` is more than a scenario may have, or less than two.
    #[must_use]
    pub fn new(nodes: u32, pending: u32) -> Self {
        assert!(nodes >= 2, "a packet needs another node to go to");
        let text = format!(
            "format = 1\nname = \"null\"\nabout = \"the engine by itself\"\nrun = {{ duration = \"1h\" }}\n\
             nodes = {{ count = {nodes}, join = {{ stagger = \"0s\" }} }}\n\
             net = {{ delay = {{ time = \"50500us\", jitter = \"49500us\", distribution = \"uniform\" }} }}\n"
        );
        let scenario = scenario::parse("null", &text).unwrap_or_else(|problem| panic!("{problem}"));
        let draws = Draws::new(1);
        let mut world = Self {
            wheel: Wheel::new(),
            network: Network::new(&scenario, draws),
            packets: Packets::new(),
            draws,
            timers: vec![0; nodes as usize],
            counts: NullCounts::default(),
        };
        let packets = pending.div_ceil(WAITING_PER_PACKET).min(pending);
        (0..packets).for_each(|number| world.send(number % nodes, 0));
        (packets..pending).for_each(|number| world.set_timer(number % nodes, 0));
        world
    }

    /// Lets everything happen up to an instant, which counts from the start, and says what happened in all.
    ///
    /// # Panics
    /// When an event was scheduled in the past.
    pub fn run_until(&mut self, end_ns: u64) -> NullCounts {
        while let Some(event) = self.wheel.pop() {
            if event.order >> 62 == Class::Packet as u64 {
                self.on_packet(event);
            } else {
                self.set_timer(event.dst, event.at);
                self.counts.timers += 1;
            }
            if event.at >= end_ns {
                break;
            }
        }
        assert_eq!(self.wheel.late(), 0, "no event was scheduled in the past");
        self.counts
    }

    /// How many events wait.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.wheel.len()
    }

    fn on_packet(&mut self, event: Event) {
        let packet = self.packets.get(event.what);
        black_box((packet.from(), packet.bytes()));
        self.packets.release(event.what);
        self.network.counts.delivered += 1;
        self.counts.packets += 1;
        self.send(event.dst, event.at);
    }

    /// Sends a packet to any node but the sender.
    fn send(&mut self, from: u32, now: u64) {
        let nodes = u32::try_from(self.timers.len()).expect("a scenario's nodes fit a u32");
        let sent = self.network.counts.sent;
        let step = 1 + below(self.draws.draw(Purpose::Workload, u64::from(from), sent), nodes - 1);
        let to = (from + step) % nodes;
        let fate = self.network.send(from, to, PACKET.len(), now);
        for at in fate.arrivals() {
            let slot = self.packets.store(from, &PACKET);
            let order = order_key(Class::Packet, from, self.network.next_order(from));
            self.wheel.push(Event { at, order, dst: to, what: slot });
        }
    }

    fn set_timer(&mut self, node: u32, now: u64) {
        let set = &mut self.timers[node as usize];
        *set = set.wrapping_add(1);
        let draw = self.draws.draw(Purpose::NodeSeed, u64::from(node), u64::from(*set));
        let at = now + TIMER_NS + u64::from(below(draw, TIMER_STEPS)) * TIMER_STEP_NS;
        self.wheel.push(Event { at, order: order_key(Class::Timer, node, *set), dst: node, what: 0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn as_many_events_wait_as_were_asked_for_and_two_of_three_are_packets() {
        for (nodes, pending) in [(2, 64), (1000, 27_000), (5000, 3000)] {
            let mut world = NullWorld::new(nodes, pending);
            assert_eq!(world.pending(), pending as usize);
            let counts = world.run_until(30 * SECOND);
            assert_eq!(world.pending(), pending as usize);
            assert_eq!(world.packets.in_use(), u64::from(pending.div_ceil(WAITING_PER_PACKET)));
            let share = counts.packets * 100 / counts.events();
            assert!((60..=75).contains(&share), "{nodes} nodes, {pending} pending: {share} % packets");
        }
    }

    #[test]
    fn the_same_happens_every_time() {
        let counts = || NullWorld::new(100, 1000).run_until(10 * SECOND);
        assert_eq!(counts(), counts());
    }
}
