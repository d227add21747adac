//! What happens? Real nodes, a simulated network, a timetable of faults, one event after the other.
//!
//! * `cast` — who takes part: identities, addresses, the nodes themselves; `settings` — and how they are set;
//! * `plan` — what is to happen when: starts, crashes, cuts;
//! * `network` — what becomes of a packet;
//! * `inject` — what comes from outside the cluster;
//! * `writing` — what nodes are asked to write; `telling` — what they are asked to tell everybody; `configuring` — what
//!   they are told of the quorum; `reporting` — what they report;
//! * `pauses` — who stands still, and what waits for them;
//! * `streams` — what becomes of a stream;
//! * `packets` — where packets lie while they are under way;
//! * `options` — how a run is made, and who looks on;
//! * `looking` — what the simulator looks at every second, when expectations ask for it, and at the end; `simulated` —
//!   a cluster that somebody watches;
//! * `outside` — what all of this means to nodes that are not simulated;
//! * `null` — what the engine costs by itself: the same parts with nodes that do next to nothing.
//!
//! Invariant: everything that happens follows from the scenario and the seed. The world hands each node
//! bytes, instants and commands, and takes bytes, instants and events; it looks into none of them except through
//! [`quidnunc_core::View`].

mod cast;
mod configuring;
mod inject;
mod looking;
mod network;
mod null;
mod options;
#[cfg(test)]
mod oracle;
mod outside;
mod packets;
mod pauses;
mod plan;
mod reporting;
mod settings;
mod simulated;
mod streams;
mod telling;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod thawing;
mod writing;

use quidnunc_core::{ConfigError, DATAGRAM_BYTES_MAX, Input, Instant};

use crate::engine::draws::Draws;
use crate::engine::wheel::{Class, Event, Wheel, order_key, source_of};
use crate::measure::Measure;
use crate::result::RunResult;
use crate::scenario::Scenario;
use cast::Cast;
use configuring::Configuring;
use inject::Injector;
use looking::Looks;
use network::Network;
use packets::Packets;
use pauses::Pauses;
use plan::{Choice, Plan, Step};
use streams::{STREAM, Streams};
use telling::Telling;
use writing::Writing;

pub(crate) use cast::address_of;
pub use null::{NullCounts, NullWorld};
pub use options::{Damaged, Recording, RunOptions, Sent, Witness};
pub use outside::{Act, Conditions, Deed, Review, Seen, timetable};
pub use settings::node_config;
pub use simulated::{Cluster, simulate_network};

/// Width of the windows in which rates are measured, in nanoseconds.
const WINDOW_NS: u64 = 1_000_000_000;

/// In runs of so many nodes every node's invariants are checked at the end: it costs a look-up per pair.
const CHECKED_NODES_MAX: u32 = 256;

/// Runs a scenario with one seed.
///
/// # Errors
/// [`ConfigError`] when the nodes refuse what `[protocol]` sets; nothing has run then.
///
/// # Panics
/// When the protocol does, or when a promise of the simulator's own is broken.
pub fn run(scenario: &Scenario, seed: u64, options: &RunOptions<'_>) -> Result<RunResult, ConfigError> {
    run_with(scenario, seed, options, &mut ())
}

/// Runs a scenario with one seed while somebody looks.
///
/// # Errors
/// [`ConfigError`] when the nodes refuse what `[protocol]` sets; nothing has run then.
///
/// # Panics
/// When the protocol does, or when a promise of the simulator's own is broken.
pub fn run_with<W: Witness>(
    scenario: &Scenario,
    seed: u64,
    options: &RunOptions<'_>,
    witness: &mut W,
) -> Result<RunResult, ConfigError> {
    let mut world = World::new(scenario, seed, options, witness)?;
    world.run();
    Ok(world.finish())
}

/// One run under way.
struct World<'a, W> {
    scenario: &'a Scenario,
    options: RunOptions<'a>,
    witness: &'a mut W,
    seed: u64,
    wheel: Wheel,
    now: u64,
    events: u64,
    plan: Plan,
    cast: Cast<'a>,
    network: Network,
    packets: Packets,
    pauses: Pauses,
    streams: Streams,
    injector: Injector,
    writing: Writing,
    telling: Telling,
    configuring: Configuring,
    looks: Looks,
    measure: Measure,
    buffer: Vec<u8>,
}

impl<'a, W: Witness> World<'a, W> {
    fn new(
        scenario: &'a Scenario,
        seed: u64,
        options: &RunOptions<'a>,
        witness: &'a mut W,
    ) -> Result<Self, ConfigError> {
        let draws = Draws::new(seed);
        let config = node_config(&scenario.protocol, options.map_hash_seed)?;
        let plan = Plan::new(scenario, draws);
        let mut wheel = Wheel::new();
        for (number, &(at, _)) in (0..).zip(plan.steps()) {
            wheel.push(Event { at, order: order_key(Class::Fault, 0, number), dst: 0, what: number });
        }
        let choice = Choice { nodes: scenario.nodes.count, draws, targets: plan.all_targets() };
        let writing = Writing::new(scenario, choice);
        let telling = Telling::new(scenario, choice);
        telling.first(scenario).into_iter().for_each(|event| wheel.push(event));
        writing.first(scenario).into_iter().for_each(|event| wheel.push(event));
        let configuring = Configuring::new(scenario, choice);
        configuring.first(scenario).into_iter().for_each(|event| wheel.push(event));
        let looks = Looks::new(scenario, choice);
        looks.first(scenario).into_iter().for_each(|event| wheel.push(event));
        wheel.push(Event { at: WINDOW_NS, order: order_key(Class::Probe, 0, 0), dst: 0, what: 0 });
        Ok(Self {
            scenario,
            options: *options,
            witness,
            seed,
            wheel,
            now: 0,
            events: 0,
            network: Network::new(scenario, draws),
            measure: Measure::new(scenario, plan.touched(), config.quorum.as_ref()),
            cast: Cast::new(scenario, config, draws, options),
            plan,
            packets: Packets::new(),
            pauses: Pauses::default(),
            streams: Streams::default(),
            injector: Injector::new(scenario, draws),
            writing,
            telling,
            configuring,
            looks,
            buffer: vec![0; DATAGRAM_BYTES_MAX],
        })
    }

    fn run(&mut self) {
        let end = self.scenario.run.duration_ns;
        self.run_until(end);
        if !end.is_multiple_of(WINDOW_NS) {
            self.tell_fingerprint(end);
        }
        assert_eq!(self.wheel.late(), 0, "no event was scheduled in the past");
    }

    /// Lets everything happen up to an instant, itself included.
    fn run_until(&mut self, end: u64) {
        const CLASSES: [Class; 4] = [Class::Fault, Class::Packet, Class::Timer, Class::Probe];
        while let Some(event) = self.wheel.pop_until(end) {
            self.now = event.at;
            self.events += 1;
            match CLASSES[(event.order >> 62) as usize & 3] {
                Class::Fault => self.on_fault(event),
                Class::Packet => self.on_packet(event.dst, event.what),
                Class::Timer => self.on_timer(event),
                Class::Probe if source_of(event.order) > 0 => self.on_look(event.what),
                Class::Probe => self.on_window(),
            }
        }
    }

    /// The timetable is the first source of such events, each fault that injects is one more, and so are each write and
    /// info, and all configurations.
    fn on_fault(&mut self, event: Event) {
        let (faults, writes) = (self.scenario.faults.len(), self.scenario.writes.len());
        let tables = faults + writes + self.scenario.infos.len();
        match (source_of(event.order) as usize).checked_sub(1) {
            None => self.on_step(event.what),
            Some(fault) if fault < faults => self.inject(fault, event.dst, event.what),
            Some(place) if place < faults + writes => self.write(place - faults, event.dst, event.what),
            Some(place) if place < tables => self.issue(place - faults - writes, event.dst, event.what),
            Some(_) => self.on_configure(event.what),
        }
    }

    fn on_step(&mut self, number: u32) {
        let (_, step) = self.plan.steps()[number as usize];
        match step {
            Step::Start { node } => self.start(node),
            Step::Look => self.measure.on_first_fault(),
            Step::Rest { ends } => self.on_rest(ends),
            Step::Crashed => self.measure.on_crashed(),
            Step::Leave { fault, node } => self.leave(fault, node),
            Step::Crash { fault, node } => {
                let counts = !self.cast.is_leaving(node);
                if self.stop(node) {
                    self.network.bite(fault);
                    if counts {
                        self.measure.on_crash(fault, node, self.now);
                    }
                    self.note_topology();
                }
            }
            Step::Restart { node } => {
                if self.cast.is_leaving(node) {
                    self.stop(node);
                }
                if !self.cast.is_running(node) {
                    self.start(node);
                }
            }
            Step::Pause { fault, node } => self.pause(fault, node),
            Step::Resume { fault, node } => self.resume(fault, node),
            Step::Inject { fault } => self.begin_injection(fault),
            Step::Begin { fault, time } => {
                self.network.begin(fault, self.plan.rules(fault, time));
                self.measure.on_topology(self.network.active(), self.now);
            }
            Step::End { fault } => {
                self.network.end(fault);
                self.measure.on_topology(self.network.active(), self.now);
            }
        }
    }

    fn start(&mut self, node: u32) {
        let knows_all = self.cast.starts_converged(node);
        let boot = self.cast.start(node, self.now);
        self.measure.on_start((node, boot), knows_all, self.now);
        self.note_topology();
        self.write_at_start(node);
        self.issue_at_start(node);
        self.configure_at_start(node);
        self.after(node);
    }

    /// Somebody who might have relayed came or went; it matters while something is closed.
    fn note_topology(&mut self) {
        if self.network.active().next().is_some() {
            self.measure.on_topology(self.network.active(), self.now);
        }
    }

    fn on_packet(&mut self, to: u32, slot: u32) {
        if self.pauses.is_paused(to) {
            self.keep_waiting(to, slot);
        } else {
            self.deliver(to, slot);
        }
    }

    fn deliver(&mut self, to: u32, slot: u32) {
        if slot & STREAM != 0 {
            return self.do_job(slot ^ STREAM);
        }
        let packet = self.packets.get(slot);
        let (from, bytes) = (packet.from(), packet.bytes());
        if let Some(node) = self.cast.input(to, self.now, bytes) {
            self.network.counts.delivered += 1;
            let from = address_of(from);
            // A refused datagram is counted by the node; the network has done its part.
            let _ = node.handle(Instant::from_nanos(self.now), Input::Datagram { from, bytes });
            self.packets.release(slot);
            self.after(to);
        } else {
            self.drop_packet(slot);
        }
    }

    /// A packet that was under way is lost.
    fn drop_packet(&mut self, slot: u32) {
        self.network.counts.dropped += 1;
        self.packets.release(slot);
    }

    fn on_timer(&mut self, event: Event) {
        let node = event.dst;
        if !self.cast.is_scheduled(node, event.at) {
            return;
        }
        if let Some(due) = self.cast.due_later(node, event.at) {
            self.schedule(node, due);
            return;
        }
        if self.stands_still(node) {
            self.defer(node);
            return;
        }
        if let Some(state) = self.cast.input(node, self.now, &[]) {
            let _ = state.handle(Instant::from_nanos(self.now), Input::Timeout);
            self.after(node);
        }
    }

    /// Takes everything that a node has to say after an input, and its new deadline.
    fn after(&mut self, node: u32) {
        let now = Instant::from_nanos(self.now);
        let speaks = !self.pauses.is_paused(node);
        while speaks && let Some((to, len, purpose)) = self.cast.poll(node, now, &mut self.buffer) {
            let bytes = &self.buffer[..len];
            self.witness.on_sent(Sent { at_ns: self.now, from: node, to, purpose, bytes: len }, bytes);
            self.measure.on_sent(node, len, purpose);
            self.injector.on_sent(node, bytes);
            let fate = self.network.send(node, to, len, self.now);
            for (copy, at) in (0..).zip(fate.arrivals()) {
                self.launch((node, to), (copy, at), len);
            }
        }
        if speaks && self.scenario.protocol.streams {
            self.serve_streams(node);
        }
        let has_left = self.take_reports(node);
        if self.scenario.has_links() && !self.cast.is_leaving(node) {
            self.on_settled(node);
        }
        if has_left && self.cast.is_leaving(node) {
            self.stop(node);
            self.note_topology();
        }
        self.renew_deadline(node);
    }

    /// Lets a copy of the packet in the buffer travel, damaged if need be.
    fn launch(&mut self, (from, to): (u32, u32), (copy, at): (u64, u64), len: usize) {
        let order = order_key(Class::Packet, from, self.network.next_order(from));
        let slot = self.packets.store(from, &self.buffer[..len]);
        if let Some(left) = self.network.damage((from, to), copy, self.packets.bytes_mut(slot)) {
            if self.options.damaged == Damaged::Vanishes {
                self.drop_packet(slot);
                return;
            }
            self.packets.truncate(slot, left);
        }
        self.wheel.push(Event { at, order, dst: to, what: slot });
    }

    fn renew_deadline(&mut self, node: u32) {
        if let Some(at) = self.cast.new_deadline(node, self.now) {
            self.schedule(node, at);
        }
    }

    fn schedule(&mut self, node: u32, at: u64) {
        let seq = self.cast.scheduled(node, at);
        self.wheel.push(Event { at, order: order_key(Class::Timer, node, seq), dst: node, what: 0 });
    }
}
