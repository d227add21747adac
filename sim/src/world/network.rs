//! What becomes of a packet? Delay, loss, duplication, reordering, damage, and what active faults do to it.
//!
//! Every draw is keyed by what it is for, which link, and which packet of the sender, so that taking a fault
//! out of a scenario moves nothing else.

use crate::engine::delay::DelaySampler;
use crate::engine::draws::{Draws, Purpose, below, entity_of};
use crate::measure::reach::Barrier;
use crate::result::{FaultResult, Packets as Counts};
use crate::scenario::{Damage, Delay, Direction, Fault, Net, Scenario, Share};

/// A set of nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Side {
    members: Vec<bool>,
}

impl Side {
    pub(super) fn of(nodes: &[u32], count: u32) -> Self {
        let mut members = vec![false; count as usize];
        nodes.iter().for_each(|&node| members[node as usize] = true);
        Self { members }
    }

    pub(super) fn all(count: u32) -> Self {
        Self { members: vec![true; count as usize] }
    }

    /// Those of everybody else that are in none of `others`.
    pub(super) fn beside(&self, others: &[Self]) -> Self {
        let mut rest = self.others();
        for other in others {
            rest.members.iter_mut().zip(&other.members).for_each(|(member, taken)| *member &= !taken);
        }
        rest
    }

    pub(super) fn others(&self) -> Self {
        Self { members: self.members.iter().map(|member| !member).collect() }
    }

    fn has(&self, node: u32) -> bool {
        self.members[node as usize]
    }
}

/// Keep the draws about flipped bits and missing ends apart from those about losses and delays of the same packet.
const FLIP: u64 = entity_of("corrupt");
const CUT: u64 = entity_of("truncate");
/// The same for the segments of streams between two nodes, which are counted by themselves.
const SEGMENT: u64 = entity_of("segment");

/// What happens to the packets on which a fault acts.
#[derive(Debug, Clone)]
pub(super) struct Harm {
    loss: Share,
    delay: Option<DelaySampler>,
    damage: Damage,
    /// Streams pass as if nothing were wrong.
    datagrams_only: bool,
}

impl Harm {
    pub(super) fn new(loss: Share, delay: Option<Delay>, damage: Damage) -> Self {
        Self { loss, delay: delay.map(|delay| DelaySampler::new(&delay)), damage, datagrams_only: false }
    }

    /// The same, with streams spared or not.
    pub(super) fn sparing_streams(self, spared: bool) -> Self {
        Self { datagrams_only: spared, ..self }
    }
}

/// What one fault does to packets.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    a: Side,
    b: Side,
    direction: Direction,
    harm: Harm,
    partition: bool,
    /// Keys the fault's own draws.
    entity: u64,
}

impl Rule {
    pub(super) fn link(fault: &Fault, a: Side, b: Side, direction: Direction, harm: Harm) -> Self {
        Self { a, b, direction, harm, partition: false, entity: entity_of(&fault.id) }
    }

    pub(super) fn cut(fault: &Fault, a: Side, b: Side, direction: Direction) -> Self {
        let harm = Harm::new(Share::ALWAYS, None, Damage::default());
        Self { a, b, direction, harm, partition: true, entity: entity_of(&fault.id) }
    }

    fn acts_on(&self, from: u32, to: u32) -> bool {
        let (forth, back) = ways(self.direction);
        (forth && self.a.has(from) && self.b.has(to)) || (back && self.b.has(from) && self.a.has(to))
    }

    /// Marks the nodes that the rule is about.
    pub(super) fn touch(&self, touched: &mut [bool]) {
        for (place, (a, b)) in touched.iter_mut().zip(self.a.members.iter().zip(&self.b.members)) {
            *place |= *a || *b;
        }
    }

    /// What the rule closes for good, if it does.
    fn barrier(&self) -> Option<Barrier<'_>> {
        (self.harm.loss == Share::ALWAYS && !self.harm.datagrams_only).then_some(Barrier {
            a: &self.a.members,
            b: &self.b.members,
            partition: self.partition,
        })
    }
}

/// When the copies of a packet arrive: none, one or two.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fate {
    first: Option<u64>,
    second: Option<u64>,
}

impl Fate {
    pub(super) fn arrivals(self) -> impl Iterator<Item = u64> {
        self.first.into_iter().chain(self.second)
    }
}

/// The network of a run.
#[derive(Debug)]
pub(super) struct Network {
    net: Net,
    delay: DelaySampler,
    draws: Draws,
    lossless_until: u64,
    active: Vec<(usize, Rule)>,
    faults: Vec<FaultResult>,
    /// Per node: packets sent, which numbers its draws.
    sent: Vec<u64>,
    /// Per node: segments of streams sent, which numbers theirs.
    segments: Vec<u64>,
    /// Per node: packets scheduled, which orders simultaneous arrivals.
    orders: Vec<u32>,
    pub(super) counts: Counts,
    pub(super) bytes_sent: u64,
}

impl Network {
    pub(super) fn new(scenario: &Scenario, draws: Draws) -> Self {
        let nodes = scenario.nodes.count as usize;
        let faults = scenario.faults.iter().map(|fault| FaultResult { id: fault.id.clone(), bit: 0 });
        Self {
            net: scenario.net,
            delay: DelaySampler::new(&scenario.net.delay),
            draws,
            lossless_until: scenario.run.warmup_ns,
            active: Vec::new(),
            faults: faults.collect(),
            sent: vec![0; nodes],
            segments: vec![0; nodes],
            orders: vec![0; nodes],
            counts: Counts { injected: scenario.injects().then_some(0), ..Counts::default() },
            bytes_sent: 0,
        }
    }

    /// Takes a packet of `len` bytes and says when it arrives.
    pub(super) fn send(&mut self, from: u32, to: u32, len: usize, now: u64) -> Fate {
        let link = u64::from(from) << 32 | u64::from(to);
        let number = self.sent[from as usize];
        self.sent[from as usize] += 1;
        self.counts.sent += 1;
        self.bytes_sent += len as u64;
        let passed = if self.active.is_empty() { Some(0) } else { self.pass_faults((from, to), (link, number), false) };
        let Some(slowed) = passed else {
            self.counts.dropped += 1;
            return Fate::default();
        };
        let calm = now < self.lossless_until;
        let draw = |purpose| self.draws.draw(purpose, link, number);
        if !calm && self.net.loss != Share::NEVER && self.net.loss.hits(draw(Purpose::LinkLoss)) {
            self.counts.dropped += 1;
            return Fate::default();
        }
        let mut at = now + slowed + self.delay.sample(draw(Purpose::LinkDelay));
        if !calm && self.net.reorder != Share::NEVER && self.net.reorder.hits(draw(Purpose::LinkReorder)) {
            at += self.net.reorder_by_ns;
        }
        let twice =
            !calm && self.net.duplicate != Share::NEVER && self.net.duplicate.hits(draw(Purpose::LinkDuplicate));
        let again = twice.then(|| now + slowed + self.delay.sample(draw(Purpose::LinkDuplicateDelay)));
        self.counts.duplicated += u64::from(twice);
        if to as usize >= self.sent.len() {
            // Nobody lives there.
            self.counts.dropped += 1 + u64::from(twice);
            return Fate::default();
        }
        Fate { first: Some(at), second: again }
    }

    /// Takes a segment of a stream and says in what time it arrives; `None` when it is lost.
    pub(super) fn send_segment(&mut self, from: u32, to: u32, now: u64) -> Option<u64> {
        let link = (u64::from(from) << 32 | u64::from(to)) ^ SEGMENT;
        let number = self.segments[from as usize];
        self.segments[from as usize] += 1;
        let slowed = self.pass_faults((from, to), (link, number), true)?;
        let draw = |purpose| self.draws.draw(purpose, link, number);
        let lost = now >= self.lossless_until && self.net.loss.hits(draw(Purpose::LinkLoss));
        if lost { None } else { Some(slowed + self.delay.sample(draw(Purpose::LinkDelay))) }
    }

    /// Applies the active faults to a packet, or to a segment of a stream. Returns the delay that they add, or `None`
    /// when it is lost.
    fn pass_faults(&mut self, (from, to): (u32, u32), (link, number): (u64, u64), streams: bool) -> Option<u64> {
        let mut slowed = 0;
        for (fault, rule) in &self.active {
            let spared = streams && rule.harm.datagrams_only;
            if to as usize >= self.sent.len() || spared || !rule.acts_on(from, to) {
                continue;
            }
            let entity = rule.entity ^ link;
            let lost = rule.harm.loss == Share::ALWAYS
                || rule.harm.loss.hits(self.draws.draw(Purpose::FaultLoss, entity, number));
            if lost || rule.harm.delay.is_some() {
                self.faults[*fault].bit += 1;
            }
            if lost {
                return None;
            }
            if let Some(delay) = &rule.harm.delay {
                slowed += delay.sample(self.draws.draw(Purpose::FaultDelay, entity, number));
            }
        }
        Some(slowed)
    }

    /// Damages a copy of the packet that its sender sent last, as active faults will have it. Each copy has draws
    /// of its own. Returns how much of it is left, or `None` if nothing was done to it.
    pub(super) fn damage(&mut self, (from, to): (u32, u32), copy: u64, bytes: &mut [u8]) -> Option<usize> {
        let link = u64::from(from) << 32 | u64::from(to);
        let number = self.sent[from as usize] << 1 | copy;
        let mut left = None;
        for (fault, rule) in &self.active {
            if rule.harm.damage == Damage::default() || !rule.acts_on(from, to) {
                continue;
            }
            let Damage { corrupt, truncate } = rule.harm.damage;
            let mut hit = |share: Share, what, below_what: u32| {
                let entity = rule.entity ^ link ^ what;
                let out_of_question = share == Share::NEVER || below_what == 0;
                if out_of_question || !share.hits(self.draws.draw(Purpose::FaultLoss, entity, number)) {
                    return None;
                }
                self.faults[*fault].bit += 1;
                Some(below(self.draws.draw(Purpose::FaultDelay, entity, number), below_what))
            };
            let len = u32::try_from(left.unwrap_or(bytes.len())).expect("a datagram is short");
            if let Some(bit) = hit(corrupt, FLIP, len * 8) {
                bytes[bit as usize / 8] ^= 1 << (bit % 8);
                left = Some(len as usize);
            }
            if let Some(short) = hit(truncate, CUT, len) {
                left = Some(short as usize);
            }
        }
        left
    }

    /// The number that orders a sender's packets among those that arrive at the same instant.
    pub(super) fn next_order(&mut self, from: u32) -> u32 {
        let order = &mut self.orders[from as usize];
        *order = order.checked_add(1).expect("a node sends fewer than 2^32 packets");
        *order
    }

    pub(super) fn begin(&mut self, fault: usize, rules: &[Rule]) {
        self.active.extend(rules.iter().map(|rule| (fault, rule.clone())));
    }

    pub(super) fn end(&mut self, fault: usize) {
        self.active.retain(|&(active, _)| active != fault);
    }

    /// What is closed for good at present.
    pub(super) fn active(&self) -> impl Iterator<Item = Barrier<'_>> {
        self.active.iter().filter_map(|(_, rule)| rule.barrier())
    }

    /// A fault changed something that is not a packet.
    pub(super) fn bite(&mut self, fault: usize) {
        self.faults[fault].bit += 1;
    }

    pub(super) fn bitten(&self) -> Vec<FaultResult> {
        self.faults.clone()
    }
}

/// Whether a fault acts on packets from its first side to its second, and the other way.
const fn ways(direction: Direction) -> (bool, bool) {
    match direction {
        Direction::Both => (true, true),
        Direction::AToB => (true, false),
        Direction::BToA => (false, true),
    }
}
