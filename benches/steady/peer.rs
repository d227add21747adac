//! What does foca cost under the same conditions? A bare loop around it: the simulator's event queue and
//! delays, buffers that are used again, and nothing else.
//!
//! Everybody knows everybody from the start (`apply_many`), so there is nothing to join.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::num::NonZeroU32;
use std::time::Duration;

use foca::{Config, Foca, Identity, Member, NoCustomBroadcast, Notification, PostcardCodec, Runtime, Timer};
use quidnunc_benches::arena::Arena;
use quidnunc_benches::laps::{Course, Lap};
use quidnunc_sim::engine::delay::DelaySampler;
use quidnunc_sim::engine::draws::{Draws, Purpose};
use quidnunc_sim::engine::wheel::{Class, Event, Wheel, order_key};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

const NETWORK: u32 = 10 << 24;
const SECOND: u64 = 1_000_000_000;

/// An address and which life of the node behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Peer {
    addr: SocketAddrV4,
    generation: u16,
}

impl Peer {
    fn of(node: u32) -> Self {
        Self { addr: SocketAddrV4::new(Ipv4Addr::from_bits(NETWORK + 1 + node), 7946), generation: 0 }
    }

    fn node(self) -> u32 {
        self.addr.ip().to_bits() - NETWORK - 1
    }
}

impl Identity for Peer {
    type Addr = SocketAddrV4;

    fn renew(&self) -> Option<Self> {
        Some(Self { generation: self.generation + 1, ..*self })
    }

    fn addr(&self) -> SocketAddrV4 {
        self.addr
    }

    fn win_addr_conflict(&self, adversary: &Self) -> bool {
        self.generation > adversary.generation
    }
}

type Node = Foca<Peer, PostcardCodec, ChaCha8Rng, NoCustomBroadcast>;

/// Everything between the nodes.
struct Net {
    wheel: Wheel,
    arena: Arena,
    timers: Vec<Option<Timer<Peer>>>,
    timers_free: Vec<u32>,
    seq: Vec<u32>,
    delays: DelaySampler,
    draws: Draws,
    now: u64,
    sum: Lap,
    /// Verdicts about live members, which a settled cluster without loss never has.
    downs: u64,
}

/// One node's access to it.
struct Port<'a> {
    net: &'a mut Net,
    node: u32,
}

impl Net {
    fn push(&mut self, class: Class, from: u32, event: Event) {
        let seq = &mut self.seq[from as usize];
        *seq += 1;
        self.wheel.push(Event { order: order_key(class, from, *seq), ..event });
    }
}

impl Runtime<Peer> for Port<'_> {
    fn notify(&mut self, notification: Notification<'_, Peer>) {
        self.net.downs += u64::from(matches!(notification, Notification::MemberDown(_)));
    }

    fn send_to(&mut self, to: Peer, data: &[u8]) {
        let net = &mut *self.net;
        let draw = net.draws.draw(Purpose::LinkDelay, u64::from(self.node), net.sum.packets);
        net.sum.packets += 1;
        net.sum.bytes += data.len() as u64;
        let at = net.now + net.delays.sample(draw);
        let what = net.arena.store(self.node, data);
        net.push(Class::Packet, self.node, Event { at, order: 0, dst: to.node(), what });
    }

    fn submit_after(&mut self, timer: Timer<Peer>, after: Duration) {
        let net = &mut *self.net;
        let place = net.timers_free.pop().unwrap_or_else(|| {
            net.timers.push(None);
            u32::try_from(net.timers.len() - 1).expect("few timers")
        });
        net.timers[place as usize] = Some(timer);
        let at = net.now + u64::try_from(after.as_nanos()).expect("a short while");
        net.push(Class::Timer, self.node, Event { at, order: 0, dst: self.node, what: place });
    }
}

/// Runs a settled cluster and returns its one lap.
pub(crate) fn drive(course: Course, mut meter: impl FnMut() -> u64) -> Lap {
    let (mut nodes, mut net) = preloaded(course.nodes, course.seed);
    run_until(&mut nodes, &mut net, course.settle_s * SECOND);
    let before = Lap { metered: meter(), ..net.sum };
    run_until(&mut nodes, &mut net, (course.settle_s + course.lap_s) * SECOND);
    assert_eq!(net.downs, 0, "nobody was declared dead");
    let all = |node: &Node| node.num_members() + 1 == course.nodes as usize;
    assert!(nodes.iter().all(all), "everybody knows everybody");
    Lap {
        metered: meter() - before.metered,
        packets: net.sum.packets - before.packets,
        bytes: net.sum.bytes - before.bytes,
        unsettled: 0,
    }
}

/// Nodes that know each other and whose probe periods begin at different times.
fn preloaded(count: u32, seed: u64) -> (Vec<Node>, Net) {
    let draws = Draws::new(seed);
    let mut net = Net {
        wheel: Wheel::new(),
        arena: Arena::default(),
        timers: Vec::new(),
        timers_free: Vec::new(),
        seq: vec![0; count as usize],
        delays: quidnunc_benches::delays(),
        draws,
        now: 0,
        sum: Lap::default(),
        downs: 0,
    };
    let config = Config::new_lan(NonZeroU32::new(count).expect("more than nobody"));
    let nodes = (0..count).map(|number| {
        let rng = ChaCha8Rng::seed_from_u64(draws.draw(Purpose::NodeSeed, u64::from(number), 0));
        let mut node = Foca::new(Peer::of(number), config.clone(), rng, PostcardCodec);
        net.now = u64::from(number) * (SECOND / u64::from(count));
        let everybody = (0..count).map(|number| Member::alive(Peer::of(number)));
        node.apply_many(everybody, false, Port { net: &mut net, node: number }).expect("nothing speaks against it");
        node
    });
    let nodes = nodes.collect();
    net.now = 0;
    (nodes, net)
}

fn run_until(nodes: &mut [Node], net: &mut Net, end: u64) {
    while net.now < end
        && let Some(event) = net.wheel.pop()
    {
        net.now = event.at;
        let node = &mut nodes[event.dst as usize];
        if event.order < order_key(Class::Timer, 0, 0) {
            let packet = net.arena.take(event.what);
            let port = Port { net, node: event.dst };
            node.handle_data(&packet.bytes, port).expect("it comes from foca");
            net.arena.give_back(event.what, packet);
        } else {
            net.timers_free.push(event.what);
            let timer = net.timers[event.what as usize].take().expect("every event has its timer");
            node.handle_timer(timer, Port { net, node: event.dst }).expect("it comes from foca");
        }
    }
}
