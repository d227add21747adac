//! What reaches nodes that nobody in the cluster sends now, and when?
//!
//! An injected datagram is an event of its fault: it is made when it arrives, so that it can be a copy of what was
//! sent just before, and it takes no number and no draw from anybody. Hence a run in which every such datagram is
//! refused is, but for what is counted, the run without them.

use quidnunc_core::fit_checksum;

use crate::engine::draws::{Draws, Purpose, below, entity_of};
use crate::engine::wheel::{Class, Event, order_key};
use crate::scenario::{Fault, FaultKind, Injected, Scenario};

use super::{Witness, World};

/// The longest noise, in bytes: more than a datagram of any profile.
const NOISE_BYTES_MAX: u32 = 1300;
/// So many datagrams are there to be copied.
const CAPTURED_MAX: u32 = 4096;
/// Keeps the draws about what is captured apart from those about what is injected.
const CAPTURE: u64 = entity_of("captured");
/// Where the cluster stands in a datagram.
const CLUSTER: core::ops::Range<usize> = 4..8;
/// The draws of one datagram have this many counters; each gives 8 bytes.
const DRAWS_PER_DATAGRAM: u64 = 256;
const _: () = assert!((NOISE_BYTES_MAX as u64).div_ceil(8) < DRAWS_PER_DATAGRAM);

impl<W: Witness> World<'_, W> {
    /// The fault begins: the first datagram for each target is on its way.
    pub(super) fn begin_injection(&mut self, fault: usize) {
        for place in 0..self.plan.targets(fault).len() {
            self.schedule_injection(fault, self.plan.targets(fault)[place], 0);
        }
    }

    /// The fault's `number`-th datagram reaches a target.
    pub(super) fn inject(&mut self, fault: usize, target: u32, number: u32) {
        let next = number.checked_add(1).expect("a fault injects fewer than 2^32 datagrams into a node");
        self.schedule_injection(fault, target, next);
        let Some((from, bytes)) = self.injector.datagram(&self.scenario.faults[fault], target, number) else { return };
        let slot = self.packets.store(from, bytes);
        self.network.bite(fault);
        self.network.counts.injected = self.network.counts.injected.map(|injected| injected + 1);
        self.on_packet(target, slot);
    }

    /// Instants of one target differ, so that the target tells events of one instant apart.
    fn schedule_injection(&mut self, fault: usize, target: u32, number: u32) {
        let Some(at) = self.injector.instant(&self.scenario.faults[fault], target, number) else { return };
        let source = 1 + u32::try_from(fault).expect("a file has fewer than 2^30 faults");
        self.wheel.push(Event { at, order: order_key(Class::Fault, source, target), dst: target, what: number });
    }
}

/// Makes datagrams that come from outside.
#[derive(Debug)]
pub(super) struct Injector {
    draws: Draws,
    /// The first address that no node has belongs to this number.
    outside: u32,
    end_ns: u64,
    /// What nodes sent, if some fault copies it.
    captured: Option<Captured>,
    buffer: Vec<u8>,
}

impl Injector {
    pub(super) fn new(scenario: &Scenario, draws: Draws) -> Self {
        let copies = |fault: &Fault| match fault.kind {
            FaultKind::Inject { what, .. } => what != Injected::Noise,
            FaultKind::Crash { .. }
            | FaultKind::Link { .. }
            | FaultKind::Noise { .. }
            | FaultKind::Pause { .. }
            | FaultKind::Partition { .. } => false,
        };
        Self {
            draws,
            outside: scenario.nodes.count,
            end_ns: scenario.run.duration_ns,
            captured: scenario.faults.iter().any(copies).then(Captured::default),
            buffer: Vec::new(),
        }
    }

    /// A node sends a datagram.
    pub(super) fn on_sent(&mut self, from: u32, bytes: &[u8]) {
        if let Some(captured) = &mut self.captured {
            captured.keep(from, bytes, self.draws);
        }
    }

    /// When a fault's `number`-th datagram reaches a target: anywhere in the `number`-th of the equal parts that
    /// the rate makes of the fault's time. `None` when the fault is over by then.
    fn instant(&self, fault: &Fault, target: u32, number: u32) -> Option<u64> {
        let FaultKind::Inject { per_1000_s, .. } = fault.kind else { return None };
        let part = |number: u64| u128::from(number) * 1_000_000_000_000 / u128::from(per_1000_s);
        let (begin, end) = (part(u64::from(number)), part(u64::from(number) + 1));
        let draw = self.draws.draw(Purpose::InjectTime, entity_of(&fault.id) ^ u64::from(target), u64::from(number));
        let within = (u128::from(draw) * (end - begin)) >> 64;
        let at = fault.at_ns.checked_add(u64::try_from(begin + within).ok()?)?;
        let over = fault.for_ns.map_or(self.end_ns, |for_ns| fault.at_ns + for_ns);
        (at < over).then_some(at)
    }

    /// A fault's `number`-th datagram for a target and the number of whoever seems to send it; `None` if it is
    /// to be the copy of another and there is none yet.
    fn datagram(&mut self, fault: &Fault, target: u32, number: u32) -> Option<(u32, &[u8])> {
        let FaultKind::Inject { what, .. } = fault.kind else { return None };
        let (draws, entity) = (self.draws, entity_of(&fault.id) ^ u64::from(target));
        let draw = |place| draws.draw(Purpose::InjectBytes, entity, u64::from(number) * DRAWS_PER_DATAGRAM + place);
        if what == Injected::Noise {
            let len = below(draw(0), NOISE_BYTES_MAX + 1) as usize;
            self.buffer.clear();
            self.buffer.extend((1..).flat_map(|place| draw(place).to_le_bytes()).take(len));
            return Some((self.outside, &self.buffer));
        }
        let (from, bytes) = self.captured.as_ref()?.choose(draw(0))?;
        if what == Injected::Replay {
            return Some((from, bytes));
        }
        self.buffer.clear();
        self.buffer.extend_from_slice(bytes);
        let cluster = self.buffer.get_mut(CLUSTER)?;
        // Anything but zero makes it another one.
        let change = 1 + below(draw(1), u32::MAX);
        cluster.iter_mut().zip(change.to_le_bytes()).for_each(|(byte, change)| *byte ^= change);
        fit_checksum(&mut self.buffer);
        Some((self.outside, &self.buffer))
    }
}

/// Some of the datagrams that were sent, each with its sender. A new one takes the place of any other, so that a
/// few stay for long and what a former life said is still there when the next one begins.
#[derive(Debug, Default)]
struct Captured {
    kept: Vec<(u32, Vec<u8>)>,
    /// How many came.
    number: u64,
}

impl Captured {
    fn keep(&mut self, from: u32, bytes: &[u8], draws: Draws) {
        self.number += 1;
        if self.kept.len() < CAPTURED_MAX as usize {
            self.kept.push((from, bytes.to_vec()));
            return;
        }
        let place = below(draws.draw(Purpose::InjectBytes, CAPTURE, self.number), CAPTURED_MAX);
        let (sender, kept) = &mut self.kept[place as usize];
        *sender = from;
        kept.clear();
        kept.extend_from_slice(bytes);
    }

    fn choose(&self, draw: u64) -> Option<(u32, &[u8])> {
        let place = below(draw, u32::try_from(self.kept.len()).ok()?);
        self.kept.get(place as usize).map(|(from, bytes)| (*from, &bytes[..]))
    }
}

#[cfg(test)]
mod tests {
    use quidnunc_core::{Config, DecodeError, Domain, Identity, Input, Instant, Node, NodeId, probe_decoder};

    use super::*;
    use crate::scenario::parse;

    const S: u64 = 1_000_000_000;

    fn own_cluster() -> u32 {
        Config::cluster_tag("quidnunc-sim")
    }

    /// The injector of a file with this fault, and the fault.
    fn injector(keys: &str, seed: u64) -> (Injector, Fault) {
        let text = format!(
            "format = 1\nname = \"t\"\nabout = \"t\"\nrun = {{ duration = \"60s\" }}\nnodes = {{ count = 9 }}\n\
             [[fault]]\nid = \"flood\"\nkind = \"inject\"\ntarget = \"all\"\nat = \"20s\"\n{keys}\n"
        );
        let scenario = parse("test.toml", &text).unwrap_or_else(|mistake| panic!("{mistake}"));
        (Injector::new(&scenario, Draws::new(seed)), scenario.faults[0].clone())
    }

    /// A real datagram of the simulator's cluster.
    fn real() -> Vec<u8> {
        let config = Config { cluster: own_cluster(), ..Config::lan() };
        let (addr, start) = ("10.0.0.1:7946".parse().expect("an address"), Instant::from_nanos(0));
        let me = Identity { id: NodeId::from_u128(1), boot: 1, addr, domain: Domain::NONE };
        let mut node = Node::new(config, me, 1, start, None).expect("the defaults are valid");
        let seeds = ["10.0.0.2:7946".parse().expect("an address")];
        node.handle(start, Input::Command(quidnunc_core::Command::Join { seeds: &seeds })).expect("it may join");
        let at = node.poll_timeout().expect("it asks").at;
        node.handle(at, Input::Timeout).expect("time passes");
        let mut buffer = [0; 1232];
        let len = node.poll_transmit(at, &mut buffer).map(|transmit| transmit.len);
        buffer[..len.expect("a request")].to_vec()
    }

    #[test]
    fn every_part_of_the_time_has_one_datagram() {
        let (injector, fault) = injector("rate = \"3/s\"\nfor = \"10s\"\nwhat = \"noise\"", 1);
        for target in [0, 5] {
            let instants: Vec<u64> = (0..).map_while(|number| injector.instant(&fault, target, number)).collect();
            assert_eq!(instants.len(), 30);
            for (number, at) in (0..).zip(instants) {
                assert!((20 * S + number * S / 3..20 * S + (number + 1) * S / 3 + 1).contains(&at), "{number}: {at}");
            }
        }
        assert_ne!(injector.instant(&fault, 0, 0), injector.instant(&fault, 5, 0));
    }

    #[test]
    fn a_rare_datagram_may_never_come() {
        let seeds = 0..200_u64;
        let first = |seed| {
            let (injector, fault) = injector("rate = \"0.01/s\"\nwhat = \"noise\"", seed);
            assert_eq!(injector.instant(&fault, 0, 1), None);
            injector.instant(&fault, 0, 0)
        };
        let came = seeds.filter_map(first).inspect(|at| assert!((20 * S..60 * S).contains(at))).count();
        assert!((60..100).contains(&came), "40 s of 100 s: {came} of 200");
    }

    #[test]
    fn noise_has_every_length_and_no_sense() {
        let (mut injector, fault) = injector("rate = \"1/s\"\nwhat = \"noise\"", 1);
        injector.on_sent(3, &real());
        let mut lengths = Vec::new();
        for number in 0..3000 {
            let (from, bytes) = injector.datagram(&fault, 4, number).expect("noise is always there");
            assert_eq!(from, 9);
            probe_decoder(bytes, own_cluster()).expect_err("noise");
            lengths.push(bytes.len());
        }
        lengths.sort_unstable();
        assert!(lengths[0] < 10 && lengths[2999] > 1290 && lengths[2999] <= 1300);
        assert!((600..700).contains(&lengths[1500]));
    }

    #[test]
    fn a_foreign_datagram_is_sound_and_of_another_cluster() {
        let (mut injector, fault) = injector("rate = \"1/s\"\nwhat = \"foreign\"", 1);
        assert_eq!(injector.datagram(&fault, 4, 0), None, "nothing was sent yet");
        let own = real();
        probe_decoder(&own, own_cluster()).expect("a real datagram");
        injector.on_sent(3, &own);
        let (from, bytes) = injector.datagram(&fault, 4, 0).expect("there is one to copy");
        assert_eq!((from, bytes.len(), &bytes[12..]), (9, own.len(), &own[12..]));
        let found = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        assert_eq!(probe_decoder(bytes, own_cluster()), Err(DecodeError::Cluster { found }));
        probe_decoder(bytes, found).expect("its own cluster would take it");
    }

    #[test]
    fn a_replay_is_something_old_or_new() {
        let (mut injector, fault) = injector("rate = \"1/s\"\nwhat = \"replay\"", 1);
        assert_eq!(injector.datagram(&fault, 4, 0), None, "nothing was sent yet");
        let sent = |number: u32| (number % 7, number.to_le_bytes());
        (0..10_000).map(sent).for_each(|(from, bytes)| injector.on_sent(from, &bytes));
        let mut ages = Vec::new();
        for number in 0..3000 {
            let (from, bytes) = injector.datagram(&fault, 4, number).expect("there is one to copy");
            let original = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
            assert_eq!((from, bytes), (sent(original).0, &sent(original).1[..]));
            ages.push(9_999 - original);
        }
        ages.sort_unstable();
        assert!(ages[0] < 20 && ages[2999] > 9_900, "{} to {}", ages[0], ages[2999]);
        assert!((2_500..3_500).contains(&ages[1500]), "half life is 0.69 of what is kept: {}", ages[1500]);
    }
}
